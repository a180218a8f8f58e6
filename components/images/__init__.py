"""Images from one registry: what the charts run, whether the registry has it, the login of the nodes."""
