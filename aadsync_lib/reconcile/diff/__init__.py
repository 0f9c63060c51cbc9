"""Differences between what is desired and what a target has, as changes."""
