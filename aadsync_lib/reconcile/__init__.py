"""Pure decisions: from two snapshots and the links to a plan, and whether it may run."""
