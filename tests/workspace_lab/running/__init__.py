"""Runs of jobs: the order of tasks, their values, their processes."""
