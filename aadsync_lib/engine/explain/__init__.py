"""Explanations of memberships: every path to one, and what is missing for one."""
