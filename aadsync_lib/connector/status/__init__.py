"""The state of a connector: its job, its newest failures, and whether it is as the settings want it."""
