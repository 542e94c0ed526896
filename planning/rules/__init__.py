"""The rules of the literature as data: each with its source, population and denominator."""
