"""Nobody keeps what Entra took: links without a name, people who are gone, grace, changes nobody hears."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aadsync_lib.model.account import Unread
from aadsync_lib.model.change import Action
from aadsync_lib.model.directory import Presence
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.run import Status
from tests.unit.build import directory, group, guest, service, settings, user
from tests.unit.world import World

DAY_SECONDS = 86_400.0
GUS, ADA, BOB, RUN = guest("gus"), user("ada"), user("bob"), service("run")


def active(world, name):
    return world.target.named(name).active


class TestAnIdentityThatCannotBeNamedAnyMore:
    @pytest.fixture
    def world(self):
        with World(
            directory(GUS, BOB, group("Data", [GUS, BOB]), group("Ops", [GUS, BOB]))
        ) as world:
            world.sync()
            yield world

    def test_is_deactivated_where_entra_disables_it(self, world):
        off = replace(GUS, mail=None, enabled=False)
        world.sync(directory(off, BOB, group("Data", [off, BOB]), group("Ops", [off, BOB])))
        assert not active(world, "gus@fabrikam.com")

    def test_leaves_the_groups_that_entra_takes_it_out_of(self, world):
        unnamed = replace(GUS, mail=None)
        world.sync(directory(unnamed, BOB, group("Data", [BOB]), group("Ops", [unnamed, BOB])))
        assert "gus@fabrikam.com" not in world.target.members_of("Data")
        assert "gus@fabrikam.com" in world.target.members_of("Ops")

    def test_stays_in_quarantine_with_the_reason_and_changes_nothing_more(self, world):
        unnamed = replace(GUS, mail=" ", display_name=None)
        report = world.sync(
            directory(unnamed, BOB, group("Data", [unnamed, BOB]), group("Ops", [unnamed]))
        )
        (entry,) = report.targets[0].quarantined
        assert "has no mail" in entry.reason
        assert world.planned().changes == ()

    def test_is_deprovisioned_when_it_leaves_the_scope(self, world):
        world.sync(directory(BOB, group("Data", [BOB]), group("Ops", [BOB])))
        assert not active(world, "gus@fabrikam.com")

    def test_is_not_made_where_nothing_is_linked(self):
        unnamed = replace(GUS, mail=None)
        with World(directory(unnamed, group("Data", [unnamed]))) as world:
            report = world.sync()
            assert world.target.members_of("Data") == set()
            assert len(report.targets[0].quarantined) == 1


PART = directory(ADA, group("Data", [ADA]), group("Far", [], unread="403 for the test"))


class TestAReadThatIsNotWhole:
    @pytest.fixture
    def world(self):
        day = directory(
            ADA, BOB, RUN, group("Data", [ADA, BOB, RUN]), group("Old", [BOB]), group("Far")
        )
        with World(day) as world:
            world.sync()
            yield world

    @pytest.mark.parametrize("presence", [Presence.GONE, Presence.DELETED, Presence.DISABLED])
    @pytest.mark.parametrize(("oid", "name"), [("u-bob", "bob@contoso.com"), ("s-run", "app-run")])
    def test_does_not_keep_who_is_certainly_out(self, world, presence, oid, name):
        world.source.places = {oid: presence}
        report = world.sync(PART)
        assert not active(world, name)
        assert report.status is Status.PARTIAL

    @pytest.mark.parametrize("presence", [Presence.PRESENT, Unread("503 for the test")])
    def test_keeps_who_may_be_in_what_was_not_read(self, world, presence):
        world.source.places = {"u-bob": presence}
        report = world.sync(PART)
        assert active(world, "bob@contoso.com")
        assert {entry.name for entry in report.targets[0].on_hold} >= {"bob@contoso.com", "app-run"}

    def test_does_not_keep_who_was_read_and_is_excluded_by_the_filter(self, world):
        world.settings = settings(scope={"users": [[{"attribute": "displayName", "value": "Ada"}]]})
        part = directory(ADA, BOB, group("Data", [ADA, BOB]), group("Far", [], unread="403"))
        world.sync(part)
        assert not active(world, "bob@contoso.com")

    @pytest.mark.parametrize(
        ("presence", "left"), [(Presence.GONE, set()), (Presence.PRESENT, {"bob@contoso.com"})]
    )
    def test_empties_a_group_only_where_it_is_certainly_gone(self, world, presence, left):
        world.source.places = {"g-old": presence}
        world.sync(PART)
        assert world.target.members_of("Old") == left


class TestGrace:
    DAY = directory(ADA, BOB, group("Data", [ADA, BOB]))
    LEFT = directory(BOB, group("Data", [BOB]))

    @pytest.fixture
    def world(self):
        with World(self.DAY, grace_days=7) as world:
            world.sync()
            yield world

    def days(self, world, number):
        world.clock.set_wall(world.clock.now() + number * DAY_SECONDS)

    def test_ends_after_its_days(self, world):
        world.sync(self.LEFT)
        self.days(world, 6.9)
        world.sync()
        assert active(world, "ada@contoso.com")
        self.days(world, 0.2)
        world.sync()
        assert not active(world, "ada@contoso.com")

    @pytest.mark.parametrize("ahead", [31, 400, 40_000])
    def test_that_began_under_a_clock_far_ahead_ends_by_the_right_clock(self, world, ahead):
        self.days(world, ahead)
        report = world.sync(self.LEFT)
        assert "clock" in {notice.code for notice in report.targets[0].warnings}
        self.days(world, -ahead)
        report = world.sync()
        assert "clock" in {notice.code for notice in report.targets[0].warnings}
        assert active(world, "ada@contoso.com")
        self.days(world, 7.1)
        world.sync()
        assert not active(world, "ada@contoso.com")

    def test_does_not_end_by_one_run_under_a_clock_far_ahead(self, world):
        world.sync(self.LEFT)
        self.days(world, 400)
        world.sync()
        assert active(world, "ada@contoso.com")
        self.days(world, -400)
        world.sync()
        assert active(world, "ada@contoso.com")

    def test_ends_after_a_long_pause_once_a_second_run_agrees_on_the_time(self, world):
        world.sync(self.LEFT)
        self.days(world, 400)
        world.sync()
        self.days(world, 1)
        world.sync()
        assert not active(world, "ada@contoso.com")

    def test_is_none_for_who_is_disabled(self, world):
        world.sync(self.LEFT)
        world.source.places = {"u-ada": Presence.DISABLED}
        world.sync()
        assert not active(world, "ada@contoso.com")


class TestRetries:
    def test_what_failed_is_tried_again_within_a_day_however_often_it_failed(self):
        with World(directory(ADA, group("Data", [ADA])), quarantine_after=2) as world:
            world.target.refuses = lambda write: (
                "403 for the test" if "create user" in write else None
            )
            for _ in range(40):
                world.sync()
            tried = len(world.target.log)
            world.clock.advance(DAY_SECONDS - 60)
            world.target.refuses = lambda write: None
            world.sync()
            assert len(world.target.log) == tried
            world.clock.advance(61)
            world.sync()
            assert world.target.members_of("Data") == {"ada@contoso.com"}

    def test_members_that_were_not_refused_do_not_wait_for_those_that_were(self):
        with World(directory(ADA, BOB, group("Data", [ADA]))) as world:
            world.target.refuses = lambda write: (
                "403 for the test" if write == "member ada@contoso.com" else None
            )
            world.sync()
            world.sync()
            world.sync(directory(ADA, BOB, group("Data", [ADA, BOB])))
            assert world.target.members_of("Data") == {"bob@contoso.com"}

    def test_no_pause_is_longer_than_fifteen_runs(self):
        with World(directory(ADA, group("Data", [ADA])), quarantine_after=100) as world:
            world.target.refuses = lambda write: (
                "403 for the test" if "create user" in write else None
            )
            quiet = longest = 0
            for _ in range(120):
                sent = len(world.target.log)
                world.sync()
                quiet = quiet + 1 if len(world.target.log) == sent else 0
                longest = max(longest, quiet)
            assert longest == 15

    def test_a_clock_that_was_ahead_does_not_put_a_try_off(self):
        with World(directory(ADA, group("Data", [ADA])), quarantine_after=1) as world:
            world.clock.set_wall(world.clock.now() + 400 * DAY_SECONDS)
            world.target.refuses = lambda write: (
                "403 for the test" if "create user" in write else None
            )
            world.sync()
            world.clock.set_wall(world.clock.now() - 400 * DAY_SECONDS)
            world.target.refuses = lambda write: None
            world.sync()
            assert world.target.members_of("Data") == {"ada@contoso.com"}


class TestADeafTarget:
    def deaf(self, world, monkeypatch):
        monkeypatch.setattr(world.target, "_update", lambda *_: None)
        monkeypatch.setattr(world.target, "_change_members", lambda *_: None)

    @pytest.mark.parametrize(("after", "action"), [
        (directory(user("ada", display_name="Countess"), BOB, group("Data", [ADA, BOB]), group("Rest", [BOB])), "update_user"),
        (directory(replace(ADA, enabled=False), BOB, group("Data", [ADA, BOB]), group("Rest", [BOB])), "deactivate_user"),
        (directory(ADA, BOB, group("Daten", [ADA, BOB], id="g-data"), group("Rest", [BOB])), "rename_group"),
        (directory(ADA, BOB, group("Data", [ADA]), group("Rest", [BOB])), "remove_members"),
    ])  # fmt: skip
    def test_is_a_failure_of_its_own_and_no_drift(self, monkeypatch, after, action):
        with World(directory(ADA, BOB, group("Data", [ADA, BOB]), group("Rest", [BOB]))) as world:
            world.sync()
            self.deaf(world, monkeypatch)
            world.sync(after)
            for report in (world.sync(), world.sync()):
                (failed,) = report.targets[0].failed
                assert failed.change.action.value == action
                assert "answered" in failed.reason
                assert report.targets[0].drift == ()
            monkeypatch.undo()
            world.clock.advance(DAY_SECONDS)
            world.sync()
            assert world.planned().changes == ()

    def test_a_change_by_hand_still_is_drift(self):
        with World(directory(ADA, BOB, group("Data", [ADA, BOB]))) as world:
            world.sync()
            ada = world.target.named("ada@contoso.com")
            world.target.accounts[ada.id] = replace(ada, display_name="By hand")
            (change,) = world.planned().changes
            assert (change.action, change.drift) == (Action.UPDATE_USER, True)
            report = world.sync()
            assert [o.result.value for o in report.targets[0].drift] == ["done"]


class TestAGroupMadeAnewUnderTheNameOfOneThatIsDeleted:
    OLD, NEW = group("Data", [ADA, BOB], id="g-old"), group("data", [ADA, BOB], id="g-new")

    @pytest.mark.parametrize("adopt", ["never", "unowned"])
    def test_takes_its_place_in_one_run_and_nobody_is_without_both(self, adopt):
        with World(directory(ADA, BOB, self.OLD), retired_groups="delete", adopt=adopt) as world:
            world.sync()
            old = world.links_of("g-old")
            seen = []
            world.target.on_write = lambda _: seen.append(
                any(
                    {"ada@contoso.com", "bob@contoso.com"} <= self.names(world, g)
                    for g in world.target.groups
                )
            )
            world.sync(directory(ADA, BOB, self.NEW))
            assert all(seen)
            assert old not in world.target.groups
            assert world.target.members_of("data") == {"ada@contoso.com", "bob@contoso.com"}
            assert [a.name for a in world.target.accounts.values() if a.kind is Kind.GROUP] == [
                "data"
            ]
            assert world.planned().changes == ()

    def names(self, world, gid):
        return {world.target.accounts[m].name for m in world.target.groups[gid]}

    def test_waits_where_the_old_one_stays(self):
        with World(directory(ADA, BOB, self.OLD), retired_groups="empty") as world:
            world.sync()
            report = world.sync(directory(ADA, BOB, self.NEW))
            assert "its name belongs to" in report.targets[0].quarantined[0].reason


def test_an_empty_store_before_a_target_that_knows_the_tenant_is_told():
    with World(directory(ADA, group("Data", [ADA]))) as world:
        world.target.add(Kind.USER, "ada@contoso.com", external_id="u-ada")
        codes = [notice.code for notice in world.planned().warnings]
        assert "no_memory" in codes
        world.sync()
        assert "no_memory" not in [notice.code for notice in world.planned().warnings]


def test_names_listed_are_adopted_one_by_one():
    with World(
        directory(ADA, BOB, group("Data", [ADA, BOB])), adopt_names=["ADA@contoso.com", "g-data"]
    ) as world:
        for kind, name in (
            (Kind.USER, "ada@contoso.com"),
            (Kind.USER, "bob@contoso.com"),
            (Kind.GROUP, "Data"),
        ):
            world.target.add(kind, name, external_id="alien")
        world.sync()
        assert set(world.names_of_links()) == {"u-ada", "g-data"}


def test_a_service_principal_of_the_same_application_is_the_same_identity():
    anew = replace(RUN, id="s-anew")
    with World(directory(RUN, group("Data", [RUN]))) as world:
        world.sync()
        there = world.links_of("s-run")
        world.sync(directory(anew, group("Data", [anew])))
        assert world.links_of("s-anew") == there
        assert world.target.accounts[there].active
        assert world.target.members_of("Data") == {"app-run"}
