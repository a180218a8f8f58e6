"""The policy pack: namespace sprawl is refused at preview, and the design decisions stay in force."""
