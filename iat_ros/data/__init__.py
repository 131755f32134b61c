"""Recorded clips: readers, pairing, the A/B protocol, made-up motions."""
