"""An offline SDDC on the loopback network, for running the real program."""
