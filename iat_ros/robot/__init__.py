"""Robots: URDF, mapping, retargeting, limits and timing."""
