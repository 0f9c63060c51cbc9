"""Comparison of what a connector provisions with what this sync would."""
