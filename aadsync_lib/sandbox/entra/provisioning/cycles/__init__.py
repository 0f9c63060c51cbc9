"""Cycles of the provisioning service: what is in scope, what is exported, and what goes wrong."""
