"""Edits of a case's maps by hand: what a person draws in, which voxels of which map become what."""
