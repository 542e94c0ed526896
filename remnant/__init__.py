"""Liver tumour burden, future liver remnant volumetry and surgical planning.

Research use only. Nothing here is a medical device, and no output is an order to treat.
"""

__version__ = "0.1.0"
