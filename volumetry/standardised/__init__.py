"""Liver volume expected from body size."""
