"""Carrying a plan out: order, pace, one outcome for each change."""
