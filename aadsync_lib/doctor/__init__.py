"""What ``doctor`` examines, by subject."""
