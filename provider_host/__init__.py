"""The process of the dynamic providers: the SDK's host, with what it lacks.

``Pulumi.yaml`` names this folder as the plugin ``pulumi-python``, so its rules hold before the first provider
is loaded, for every command of the engine: the process ends with the engine, removes private files that
killed processes left, and loads no provider but the program's own.
"""
