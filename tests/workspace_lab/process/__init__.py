"""One notebook or wheel task, run by ``python <this folder>`` in a process of its own."""
