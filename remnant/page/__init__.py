"""The view of a case as one HTML page."""
