"""Plans that debulk, their targets and limits."""
