"""A node of the PACS: studies are fetched or received, and results go back."""
