"""How well two segmentations agree."""
