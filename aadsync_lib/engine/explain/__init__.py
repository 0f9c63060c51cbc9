"""Answers to why somebody is in a group, or is not."""
