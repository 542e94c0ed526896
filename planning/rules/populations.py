"""Populations that several rules name."""

NELM = "neuroendocrine liver metastases"
