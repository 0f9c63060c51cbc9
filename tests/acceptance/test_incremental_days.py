"""Days of a tenant, followed by runs that read only where they must: they end where full runs would."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aadsync_lib.sandbox import Fault
from aadsync_lib.sandbox.entra.state import EntraState
from tests.acceptance.small import ADA, BOB, CYD, DATA, OPS, company
from tests.acceptance.stage import Stage

SOAK = os.environ.get("HYPOTHESIS_PROFILE") == "soak"
PEOPLE = (ADA, BOB, CYD)
NAMES = ("dbx-data", "dbx-ops", "dbx-x", "ops", "x", "DBX-y")
SETTINGS: tuple[dict[str, Any], ...] = (
    {},
    {"mapping": {"display_name": "{displayName}!"}},
    {"scope": {"guests": False}},
    {"scope": {"users": [[{"attribute": "department", "operator": "not_equals", "value": "Out"}]]}},
    {
        "scope": {
            "groups": [{"filter": "startswith(displayName,'dbx-') or startswith(displayName,'x')"}]
        }
    },
    {"policy": {"full_every": "30m"}},
)

Event = Callable[[Stage, EntraState, int, int], object]


def _groups(e: EntraState) -> list[str]:
    return e.ids("group")


def _group(e: EntraState, n: int) -> str:
    return _groups(e)[n % len(_groups(e))]


def _person(e: EntraState, n: int) -> str:
    return e.ids("user")[n % len(e.ids("user"))]


def _member(e: EntraState, group: str, n: int) -> str | None:
    members = list(e.members[group])
    return members[n % len(members)] if members else None


def _leave(_: Stage, e: EntraState, a: int, b: int) -> None:
    member = _member(e, _group(e, a), b)
    if member:
        e.remove_member(_group(e, a), member)


def _delete_group(_: Stage, e: EntraState, a: int, _b: int) -> None:
    if len(_groups(e)) > 2:
        e.delete_group(_group(e, a))


def _delete(_: Stage, e: EntraState, a: int, _b: int) -> None:
    if len(e.ids("user")) > 2:
        e.delete(_person(e, a), soft=True)


def _restore(_: Stage, e: EntraState, _a: int, _b: int) -> None:
    for key in list(e.deleted):
        e.restore(key)


def _nest(_: Stage, e: EntraState, a: int, b: int) -> None:
    if _group(e, a) != _group(e, b):
        e.add_member(_group(e, a), _group(e, b))


def _half(stage: Stage, _: EntraState, a: int, _b: int) -> None:
    path = f"groups/{(DATA, OPS)[a % 2]}/members"
    stage.box.faults.add(Fault("403", side="graph", path=path, count=3))


def _refuse(stage: Stage, _: EntraState, a: int, _b: int) -> None:
    method = ("PATCH", "POST")[a % 2]
    stage.box.faults.add(Fault("400", side="databricks", method=method, path="scim", count=2))


def _replay(_: Stage, e: EntraState, a: int, b: int) -> None:
    e.delta_replays, e.delta_lag = a % 3, b % 3


def _pages(_: Stage, e: EntraState, a: int, b: int) -> None:
    e.delta_members_per_page, e.delta_page_size, e.empty_pages = 1 + a % 2, 1 + b % 3, a % 4


def _on_demand(stage: Stage, e: EntraState, a: int, b: int) -> None:
    name = {"user": _person(e, a)} if b % 2 else {"group": _group(e, a)}
    with stage.runner() as runner:
        runner.sync(**name)


EVENTS: dict[str, Event] = {
    "hire": lambda _, e, a, b: e.add_member(_group(e, b), e.add_user(f"new{len(e.kinds)}-{a}@contoso.com")),
    "join": lambda _, e, a, b: e.add_member(_group(e, a), _person(e, b)),
    "leave": _leave,
    "rename": lambda _, e, a, b: e.rename_group(_group(e, a), f"{NAMES[b % 6]}-{len(e.kinds)}"),
    "found": lambda _, e, a, b: e.add_group(f"{NAMES[b % 6]}-{len(e.kinds)}", members=[_person(e, a)]),
    "kind": lambda _, e, a, b: e.update(_group(e, a), securityEnabled=bool(b % 3)),
    "disable": lambda _, e, a, b: e.update_user(_person(e, a), accountEnabled=bool(b % 2)),
    "name": lambda _, e, a, b: e.update_user(_person(e, a), displayName=f"Name {b}"),
    "department": lambda _, e, a, b: e.update_user(_person(e, a), department=("Out", "In", None)[b % 3]),
    "nest": _nest,
    "delete": _delete,
    "delete group": _delete_group,
    "restore": _restore,
    "expire": lambda _, e, a, b: e.expire_delta_tokens(("gone", "syncStateNotFound")[a % 2]),
    "replay": _replay,
    "pages": _pages,
    "half a read": _half,
    "refuse": _refuse,
    "settings": lambda s, _, a, b: s.configure(**SETTINGS[a % len(SETTINGS)]),
    "time": lambda s, _, a, b: s.clock.sleep(3_600.0 * (1 + a)),
    "on demand": _on_demand,
    "nothing": lambda *_: None,
}  # fmt: skip

events = st.tuples(st.sampled_from(sorted(EVENTS)), st.integers(0, 7), st.integers(0, 7))
OF_ENTRA = ("hire", "join", "leave", "rename", "found", "kind", "disable", "name", "department", "nest", "delete", "delete group", "restore")  # fmt: skip
changes = st.tuples(st.sampled_from(OF_ENTRA), st.integers(0, 7), st.integers(0, 7))
days = st.lists(st.lists(events, min_size=1, max_size=3), min_size=1, max_size=6)


@given(days=days)
@settings(
    max_examples=300 if SOAK else 6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_runs_that_read_only_where_they_must_end_where_full_ones_would(
    stage: Stage, days: list[list[tuple[str, int, int]]]
) -> None:
    stage.full_every, stage.given = "24h", {}
    stage.show(company())
    stage.sync()
    for day in days:
        tenant = stage.box.world.entra
        for what, a, b in day:
            EVENTS[what](stage, tenant, a, b)
        stage.sync()
    tenant.delta_lag = 0
    stage.box.faults.clear()
    for _ in range(3):  # what failed may wait for a run or two
        stage.sync()
    stage.clock.sleep(60.0)
    left = stage.plan()
    assert left.empty, [change for target in left.targets for change in target.changes]
    stage.sync()  # may look whether the one before did what it was to
    report = stage.sync()
    assert report.requests.databricks == 0 or report.full


@given(
    several=st.lists(changes, min_size=1, max_size=6),
    nested=st.sampled_from(("preserve", "flatten", "direct")),
    ruled=st.booleans(),
)
@settings(
    max_examples=300 if SOAK else 6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_what_is_planned_on_demand_is_what_reading_everything_gives(
    stage: Stage, several: list[tuple[str, int, int]], nested: str, ruled: bool
) -> None:
    stage.full_every, stage.given = "24h", SETTINGS[3] if ruled else {}
    stage.configure(scope={"nested": nested})
    stage.show(company())
    stage.sync()
    tenant = stage.box.world.entra
    for what, a, b in several:
        EVENTS[what](stage, tenant, a, b)
    names = [*({"user": key} for key in PEOPLE), *({"group": key} for key in _groups(tenant)[:3])]
    for name in names:
        by_part, by_all = (
            stage.planner().plan(full=full, **name).plan.targets[0] for full in (False, True)
        )
        first, second = (
            [replace(change, reason="") for change in plan.changes] for plan in (by_part, by_all)
        )
        assert first == second, name  # but for other groups of who is new
        assert by_part.quarantined == by_all.quarantined, name
