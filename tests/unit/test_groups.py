"""Tests that share fixtures stay together, whatever pytest and pytest-xdist make of marks."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from tests.conftest import pytest_xdist_make_scheduler
from tests.groups import GROUPS

ROOT = Path(__file__).parents[2]
FILE = "tests/workspace/bundle/test_tables.py"
LONGEST = "tests/workspace/bundle/test_run.py"
OTHERS = [f"tests/unit/test_a.py::test_a[{n}@x]" for n in range(4)]


class Node:
    """A worker that notes which tests it is to run."""

    def __init__(self, name, ids):
        self.gateway = SimpleNamespace(id=name)
        self.shutting_down = False
        self.ids, self.sent = ids, []

    def send_runtest_some(self, indices):
        self.sent += [self.ids[index] for index in indices]

    def shutdown(self):
        self.shutting_down = True


def config(dist):
    values = {"dist": dist, "tx": ["popen"] * 2}
    option = SimpleNamespace(loadscopereorder=True)
    return SimpleNamespace(option=option, getvalue=values.get, getoption=values.get)


def handed_out(ids):
    """What each of two workers gets to begin with."""
    scheduler = pytest_xdist_make_scheduler(config("loadgroup"), None)
    nodes = [Node(name, ids) for name in ("gw0", "gw1")]
    for node in nodes:
        scheduler.add_node(node)
        scheduler.add_node_collection(node, ids)
    scheduler.schedule()
    return [node.sent for node in nodes]


def test_a_group_goes_to_one_worker_and_single_tests_go_one_by_one():
    group = [f"{FILE}::test_{n}" for n in range(5)]
    assert handed_out([*group, *OTHERS]) == [group, OTHERS[:2]]


def test_the_first_group_goes_first_however_few_its_tests_are():
    longest, group = [f"{LONGEST}::test_a"], [f"{FILE}::test_{n}" for n in range(5)]
    first, second = handed_out([*longest, *group, *OTHERS])
    assert (first[:1], second) == (longest, group)


def test_other_ways_to_hand_out_tests_are_left_alone():
    assert pytest_xdist_make_scheduler(config("worksteal"), None) is None


def test_each_group_is_of_tests_that_are_there():
    for start in (start for starts in GROUPS.values() for start in starts):
        path, _, name = start.partition("::")
        assert (ROOT / path).exists(), start
        assert name.removesuffix("::") in (ROOT / path).read_text() if name else True
