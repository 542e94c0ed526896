"""Networks: catalogue, download, verification, conversion and definitions.

Importing this package loads no network library; ``models.networks.kul`` does and is imported late.
"""
