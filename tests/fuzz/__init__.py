"""Hostile input for every parser: mutations of real samples, drawn from a seed."""
