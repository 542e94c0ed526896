"""The only place with sentences and written numbers."""
