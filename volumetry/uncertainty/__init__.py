"""Errors of the maps and the intervals that they give."""
