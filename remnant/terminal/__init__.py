"""The view of a case in a terminal."""
