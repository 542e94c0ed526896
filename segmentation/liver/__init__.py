"""The liver's outline."""
