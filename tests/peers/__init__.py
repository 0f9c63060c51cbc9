"""Clients that others wrote, unchanged, against the sandbox: whether they believe it."""
