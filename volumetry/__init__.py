"""Volumes of the liver, its tumours, its segments and what would remain.

Pure measuring: label maps in, numbers with intervals and reasons out. Needs numpy and scipy only.
"""
