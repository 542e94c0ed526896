"""Outlines and parts of lesions."""
