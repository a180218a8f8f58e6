"""What every component shares: the base of its dynamic providers, waiting, credentials, commands, TLS, HTTP.

Nothing is imported here: the providers' process loads only the modules that a run needs.
"""
