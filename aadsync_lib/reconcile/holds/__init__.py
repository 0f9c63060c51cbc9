"""Holds: changes taken out of a plan because they have to wait."""
