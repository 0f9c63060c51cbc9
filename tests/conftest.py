"""The groups of tests, and how many examples hypothesis tries: few and always the same, or many (``HYPOTHESIS_PROFILE=soak``)."""

from __future__ import annotations

import gc
import os
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.internal.conjecture import providers

from tests.groups import Grouped, place

# A whole sync is an example here: the time of one says nothing, and several threads work on it.
COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow], "database": None}

settings.register_profile("default", derandomize=True, max_examples=20, **COMMON)
EXAMPLES = int(os.environ.get("HYPOTHESIS_EXAMPLES", "3000"))
FILTERED = [HealthCheck.too_slow, HealthCheck.filter_too_much]  # by chance, among as many
settings.register_profile(  # random, which it would not inherit from what is called default
    "soak",
    derandomize=False,
    max_examples=EXAMPLES,
    **{**COMMON, "suppress_health_check": FILTERED},
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))

# Hypothesis tries constants of the code under test as well: with each commit other examples, and other
# ones in each worker. What `make test` says of a commit should not be a matter of luck.
if "HYPOTHESIS_PROFILE" not in os.environ:
    providers._get_local_constants = lambda: providers._local_constants

MEMORY = Path("/dev/shm")
ROOM = 4 * 2**30  # bytes


def pytest_configure():
    """Put the files of tests into memory where it has room: a store waits for the disk at each write."""
    if "TMPDIR" in os.environ or not os.access(MEMORY, os.W_OK):
        return
    memory = os.statvfs(MEMORY)
    if memory.f_bavail * memory.f_frsize > ROOM and not memory.f_flag & os.ST_NOEXEC:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    """Measure what examples of a test cover, and not random ones: those would hide a case that nobody wrote."""
    coverage = sys.modules.get("coverage")  # imported where it measures
    random = getattr(item.obj, "is_hypothesis_test", False)
    measuring = coverage.Coverage.current() if coverage and random else None
    if measuring:
        measuring.stop()
    try:
        return (yield)
    finally:
        if measuring:
            measuring.start()


def pytest_collection_modifyitems(items):
    """Put the groups first, in their order."""
    items.sort(key=lambda item: place(item.nodeid)[0])


def pytest_collection_finish():
    """Spare the collector what the SDKs have imported and what was collected: half a second each time it looks through it."""
    gc.collect()
    gc.freeze()


def pytest_xdist_make_scheduler(config, log):
    """Hand out groups where ``--dist loadgroup`` asks for them."""
    return Grouped(config, log) if config.getvalue("dist") == "loadgroup" else None
