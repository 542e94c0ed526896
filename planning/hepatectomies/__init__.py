"""Hepatectomies by their names."""
