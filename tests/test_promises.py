"""One test for each promise of the contract, by its number; each goes red when it is broken.

The sweeps and properties behind these examples are in ``tests/unit``.
"""

from __future__ import annotations

import json

import pytest

from aadsync_lib.engine.refusal import RefusedError
from aadsync_lib.errors import LeaseHeldError
from aadsync_lib.model.directory import Announcement
from aadsync_lib.model.identity import Attributes, Kind
from aadsync_lib.model.run import Result, Status
from tests.unit.build import NO_LIMITS, directory, group, user
from tests.unit.fakes import FakeTarget, Fault
from tests.unit.following import Following
from tests.unit.world import World

ADA, BOB, CY = user("ada"), user("bob"), user("cy")
SMALL = directory(ADA, BOB, group("Data", [ADA, BOB]), group("Ops", [BOB]))
INACTIVE = Attributes(active=False)
NO_LEAVERS = NO_LIMITS | {"users_deprovisioned": {"count": 0, "share": None}}


def test_promise_1_nothing_unread_is_gone():
    with World(SMALL, leavers="delete", retired_groups="delete") as world:
        world.sync()
        half = directory(CY, group("Data", [CY], unread="503 in mid-page"))
        report = world.sync(half)
        everybody = {"ada@contoso.com", "bob@contoso.com", "cy@contoso.com"}
        assert world.target.members_of("Data") == everybody
        assert world.target.members_of("Ops") == {"bob@contoso.com"}
        assert all(account.active for account in world.target.accounts.values())
        assert report.status is Status.PARTIAL
        held = {entry.external_id for entry in report.targets[0].on_hold}
        assert held == {"u-ada", "u-bob", "g-data", "g-ops"}


def test_promise_2_plan_before_write():
    left, right = FakeTarget("left"), FakeTarget("right")
    with World(SMALL, left, right) as world:
        assert world.plan().targets[0].changes
        assert (left.log, right.log, world.store.runs()) == ([], [], ())
        world.sync()
        world.configure(limits=NO_LEAVERS)
        left._update(Kind.USER, left.named("bob@contoso.com").id, INACTIVE)
        world.source.snapshot = directory(ADA, CY, group("Data", [ADA, CY]), group("Ops"))
        before = left.state(), right.state()
        with pytest.raises(RefusedError, match="right: users_deprovisioned is 1"):
            world.sync()
        assert (left.state(), right.state()) == before


def test_promise_3_only_what_is_ours_is_removed():
    target = FakeTarget()
    stranger = target.add(Kind.USER, "stranger@contoso.com", external_id="alien")
    theirs = target.add(Kind.GROUP, "Theirs", [stranger], external_id="alien-group")
    target.add(Kind.GROUP, "Ops 2", [stranger])
    with World(SMALL, target, leavers="delete", retired_groups="delete") as world:
        before = [
            row for row in target.state() if row[1] in ("Theirs", "Ops 2", "stranger@contoso.com")
        ]
        world.sync()
        world.sync(directory(group("Data")))
        after = [
            row for row in target.state() if row[1] in ("Theirs", "Ops 2", "stranger@contoso.com")
        ]
        assert after == before
        assert target.groups[theirs] == {stranger}


def test_promise_4_protected_stays():
    target = FakeTarget()
    admin = target.add(Kind.USER, "cy@contoso.com", admin=True, display_name="Boss")
    snapshot = directory(ADA, BOB, CY, group("Data", [ADA, BOB, CY]), group("Ops", [ADA, CY]))
    protected = {"users": ["ada@contoso.com"], "groups": ["Ops"]}
    policy = {"leavers": "delete", "retired_groups": "delete", "protected": protected}
    with World(snapshot, target, **policy) as world:
        world.sync()
        ops = target.members_of("Ops")
        world.sync(directory(BOB, group("Data", [BOB])))
        assert target.members_of("Data") == {"ada@contoso.com", "bob@contoso.com", "cy@contoso.com"}
        assert target.members_of("Ops") == ops
        world.sync(directory(group("Other")))
        assert {"ada@contoso.com", "cy@contoso.com"} == target.members_of("Data")
        assert target.named("ada@contoso.com").active
        assert target.accounts[admin].display_name == "Boss"


@pytest.mark.parametrize("fault", list(Fault))
@pytest.mark.parametrize("index", range(4))
def test_promise_5_converges(fault, index):
    with World(SMALL) as world:
        world.sync()
        wanted, writes = world.target.state(), len(world.target.log)
        world.sync()
        assert len(world.target.log) == writes == 4
    with World(SMALL, adopt="never") as world:
        world.target.faults = {index: fault}
        world.sync_until_killed()
        world.sync()
        assert world.target.state() == wanted
        assert world.planned().changes == ()


