"""What Entra announces: whether it can concern a sync."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aadsync_lib.config.scope import Scope
from aadsync_lib.model.change import Action, Change
from aadsync_lib.model.directory import Announcement, Changes, KnownRoot, Notice
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.plan import Quarantined, TargetPlan
from aadsync_lib.model.run import Outcome, Result, Status, TargetReport
from aadsync_lib.reconcile.incremental import Watched, concern, settled, watched_ids
from tests.unit.build import directory, group, service, user

ADA, BOB, APP = user("ada"), user("bob"), service("app")
DATA = group("dbx-data", [ADA, APP])
SNAPSHOT = directory(ADA, APP, DATA)
GUID = "aaaaaaaa-0000-4000-8000-00000000000A"


def scope(*selectors: dict[str, Any], **more: Any) -> Scope:
    return Scope.model_validate({"groups": list(selectors or ({"prefix": "dbx-"},)), **more})


def said(*announced: Announcement, reassigned: frozenset[str] = frozenset()) -> Changes:
    return Changes(None, announced, reassigned)


def of_group(object_id: str = "g-new", name: str | None = "new", **more: Any) -> Announcement:
    return Announcement(object_id, Kind.GROUP, name=name, **more)


WATCHED = Watched(Watched.packed(watched_ids(SNAPSHOT, scope(), ["u-leaver"])))


def concerns(announcement: Announcement, *selectors: dict[str, Any]) -> bool:
    return concern(said(announcement), scope(*selectors), WATCHED) is not None


def test_whoever_is_in_scope_or_linked_is_watched_and_nobody_else():
    assert all(one in WATCHED for one in ("u-ada", "s-app", "g-dbx-data", "u-leaver"))
    assert not any(one in WATCHED for one in ("u-bob", "", "u-ad", "g-dbx"))
    assert "u-ada" not in Watched("")


def test_what_a_selector_names_or_found_is_watched_though_it_is_not_there():
    named = scope({"id": GUID}, {"application": GUID.replace("A", "B")})
    read = directory(ADA)
    ids = watched_ids(read, named, ())
    assert {GUID.lower(), GUID.replace("A", "B").lower()} <= ids
    found = {"found": (KnownRoot("name:x", "g-x", "x"),), "passed_over": frozenset({"g-365"})}
    assert {"g-x", "g-365"} <= watched_ids(replace(read, **found), named, ())


def test_nothing_announced_concerns_nobody():
    assert concern(said(), scope(), WATCHED) is None


def test_what_is_not_known_and_assignments_that_changed_concern_the_sync():
    assert concern(Changes(reason="410"), scope(), WATCHED) == "410"
    assert "not known" in str(concern(Changes(), scope(), WATCHED))
    assert "application" in str(
        concern(said(reassigned=frozenset({"application:x"})), scope(), WATCHED)
    )


@pytest.mark.parametrize(
    "announcement",
    [
        Announcement("u-ada", Kind.USER),
        Announcement("u-ada", Kind.USER, removed=True),
        Announcement("s-app", Kind.SERVICE_PRINCIPAL),
        of_group("g-dbx-data", None, left=frozenset({"u-bob"})),
        Announcement("u-leaver", Kind.USER),
    ],
)
def test_whatever_is_announced_of_the_watched_concerns_the_sync(announcement):
    assert concerns(announcement, {"id": GUID})


@pytest.mark.parametrize(
    ("announcement", "selector", "expected"),
    [
        (Announcement("u-bob", Kind.USER, name="dbx-"), {"prefix": "dbx-"}, False),
        (of_group(name="dbx-new"), {"prefix": "dbx-"}, True),
        (of_group(name="DBX-new"), {"prefix": "dbx-"}, True),
        (of_group(name=None), {"prefix": "dbx-"}, True),
        (of_group(name="other"), {"prefix": "dbx-"}, False),
        (of_group(name="dbx-gone", removed=True), {"prefix": "dbx-"}, False),
        (of_group(name="data Ops"), {"name": "Data Ops"}, True),
        (of_group(name="Cafe\u0301"), {"name": "Café"}, True),
        (of_group(name=None), {"name": "Data"}, True),
        (of_group(name="Data 2"), {"name": "Data"}, False),
        (of_group(name="any"), {"filter": "securityEnabled eq true"}, False),
        (of_group(name="any"), {"id": GUID}, False),
        (of_group(name="any"), {"application": "any"}, False),
        (Announcement("s-new", Kind.SERVICE_PRINCIPAL, name="portal"), {"application": "Portal"}, True),
        (Announcement("s-new", Kind.SERVICE_PRINCIPAL), {"application": "Portal"}, True),
        (Announcement("s-new", Kind.SERVICE_PRINCIPAL, name="x"), {"application": "Portal"}, False),
        (Announcement("s-new", Kind.SERVICE_PRINCIPAL, name="dbx-"), {"prefix": "dbx-"}, False),
    ],
)  # fmt: skip
def test_of_others_only_what_a_selector_may_find_concerns_the_sync(
    announcement, selector, expected
):
    assert concerns(announcement, selector) is expected


def report(*actions: Action, status: Status = Status.SUCCEEDED, **more: Any) -> TargetReport:
    done = (Outcome(Change(a, "u-ada", None, "ada", "in scope"), Result.DONE) for a in actions)
    return TargetReport("account", status, tuple(done), **more)


@pytest.mark.parametrize(
    ("plan", "done", "expected"),
    [
        ({}, report(), True),
        ({}, report(Action.CREATE_USER, Action.CREATE_GROUP, Action.ADD_MEMBERS), True),
        ({}, report(Action.UPDATE_USER), False),
        ({}, report(Action.REMOVE_MEMBERS), False),
        ({}, report(Action.DEACTIVATE_USER), False),
        ({}, report(Action.RENAME_GROUP), False),
        ({}, report(Action.UNASSIGN_WORKSPACE), False),
        ({}, report(Action.ADOPT_USER, Action.ASSIGN_WORKSPACE, Action.GRANT_ENTITLEMENTS), True),
        ({}, report(status=Status.PARTIAL), False),
        ({}, report(on_hold=(Quarantined("u-ada", "ada", "unread"),)), False),
        ({"warnings": (Notice("cycle", ""),)}, report(), True),
        ({"warnings": (Notice("cycle", ""), Notice("grace", ""))}, report(), False),
        ({"warnings": (Notice("of a later version", ""),)}, report(), False),
    ],
)
def test_a_run_is_settled_when_nothing_of_it_waits_or_may_not_have_been_done(plan, done, expected):
    assert settled(TargetPlan("account", **plan), done) is expected
