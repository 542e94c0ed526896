"""Pictures of a case: planes, surfaces, plans and plots."""
