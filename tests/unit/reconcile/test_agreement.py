"""What a read shows of what Entra announced before it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aadsync_lib.config.scope import Scope
from aadsync_lib.model.directory import Announcement, Changes, KnownRoot
from aadsync_lib.model.identity import Kind
from aadsync_lib.reconcile.agreement import Agreement, agreement
from aadsync_lib.reconcile.incremental import Watched, watched_ids
from tests.unit.build import directory, group, service, user

ADA, APP = user("ada", attributes={"city": "Bern"}), service("app")
INNER = group("inner")
DATA = group("dbx-data", [ADA, APP, INNER])
SNAPSHOT = directory(ADA, APP, DATA, INNER)
GUID = "aaaaaaaa-0000-4000-8000-00000000000a"
MISSED, UNSURE, WHOLE = Agreement
PERSON, ROBOT, GROUP = Kind.USER, Kind.SERVICE_PRINCIPAL, Kind.GROUP


def scope(*selectors: dict[str, Any], **more: Any) -> Scope:
    return Scope.model_validate({"groups": list(selectors or ({"prefix": "dbx-"},)), **more})


def announced(*each: Announcement, reassigned: frozenset[str] = frozenset()) -> Changes:
    return Changes(None, each, reassigned)


def found(
    *each: Announcement,
    of: Scope | None = None,
    read=SNAPSHOT,
    reassigned: frozenset[str] = frozenset(),
) -> Agreement:
    of = of or scope()
    watched = Watched(Watched.packed(watched_ids(SNAPSHOT, of, ["u-leaver", "g-retired"])))
    return agreement(read, announced(*each, reassigned=reassigned), of, watched)


def of_data(**more: Any) -> Announcement:
    return of_group("g-dbx-data", None, **more)


def of_group(object_id: str, name: str | None, **more: Any) -> Announcement:
    return Announcement(object_id, GROUP, name=name, **more)


@pytest.mark.parametrize(
    ("announcement", "expected"),
    [
        (Announcement("u-ada", PERSON, shown=ADA), WHOLE),
        (Announcement("u-ada", PERSON), WHOLE),
        (Announcement("u-ada", PERSON, shown=replace(ADA, enabled=False)), MISSED),
        (Announcement("u-ada", PERSON, shown=replace(ADA, enabled=False), unsaid=frozenset({"enabled"})), WHOLE),
        (Announcement("u-ada", PERSON, shown=replace(ADA, attributes={"city": "Graz"})), MISSED),
        (Announcement("u-ada", PERSON, shown=replace(ADA, attributes={"city": None}), unsaid=frozenset({"city"})), WHOLE),
        (Announcement("u-ada", PERSON, removed=True), MISSED),
        (Announcement("u-bob", PERSON, removed=True), WHOLE),
        (Announcement("u-bob", PERSON), WHOLE),
        (Announcement("u-leaver", PERSON), UNSURE),
        (Announcement("u-leaver", PERSON, removed=True), WHOLE),
        (Announcement("s-app", ROBOT, shown=service("other")), MISSED),
        (of_data(joined={"u-ada": PERSON}), WHOLE),
        (of_data(joined={"u-bob": PERSON}), MISSED),
        (of_data(joined={"s-other": ROBOT}), MISSED),
        (of_data(joined={"g-new": GROUP}), MISSED),
        (of_data(joined={"g-inner": GROUP}), WHOLE),
        (of_data(joined={"x": None}), MISSED),
        (of_data(left=frozenset({"u-bob"})), WHOLE),
        (of_data(left=frozenset({"u-ada"})), MISSED),
        (of_data(left=frozenset({"g-inner"})), MISSED),
        (of_data(removed=True), MISSED),
        (of_data(shown=group("dbx-data")), WHOLE),
        (of_data(shown=group("dbx-data", security_enabled=False)), MISSED),
        (of_data(shown=replace(DATA, display_name="dbx-2")), MISSED),
        (of_data(shown=replace(DATA, display_name="dbx-2"), unsaid=frozenset({"display_name"})), WHOLE),
        (of_group("g-new", "dbx-new"), MISSED),
        (of_group("g-new", None), UNSURE),
        (of_group("g-new", "dbx-new", removed=True), WHOLE),
        (of_group("g-new", "other"), WHOLE),
        (of_group("g-retired", "other"), UNSURE),
    ],
)  # fmt: skip
def test_a_read_is_held_against_what_was_announced_before_it(announcement, expected):
    assert found(announcement) is expected
    assert found(Announcement("u-ada", PERSON, shown=ADA), announcement) is expected


def test_a_group_of_another_kind_and_members_that_the_scope_leaves_out_are_not_missed():
    read = replace(SNAPSHOT, passed_over=frozenset({"g-365"}))
    assert found(of_group("g-365", "dbx-365"), read=read) is WHOLE
    assert found(of_data(joined={"g-365": GROUP}), read=read) is WHOLE
    assert found(of_data(joined={"g-new": GROUP}), of=scope(nested="direct")) is WHOLE
    no_robots = scope(service_principals=False)
    assert found(of_data(joined={"s-other": ROBOT}), of=no_robots) is WHOLE
    assert found(of_data(joined={"u-bob": PERSON}), of=no_robots) is MISSED


def test_who_joined_and_was_deleted_then_is_not_missed():
    gone = Announcement("u-bob", PERSON, removed=True)
    assert found(of_data(joined={"u-bob": PERSON}), gone) is WHOLE


def test_what_lines_of_the_scope_name_is_missed_when_it_was_announced_and_is_not_there():
    assert found(of_group(GUID, "any"), of=scope({"id": GUID})) is UNSURE
    assert found(of_group("g-x", "Data"), of=scope({"name": "Data"})) is MISSED
    assert found(of_group("g-x", "DATA"), of=scope({"name": "Data"})) is UNSURE
    portal = scope({"application": "Portal"})
    of_portal = Announcement("s-portal", ROBOT, name="Portal")
    assert found(of_portal, of=portal) is MISSED
    known = (KnownRoot("application:Portal", "s-portal", "Portal"),)
    assert found(of_portal, of=portal, read=replace(SNAPSHOT, found=known)) is WHOLE


def test_what_a_filter_finds_is_told_by_no_announcement_and_who_is_assigned_cannot_be_told():
    filtered = scope({"filter": "securityEnabled eq true"})
    assert found(of_data(shown=group("dbx-data")), of=filtered) is WHOLE
    assert found(of_group("g-x", "x"), of=filtered) is WHOLE
    assert found(reassigned=frozenset({"filter:x"})) is UNSURE
    assert found(reassigned=frozenset({"application:x"})) is UNSURE
    assert found(of_data(), reassigned=frozenset({"application:x"})) is UNSURE


def test_a_read_shows_all_of_nothing():
    watched = Watched("")
    assert agreement(SNAPSHOT, Changes(reason="nothing before"), scope(), watched) is WHOLE
