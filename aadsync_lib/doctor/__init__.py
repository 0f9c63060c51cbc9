"""Checks of ``doctor``, by subject; they write nothing anywhere, but for the ``probe``."""
