"""Couinaud segments: planes, territories, and the network that sees the liver's shape alone."""
