"""The settings of one sync, parsed and checked whole."""
