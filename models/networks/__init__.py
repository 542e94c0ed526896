"""Network definitions. The modules that need torch are imported only where a network is run."""
