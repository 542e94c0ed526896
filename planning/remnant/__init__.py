"""Minima of the future liver remnant."""
