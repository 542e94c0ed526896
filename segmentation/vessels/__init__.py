"""Vessels inside the liver on a portal-phase CT, without a network and without training."""
