"""The inverse of a run, worked out from the journal and from what the target shows today."""
