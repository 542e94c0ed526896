"""Training of the networks whose weights ship with the package."""
