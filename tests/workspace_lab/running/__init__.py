"""How a run of a job is executed: which task next, with which values, in which process."""
