"""Facts and rules of the field, each with its source: pure, without I/O and without Pulumi."""
