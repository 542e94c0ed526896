"""What is known of a case, and what plans prove."""
