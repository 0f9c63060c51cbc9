"""Runs that ask for what has changed first: when they read, and what they leave for the next one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from aadsync_lib.engine.refusal import RefusedError
from aadsync_lib.errors import SourceError
from aadsync_lib.model.directory import Announcement, Changes, Cursor, KnownRoot
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.run import Status
from tests.unit.build import directory, group, settings, user
from tests.unit.fakes import FakeTarget, Fault
from tests.unit.following import Following

ADA, BOB = user("ada"), user("bob")
EVE = user("eve", user_principal_name="ADA@contoso.com")
DATA = group("data", [ADA])
SNAPSHOT = directory(ADA, BOB, DATA)
HOUR = 3_600.0


@pytest.fixture
def world() -> Iterator[Following]:
    with Following(SNAPSHOT) as following:
        assert not following.quiet()
        yield following


def of_user(name: str, **more: object) -> Announcement:
    return Announcement(f"u-{name}", Kind.USER, **more)  # type: ignore[arg-type]


def of_data(**more: object) -> Announcement:
    return Announcement("g-data", Kind.GROUP, name="data", **more)  # type: ignore[arg-type]


def test_a_run_after_one_that_left_nothing_open_reads_neither_side(world):
    assert world.quiet()
    assert world.quiet()
    assert world.source.since[:2] == [None, Cursor({"user": "link 1"})]
    assert world.source.since[2] == Cursor({"user": "link 2"})


def test_a_quiet_run_leaves_everything_that_is_remembered_as_it_was(world):
    world.store.keep_roots([KnownRoot("prefix:any", "g-data", "data")])
    links = world.store.links("account").by_external
    assert world.quiet()
    assert world.store.roots() == (KnownRoot("prefix:any", "g-data", "data"),)
    assert world.store.links("account").by_external == links
    assert world.store.runs()[0].status == Status.SUCCEEDED


def test_whatever_is_announced_of_somebody_in_scope_is_read(world):
    world.said = [of_user("stranger")]
    assert world.quiet()
    world.said = [of_user("ada")]
    assert not world.quiet()
    assert world.quiet()


def test_what_a_read_does_not_show_yet_is_read_again(world):
    disabled = replace(ADA, enabled=False)
    world.said = [of_user("ada", shown=disabled)]
    for _ in range(3):  # however long that takes
        assert not world.quiet()
    world.source.snapshot = directory(disabled, BOB, DATA)
    assert not world.quiet()
    assert world.store.runs()[0].status == Status.SUCCEEDED
    assert not world.quiet()
    assert world.quiet()


def test_nobody_waits_longer_than_an_hour_for_what_a_read_never_shows(world):
    world.said = [of_user("ada", shown=replace(ADA, enabled=False))]
    for _ in range(4):
        assert not world.quiet()
        world.clock.advance(HOUR / 3)
    assert world.quiet()


def test_what_cannot_be_told_is_read_once_more(world):
    world.source.snapshot = directory(BOB, group("data", [BOB]))
    world.said = [of_user("ada")]
    for _ in range(2):  # she left; then it is looked whether that was done, and whether she is back
        assert not world.quiet()
    assert world.quiet()


def test_what_was_announced_before_a_run_that_failed_is_not_forgotten(world):
    world.said = [Announcement("g-data", Kind.GROUP, joined={"u-bob": Kind.USER})]
    world.source.snapshot = directory(ADA, BOB, replace(DATA, unread="503"))
    assert world.sync().status is Status.PARTIAL
    world.source.snapshot = SNAPSHOT
    assert not world.quiet()
    assert not world.quiet()  # the feed was asked since before that run, and Bob is not there yet
    world.source.snapshot = directory(ADA, BOB, group("data", [ADA, BOB]))
    assert not world.quiet()
    assert "bob@contoso.com" in world.target.members_of("data")
    assert world.quiet()


def test_a_full_run_follows_when_the_last_one_is_old_and_when_the_clock_was_put_back(world):
    world.clock.advance(23 * HOUR)
    assert world.quiet()
    world.clock.advance(HOUR)
    assert not world.quiet()
    world.clock.set_wall(world.clock.now() - HOUR)
    assert not world.quiet()


def test_the_shortest_of_the_targets_periods_holds():
    targets = FakeTarget("account"), FakeTarget("sales")
    own = {"sales": {"policy": {"full_every": "1h"}, "host": "https://adb-1.1.azuredatabricks.net"}}
    config = settings(targets=("account", "sales"), full_every="24h", own=own)
    with Following(SNAPSHOT, *targets) as world:
        world.settings = config
        world.sync()
        assert world.quiet()
        world.clock.advance(HOUR)
        assert not world.quiet()


def test_a_dead_feed_makes_the_run_full_and_begins_anew(world, caplog):
    caplog.set_level("INFO")
    world.dead = True
    assert not world.quiet()
    assert "since the last run: 410" in caplog.text
    world.dead = False
    assert world.quiet()


def test_without_a_feed_every_run_is_full_and_says_why(world, caplog):
    caplog.set_level("INFO")
    world.source.feed = lambda _: Changes(reason="grant User.Read.All")
    assert not world.quiet()
    assert not world.quiet()
    assert "grant User.Read.All" in caplog.text


def test_a_run_that_took_something_away_is_followed_by_one_that_looks(world):
    world.source.snapshot = directory(BOB, group("data", [BOB]))
    world.said = [of_user("ada")]
    assert [world.kind_of_run() for _ in range(3)] == ["full", "full", "quiet"]


def test_what_failed_is_tried_again_though_nothing_announces_it():
    with Following(SNAPSHOT) as world:
        world.target.faults = {0: Fault.REFUSED}
        assert world.sync().status is Status.PARTIAL
        assert not world.quiet()
        assert world.names_of_links().keys() >= {"u-ada", "g-data"}
        assert world.quiet()


def test_a_run_that_was_killed_is_followed_by_a_full_one(world):
    world.source.snapshot = directory(ADA, BOB, group("data", [ADA, BOB]))
    world.said = [of_data(joined={"u-bob": Kind.USER})]
    world.target.faults = dict.fromkeys(range(99), Fault.KILLED_AFTER)
    assert world.sync_until_killed()
    assert world.kind_of_run() == "full"


def test_half_a_read_and_a_refused_plan_leave_nothing_to_go_on_from(world):
    world.source.snapshot = directory(ADA, BOB, replace(DATA, unread="503"))
    world.said = [of_data(joined={"u-bob": Kind.USER})]
    assert world.sync().status is Status.PARTIAL
    assert world.sync().full
    world.source.snapshot = directory(ADA, BOB, DATA)
    world.sync()
    world.configure(limits={"groups_emptied": {"count": 0}})
    world.source.snapshot = directory(ADA, BOB, group("data"))
    with pytest.raises(RefusedError):
        world.sync()
    world.configure(limits={"groups_emptied": {"count": None}})
    assert world.sync().full


def test_an_undo_and_an_alignment_are_followed_by_a_full_run(world):
    world.runner().align()
    assert not world.quiet()
    assert world.quiet()


def test_who_is_in_quarantine_keeps_runs_full():
    with Following(SNAPSHOT) as world:
        world.source.snapshot = directory(ADA, EVE, group("data", [ADA, EVE]))
        assert world.sync().status is Status.PARTIAL
        assert world.sync().full


def test_other_settings_and_another_version_are_full(world, monkeypatch):
    world.configure(leavers="keep")
    assert not world.quiet()
    assert world.quiet()
    monkeypatch.setattr("aadsync_lib.engine.kept.__version__", "9")
    assert not world.quiet()


def test_a_source_that_cannot_be_asked_is_an_error_and_changes_nothing(world):
    def broken(_: Cursor | None) -> Changes:
        raise SourceError("no way there")

    feed, world.source.feed = world.source.feed, broken
    with pytest.raises(SourceError):
        world.sync()
    world.source.feed = feed
    assert world.quiet()
