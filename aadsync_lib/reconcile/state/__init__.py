"""State between runs: what the store says, and what a run leaves to it."""
