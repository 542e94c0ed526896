"""Laying one scan's liver on another's."""
