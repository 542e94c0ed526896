"""What other programs read: JSON documents with their schemas, and tables."""
