"""Rules of the literature as data, candidate resections, and what each source says of them.

numpy-free domain logic over :mod:`volumetry`'s results: nothing here reads an image or a network.
"""
