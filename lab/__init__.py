"""The lab: an offline SDDC on the loopback network that the real program runs against."""
