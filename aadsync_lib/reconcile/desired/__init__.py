"""Entra's directory as the targets should have it."""
