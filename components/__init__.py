"""ComponentResources with their dynamic providers, one package for each system; they know no config key.

The packages import nothing themselves: the process of the providers loads only the modules that a run needs.
"""
