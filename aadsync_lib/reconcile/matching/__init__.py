"""Matches between identities and objects, and writes that nobody recorded."""
