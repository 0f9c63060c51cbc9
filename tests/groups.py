"""Groups of tests that one worker runs, one after another, because they share fixtures that take long to make.

pytest-xdist 3.8 puts the name of a test's group into its node id, which pytest 9.2 no longer lets it do: of the
mark ``xdist_group`` nothing is left, and each worker makes every fixture. So groups go by node id here.
"""

from __future__ import annotations

from typing import Any

from xdist.scheduler import LoadGroupScheduling

BUNDLE = "tests/workspace/bundle/test_"
STORE = "tests/workspace/store/test_"

# In this order: what takes longest comes first, and single tests fill up what is left of the time.
GROUPS = {
    "run": (f"{BUNDLE}run.py",),
    "tables": (f"{BUNDLE}tables.py",),
    "queries": (f"{BUNDLE}queries.py",),
    "registration": (f"{STORE}registration.py",),
    "bundle": (f"{BUNDLE}cli.py",),
    "browser": ("tests/acceptance/browser/",),
}
PLACES = {
    start: (number, name)
    for number, (name, starts) in enumerate(GROUPS.items())
    for start in starts
}


def place(node_id: str) -> tuple[int, str]:
    """Return the place of a test's group among the groups, and its name; a test without one is its own."""
    found = (at for start, at in PLACES.items() if node_id.startswith(start))
    return next(found, (len(GROUPS), node_id))


class Grouped(LoadGroupScheduling):
    """``--dist loadgroup``, by the groups of this module, in the order in which the tests were collected."""

    def __init__(self, config: Any, log: Any) -> None:
        config.option.loadscopereorder = (
            False  # groups of many tests are not those that take longest
        )
        super().__init__(config, log)

    def _split_scope(self, nodeid: str) -> str:
        return place(nodeid)[1]
