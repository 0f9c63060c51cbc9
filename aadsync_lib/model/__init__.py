"""Pure values that pass between the stages of a sync."""
