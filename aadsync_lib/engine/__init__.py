"""The use case: read both sides, plan, guard, record, apply, report."""
