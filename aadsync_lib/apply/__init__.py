"""Execution of a plan: order, pace, one outcome for each change."""
