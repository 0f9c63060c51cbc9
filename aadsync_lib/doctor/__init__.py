"""Checks of ``doctor``, by subject; they write nothing anywhere."""
