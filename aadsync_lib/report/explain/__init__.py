"""Explanations as text, Markdown and JSON."""
