"""Faults: what the chain does when nodes die, sensors fail, messages and files are damaged, or it runs for hours."""
