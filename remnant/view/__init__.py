"""The view of a case: what a reader sees, before any medium."""
