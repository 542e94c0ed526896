"""Corrections by hand: steps on a draft that lies beside its case until it is committed."""
