"""Liver, lesions and Couinaud segments from images; planted metastases; checks of masks.

Importing this package loads no network library: engines do that inside the functions that run
them. World frame is RAS+ in millimetres.
"""
