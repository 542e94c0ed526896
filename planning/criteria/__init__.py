"""Conditions of the sources, and how they are judged."""
