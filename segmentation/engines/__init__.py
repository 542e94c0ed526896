"""Segmentation engines: each finds liver and lesions with its own networks."""
