"""The exact optimiser: problem, bounds, integer programs, and the independent recount."""
