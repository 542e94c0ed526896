"""What tests are made of: phantoms with known answers, hypothesis strategies, a fake segmenter.

Shipped so that others can test against the same phantoms; imported by nothing in production.
``strategies`` alone needs hypothesis.
"""
