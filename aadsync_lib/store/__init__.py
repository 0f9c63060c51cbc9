"""The memory of a sync: links, journal, runs, leases."""
