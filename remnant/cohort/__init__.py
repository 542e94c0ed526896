"""Cohorts: many cases from one manifest, their tables, and what they say together."""
