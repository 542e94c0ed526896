"""Makes the documentation site from ``docs/``, the root's texts, the schemas and the errors."""