@pytest.mark.parametrize("fault", [Fault.REFUSED, Fault.KILLED_BEFORE, Fault.KILLED_AFTER])
def test_promise_6_the_cursor_moves_only_after_what_it_announced_is_applied_and_recorded(fault):
    with Following(SMALL) as world:
        world.sync()
        left = world.store.checkpoint()
        assert left
        more = directory(ADA, BOB, CY, group("Data", [ADA, BOB, CY]), group("Ops", [BOB]))
        world.source.snapshot = more
        world.said = [Announcement("g-data", Kind.GROUP, joined={"u-cy": Kind.USER})]
        world.target.faults = dict.fromkeys(range(99), fault)
        world.sync_until_killed()
        kept = world.store.checkpoint()
        assert (kept, kept.current) == (left, False)
        world.target.faults = {}
        assert world.sync().full  # though nothing announces it any more
        assert "cy@contoso.com" in world.target.members_of("Data")
        after = world.store.checkpoint()
        assert after
        assert after.cursor != left.cursor


def test_promise_7_one_failure_is_one_failure():
    with World(SMALL) as world:
        world.target.refuses = lambda what: "no" if what.endswith("user ada@contoso.com") else None
        report = world.sync()
        failed = {
            (one.change.action, one.change.name, one.result) for one in report.targets[0].failed
        }
        assert failed == {
            ("create_user", "ada@contoso.com", Result.FAILED),
            ("add_members", "Data", Result.SKIPPED),
        }
        assert world.target.members_of("Data") == {"bob@contoso.com"}
        assert world.target.members_of("Ops") == {"bob@contoso.com"}


def test_promise_8_renames_keep_identity():
    with World(SMALL) as world:
        world.sync()
        ids = {name: world.target.named(name).id for name in ("Data", "Ops")}
        swapped = directory(
            ADA, BOB, group("Ops", [ADA, BOB], id="g-data"), group("Data", [BOB], id="g-ops")
        )
        world.sync(swapped)
        assert world.target.named("Ops").id == ids["Data"]
        assert world.target.named("Data").id == ids["Ops"]
        assert world.target.members_of("Ops") == {"ada@contoso.com", "bob@contoso.com"}


def test_promise_9_identity_is_the_object_id():
    target = FakeTarget()
    theirs = target.add(Kind.USER, "ada@contoso.com", display_name="Theirs")
    twins = [target.add(Kind.GROUP, name) for name in ("Data", "DATA")]
    with World(SMALL, target, adopt="never") as world:
        world.sync()
        assert "u-ada" not in world.names_of_links()
        world.configure(adopt="same_name")
        world.sync()
        links = world.store.links("account")
        assert links.by_external["u-ada"].target_id == theirs
        assert not links.by_target.keys() & set(twins)
        again = user("bob", id="u-new", user_principal_name="ada@contoso.com")
        ada = user("ada", user_principal_name="ada.l@contoso.com")
        world.sync(directory(ada, again, group("Ops", [ada, again])))
        assert world.store.links("account").by_target[theirs].external_id == "u-ada"


NASTY = (
    "Robert'); DROP TABLE links; --",
    'a" or displayName eq "b',
    "<script>alert(1)</script>",
    "=HYPERLINK(1)\n| {displayName} %s \\",
)


@pytest.mark.parametrize("name", NASTY)
def test_promise_10_a_name_from_the_directory_is_data(name):
    """In plans, the store and the journal; each adapter and report has tests of its own."""
    ada = user("ada", display_name=name)
    with World(directory(ada, group(name, [ada], id="g1"))) as world:
        report = world.sync()
        assert world.target.named(name, Kind.GROUP).external_id == "g1"
        assert world.target.named("ada@contoso.com").display_name == name.strip()
        assert world.store.links("account").by_external["g1"].name == name
        recorded = [one.change.name for one in world.store.outcomes(report.run_id)]
        assert recorded.count(name) == 2
        assert world.planned().changes == ()


def test_promise_11_every_write_is_recorded_before_and_after_with_what_was_there():
    with World(SMALL) as world:
        world.sync()
        open_entries = []
        world.target.on_write = lambda _: open_entries.append(len(world.store.pending("account")))
        ada = user("ada", display_name="Ada L.")
        report = world.sync(
            directory(ada, BOB, group("Data 2", [ada], id="g-data"), group("Ops", [BOB]))
        )
        assert len(open_entries) == 2  # one write renames the group and takes Bob out
        assert all(open_entries)
        assert world.store.pending("account") == ()
        recorded = {one.change.action: one.change for one in world.store.outcomes(report.run_id)}
        assert recorded["update_user"].before.display_name == "Ada"
        assert recorded["rename_group"].before.display_name == "Data"
        (lost,) = recorded["remove_members"].members
        assert lost.name == "bob@contoso.com"
        assert json.loads(world.store.runs()[0].report)["run_id"] == report.run_id


def test_promise_12_one_writer_at_a_time():
    with World(SMALL) as world:
        seen = []

        def second(_):
            try:
                world.sync()
            except LeaseHeldError as error:
                seen.append(str(error))

        world.target.on_write = lambda index: second(index) if index == 0 else None
        assert world.sync().status is Status.SUCCEEDED
        (message,) = seen
        assert "has held the lease since 2025-06-15T15:06:40Z" in message
        assert len(world.target.log) == 4
