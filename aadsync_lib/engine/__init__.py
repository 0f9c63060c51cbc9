"""The use cases: plan, run, undo and explain a sync."""
