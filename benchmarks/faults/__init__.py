"""Faults: what the chain does when something breaks; `make faults` runs all of it."""
