"""What every store promises to remember beside links and journal. See ``contract``."""

from __future__ import annotations

from dataclasses import replace

import pytest

from aadsync_lib.errors import StoreError
from aadsync_lib.model.carried import (
    DAY,
    CarriedState,
    EndReason,
    JournalEntry,
    Membership,
    MembershipOrigin,
    QuarantineRecord,
    Retry,
)
from aadsync_lib.model.change import Action
from aadsync_lib.model.directory import KnownRoot
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Link, Origin, Sharer
from aadsync_lib.model.run import Outcome, Result
from tests.clock import START, FakeClock
from tests.contract.store.build import change, done, link, member
from tests.contract.store.contract import NASTY, running

GROUP = Link(Kind.GROUP, "g1", "t100", Origin.CREATED, "Data")


def adds(*numbers, group="g1", name="Data"):
    return change(group, name, action=Action.ADD_MEMBERS, members=tuple(map(member, numbers)))


def removes(*numbers, group="g1", name="Data"):
    return replace(adds(*numbers, group=group, name=name), action=Action.REMOVE_MEMBERS)


def membership(number=1, *, since, how=MembershipOrigin.ADDED, run_id="r1", **more):
    values = {"target": "account", "group": "g1", "group_name": "Data"} | more
    return Membership(member=member(number), how=how, since=since, run_id=run_id, **values)


def ended(one, until, ending=EndReason.REMOVED, ended_by="r1"):
    return replace(one, until=until, ending=ending, ended_by=ended_by)


def latest(store, *groups):
    found = store.memberships("account", groups or ("g1",))
    return tuple(sorted(found, key=lambda one: (one.group, one.member.target_id)))


def names_of(store, target="account"):
    return {tie.external_id: tie.names for tie in store.links(target).by_external.values()}


def retry(key="k1", **more):
    values = {"external_id": "e1", "name": "ada@contoso.com", "error": "no seats"} | more
    return Retry(key=key, failures=2, waited=1, first=5.0, last=1750000000.25, **values)


def held(external_id="e1", name="ada@contoso.com", reason="no user name"):
    return QuarantineRecord(external_id, name, reason, 5.0, 1750000000.25, 3)


class MemoryContract:
    """Uses the fixtures of ``StoreContract``."""

    def test_a_new_store_remembers_nothing(self, store):
        assert store.memberships("account", ["g1"]) == ()
        assert store.members_at(9e9) == ()
        assert store.missing("account") == {}
        assert store.shared(f"account of {store.sync}") == {}
        assert store.former("account") == ()
        assert store.retries("account") == ()
        assert store.quarantine("account") == ()
        assert store.targets() == ()
        assert store.entries() == ()

    # --- memberships

    def test_who_was_added_is_a_member_until_removed(self, store, clock):
        came = clock.now()
        with running(store, "r1") as run:
            run.settled(adds(1, 2))
        clock.advance(100)
        with running(store, "r2") as run:
            run.settled(removes(2, 3))
        assert latest(store) == (
            membership(1, since=came),
            ended(membership(2, since=came), came + 100, ended_by="r2"),
        )

    def test_members_are_told_by_target_and_by_the_groups_asked_for(self, store, clock):
        with running(store) as run:
            run.settled_at_once(adds(1, group="g1"), adds(1, 2, group="g2", name="Ops"))
        of_ops = {"group": "g2", "group_name": "Ops", "since": clock.now()}
        assert latest(store, "g2") == (membership(1, **of_ops), membership(2, **of_ops))
        assert latest(store, "g1", "g2") == latest(store, "g1") + latest(store, "g2")
        assert store.memberships("account", ()) == ()
        assert store.memberships("workspace-7", ["g1", "g2"]) == ()

    def test_who_comes_back_has_an_interval_of_its_own(self, store, clock):
        came = clock.now()
        for number, what in enumerate((adds(1), removes(1), adds(1))):
            with running(store, f"r{number}") as run:
                run.settled(what)
            clock.advance(100)
        again = membership(1, since=came + 200, run_id="r2")
        first = ended(membership(1, since=came, run_id="r0"), came + 100, ended_by="r1")
        assert latest(store) == (again,)
        assert store.members_at(came + 99) == (first,)
        assert store.members_at(came + 100) == store.members_at(came + 199) == ()
        assert store.members_at(came + 200) == (again,)

    def test_coming_and_going_at_one_moment_leaves_the_last_word(self, store):
        with running(store) as run:
            run.settled(adds(1))
            run.settled(removes(1))
            assert [one.until is None for one in latest(store)] == [False]
            run.settled(adds(1))
        (one,) = latest(store)
        assert one.until is None

    def test_a_clock_that_was_put_back_does_not_mix_intervals_up(self, store, open_store):
        with running(store, "r1") as run:
            run.settled(adds(1))
            run.settled(removes(1))
        slow = open_store(clock=FakeClock(START - 50))
        with running(slow, "r2") as run:
            run.settled(adds(1))
            assert latest(store) == (membership(1, since=START, run_id="r2"),)
            run.settled(removes(1))
        expected = ended(membership(1, since=START, run_id="r2"), START, ended_by="r2")
        assert latest(store) == (expected,)

    def test_who_was_added_twice_in_a_run_was_added_once(self, store, clock):
        came = clock.now()
        with running(store) as run:
            run.settled(adds(1))
            clock.advance(5)
            run.settled(adds(1))
        assert latest(store) == (membership(1, since=came),)
        assert store.members_at(came) == latest(store)

    def test_who_had_to_be_added_again_had_been_lost(self, store, clock):
        came = clock.now()
        with running(store, "r1") as run:
            run.settled(adds(1))
        clock.advance(100)
        with running(store, "r2") as run:
            run.settled(adds(1))
        first = ended(membership(1, since=came), came + 100, EndReason.LOST, "r2")
        assert latest(store) == (membership(1, since=came + 100, run_id="r2"),)
        assert store.members_at(came + 99) == (first,)

    def test_who_was_there_before_entra_had_it_was_not_lost(self, store, clock):
        came = clock.now()
        foreign = membership(1, since=came, how=MembershipOrigin.FOREIGN)
        store.remember("r1", "account", CarriedState(memberships=(foreign,)))
        clock.advance(100)
        with running(store, "r2") as run:
            run.settled(adds(1))
        assert latest(store) == (membership(1, since=came + 100, run_id="r2"),)
        assert store.members_at(came) == (ended(foreign, came + 100, ended_by="r2"),)

    def test_only_what_was_done_counts(self, store):
        not_done = sorted(set(Result) - {Result.DONE})
        with running(store) as run:
            entries = run.announce(*(adds(1, group=f"g {result}") for result in not_done))
            outcomes = [Outcome(adds(1, group=f"g {result}"), result) for result in not_done]
            store.settle("account", dict(zip(entries, outcomes, strict=True)))
        assert store.memberships("account", [f"g {result}" for result in not_done]) == ()

    def test_an_addition_that_turns_out_to_have_failed_never_was(self, store, clock):
        came = clock.now()
        with running(store) as run:
            run.settled(adds(1, 2))
            run.settled(adds(2), Result.FAILED)
        assert latest(store) == store.members_at(came) == (membership(1, since=came),)

    def test_a_failed_addition_takes_nothing_back_that_an_earlier_run_made(self, store, clock):
        came = clock.now()
        with running(store, "r1") as run:
            run.settled(adds(1))
        with running(store, "r2") as run:
            run.settled(adds(1), Result.FAILED)
        assert latest(store) == (membership(1, since=came),)

    def test_a_removal_that_failed_ends_nothing(self, store, clock):
        with running(store) as run:
            run.settled(adds(1))
            run.settled(removes(1), Result.FAILED)
        assert latest(store) == (membership(1, since=clock.now()),)

    def test_a_group_that_is_ours_no_more_has_no_members(self, store, clock):
        came = clock.now()
        with running(store, "r1") as run:
            run.settled(adds(1), linked=[GROUP])
            run.settled(adds(2, group="g2"))
        clock.advance(100)
        with running(store, "r2") as run:
            gone = change("g1", "Data", action=Action.DELETE_GROUP, target_id="t100")
            run.settled(gone, unlinked=["g1"])
        assert latest(store) == (ended(membership(1, since=came), came + 100, ended_by="r2"),)
        assert [one.until for one in latest(store, "g2")] == [None]

    def test_a_group_unlinked_beside_a_run_ends_by_nobody(self, store, clock):
        with running(store, "r1") as run:
            run.settled(adds(1), linked=[GROUP])
        store.settle("account", {}, unlinked=["g1"])
        (one,) = latest(store)
        assert one == ended(membership(1, since=clock.now()), clock.now(), ended_by=None)

    def test_a_group_made_anew_begins_without_members(self, store, clock):
        came = clock.now()
        with running(store) as run:
            run.settled(adds(1, 2), linked=[GROUP])
            store.settle("account", {}, linked=[replace(GROUP, name="Data Platform")])
            assert [one.until for one in latest(store)] == [None, None]
            clock.advance(100)
            run.settled(adds(2), linked=[replace(GROUP, target_id="t101")])
        assert latest(store) == (
            ended(membership(1, since=came), came + 100),
            membership(2, since=came + 100),
        )
        assert {one.until for one in store.members_at(came)} == {came + 100}

    def test_a_loss_is_none_any_more_once_the_group_is_another_object(self, store, clock):
        self._loses(store, clock, linked=[replace(GROUP, target_id="t101")])

    def test_a_loss_is_none_any_more_once_the_group_is_not_ours(self, store, clock):
        self._loses(store, clock, unlinked=["g1"])

    def test_a_loss_is_none_any_more_once_a_run_has_taken_the_member_out(self, store, clock):
        self._loses(store, clock, what=removes(1))

    def test_a_loss_is_none_any_more_once_the_member_is_deleted(self, store, clock):
        gone = change("e1", "user 1", action=Action.DELETE_USER, target_id="t1")
        self._loses(store, clock, what=gone)

    def _loses(self, store, clock, what=None, **links):
        with running(store, "r1") as run:
            run.settled(adds(1, 2), linked=[GROUP])
        clock.advance(100)
        lost = [ended(one, clock.now(), EndReason.LOST, "r2") for one in latest(store)]
        store.remember("r2", "account", CarriedState(memberships=tuple(lost)))
        with running(store, "r3") as run:
            run.settled(adds(2))
            store.settle("account", {}, linked=[replace(GROUP, name="Data Platform")])
            assert latest(store)[0] == lost[0]
            clock.advance(100)
            if what:
                run.settled(what)
            else:
                store.settle("account", {}, **links)
        assert latest(store)[0] == replace(lost[0], ending=EndReason.REMOVED)
        assert set(store.members_at(clock.now() - 200)) == {
            replace(lost[0], ending=EndReason.REMOVED),
            lost[1],
        }

    @pytest.mark.parametrize("action", [Action.DELETE_USER, Action.DELETE_GROUP])
    def test_who_was_deleted_is_in_no_group(self, store, clock, action):
        came = clock.now()
        with running(store, "r1") as run:
            run.settled(adds(1, 2, group="g1"))
            run.settled(adds(1, group="g2"))
        clock.advance(100)
        with running(store, "r2") as run:
            run.settled(change("e1", action=action, target_id="t1"), unlinked=["e1"])
            failed = change("e2", action=action, target_id="t2")
            run.settled(failed, Result.FAILED)
        found = latest(store, "g1", "g2")
        assert [(one.member.target_id, one.until, one.ended_by) for one in found] == [
            ("t1", came + 100, "r2"),
            ("t2", None, None),
            ("t1", came + 100, "r2"),
        ]

    def test_who_was_deleted_and_made_anew_is_a_member_again(self, store, clock):
        with running(store) as run:
            run.settled(adds(1))
            run.settled(change("e1", action=Action.DELETE_USER, target_id="t1"))
            clock.advance(100)
            run.settled(adds(1))
        assert latest(store) == (membership(1, since=clock.now()),)

    def test_memberships_that_a_run_saw_are_kept_as_they_are(self, store, clock):
        since = clock.now() + 0.25
        seen = (
            membership(1, since=since, how=MembershipOrigin.FOUND),
            membership(2, since=since, how=MembershipOrigin.FOREIGN),
            ended(membership(3, since=since), since + 5, EndReason.LOST, "r2"),
            replace(
                membership(4, since=since),
                member=replace(member(4), external_id=None, type=Kind.SERVICE_PRINCIPAL),
            ),
        )
        store.remember("r1", "account", CarriedState(memberships=seen))
        assert latest(store) == seen
        assert store.members_at(since) == seen
        assert store.members_at(since + 5) == (*seen[:2], seen[3])
        assert store.members_at(since - 0.001) == ()

    def test_a_membership_replaces_the_one_of_the_same_group_member_and_since(self, store, clock):
        came = clock.now()
        with running(store, "r1") as run:
            run.settled(adds(1, 2))
        clock.advance(100)
        lost = ended(membership(1, since=came), came + 50, EndReason.LOST, "r2")
        renamed = membership(2, since=came, how=MembershipOrigin.FOUND, group_name="Data Platform")
        store.remember("r2", "account", CarriedState(memberships=(lost, renamed)))
        assert latest(store) == (lost, renamed)
        with running(store, "r3") as run:
            run.settled(adds(1))
            run.settled(removes(2))
        assert latest(store) == (
            membership(1, since=came + 100, run_id="r3"),
            ended(renamed, came + 100, ended_by="r3"),
        )
        assert store.members_at(came) == (lost, ended(renamed, came + 100, ended_by="r3"))

    def test_who_is_a_member_on_any_target_is_told_at_once(self, store, clock):
        for target in ("workspace-7", "account"):
            with running(store, f"r {target}", target=target) as run:
                run.settled(adds(1))
        assert [one.target for one in store.members_at(clock.now())] == ["account", "workspace-7"]

    def test_names_of_members_are_data(self, store, clock):
        members = tuple(replace(member(n), name=name, external_id=name, target_id=f"t {name}")
                        for n, name in enumerate(NASTY))  # fmt: skip
        with running(store, "first") as run:
            run.settled_at_once(
                *(replace(adds(group=name, name=name), members=members) for name in NASTY)
            )
        found = store.memberships("account", NASTY)
        assert len(found) == len(NASTY) ** 2
        assert {one.group for one in found} == {one.group_name for one in found} == set(NASTY)
        assert {one.member for one in found} == set(members)
        with running(store, "last") as run:
            run.settled(replace(removes(group=NASTY[0]), members=members[:1]))
        assert len(store.members_at(clock.now())) == len(NASTY) ** 2 - 1

    def test_pruning_keeps_who_is_a_member_and_forgets_who_was(self, store, clock):
        with running(store, "r1") as run:
            run.settled(adds(1, 2, 3, 4), linked=[GROUP])
        clock.advance(100)
        with running(store, "r2") as run:
            run.settled(removes(2))
            run.settled(adds(3))
        clock.advance(100)
        with running(store, "r3") as run:
            run.settled(removes(4))
        store.prune(clock.now() - 50)
        assert [(one.member.target_id, one.until is None) for one in latest(store)] == [
            ("t1", True),
            ("t3", True),
            ("t4", False),
        ]
        at_first = store.members_at(clock.now() - 200)
        assert {one.member.target_id for one in at_first} == {"t1", "t4"}
        with running(store, "r4") as run:
            run.settled(adds(2))
            run.settled(removes(3))
        assert [one.until is None for one in latest(store)] == [True, True, False, False]

    def test_pruning_keeps_a_loss_that_still_tells_what_is_drift(self, store, clock):
        with running(store, "r1") as run:
            run.settled(adds(1), linked=[GROUP])
            run.settled(adds(1, group="g2"))
        (kept,) = latest(store)
        lost = [ended(one, clock.now(), EndReason.LOST) for one in latest(store, "g1", "g2")]
        store.remember("r1", "account", CarriedState(memberships=tuple(lost)))
        clock.advance(100)
        store.prune(clock.now())
        assert latest(store, "g1", "g2") == (ended(kept, kept.since, EndReason.LOST),)
        store.settle("account", {}, unlinked=["g1"])
        store.prune(clock.now())
        assert latest(store, "g1", "g2") == ()

    # --- links of others, and former ones

    def test_what_other_syncs_manage_is_known_with_their_names(self, store, open_store):
        other, here = open_store("fabrikam"), f"account of {store.sync}"
        theirs, ours = (link("e1", "t1"), link("e2", "t2")), link("e1", "t3")
        other.settle(here, {}, linked=theirs)
        other.settle("workspace-7", {}, linked=[link("e1", "t9")])
        store.settle(here, {}, linked=[ours])
        assert store.shared(here) == {tie.target_id: Sharer(other.sync, tie) for tie in theirs}
        assert other.shared(here) == {"t3": Sharer(store.sync, ours)}
        other.settle(here, {}, unlinked=["e1"])
        assert store.shared(here) == {"t2": Sharer(other.sync, theirs[1])}

    def test_what_others_manage_is_known_by_the_place_whatever_they_call_it(
        self, store, open_store
    ):
        here, there = f"account of {store.sync}", f"workspace of {store.sync}"
        account, sales, prod = (f"{name} of {store.sync}" for name in ("main", "sales", "prod"))
        ours = open_store(places={account: here, sales: there})
        other = open_store("fabrikam", places={prod: here, account: there})
        for target, tie in ((prod, link("e1", "t1")), (account, link("e2", "t2"))):
            with running(other, f"run of {target}", target=target) as run:
                run.settled(change(tie.external_id), linked=[tie])
        assert ours.shared(account) == {"t1": Sharer(other.sync, link("e1", "t1"))}
        assert ours.shared(sales) == {"t2": Sharer(other.sync, link("e2", "t2"))}
        moved = open_store("fabrikam", places={prod: there})
        with moved.lease(prod, "r2"):
            assert ours.shared(account) == {}
        assert set(ours.shared(sales)) == {"t1", "t2"}

    def test_where_a_place_is_not_known_targets_go_by_their_names(self, store, open_store):
        here = f"account of {store.sync}"
        ours, old = open_store(places={here: "a place"}), open_store("fabrikam")
        with running(old, target=here) as run:
            run.settled(change(), linked=[link("e1", "t1")])
        assert ours.shared(here) == {"t1": Sharer(old.sync, link("e1", "t1"))}
        with open_store("fabrikam", places={here: "another place"}).lease(here, "r2"):
            pass
        assert ours.shared(here) == {}
        assert set(store.shared(here)) == {"t1"}

    def test_whoever_has_an_object_in_scope_is_known_first(self, store, open_store):
        here, tie = f"account of {store.sync}", link("e1", "t1")
        first, last = open_store("a"), open_store("z")
        for other in (first, last):
            other.settle(here, {}, linked=[tie, link("e2", "t2")])
        first.remember("r1", here, CarriedState(missing={"e1": 5.0, "e2": 5.0}))
        last.remember("r1", here, CarriedState(missing={"e2": 5.0}))
        assert store.shared(here) == {
            "t1": Sharer(last.sync, tie, in_scope=True),
            "t2": Sharer(first.sync, link("e2", "t2"), in_scope=False),
        }
        last.remember("r2", here, CarriedState(missing={}))
        assert store.shared(here)["t2"] == Sharer(last.sync, link("e2", "t2"), in_scope=True)

    # --- what else Entra calls somebody, and what the selectors found

    def test_other_names_are_kept_where_there_are_none_yet(self, store, open_store, clock):
        store.settle("account", {}, linked=[link("e1", "t1"), link("e2", "t2"), link("e3", "t3")])
        first = {"e1": ("Ada", *NASTY), "e2": (), "nobody": ("x",)}
        store.remember("r1", "account", CarriedState(names=first))
        store.remember("r2", "account", CarriedState(names={"e1": ("Eve",), "e3": ("cut \ud83e",)}))
        assert names_of(open_store()) == {"e1": first["e1"], "e2": (), "e3": ("cut ?",)}
        clock.advance(10)
        store.settle("account", {}, linked=[link("e1", "t1", "renamed"), link("e3", "t4")])
        assert names_of(open_store()) == {"e1": first["e1"], "e2": (), "e3": ()}
        store.settle("account", {}, unlinked=["e1"])
        store.settle("account", {}, linked=[link("e1", "t1")])
        assert names_of(open_store())["e1"] == ()
        store.remember("r3", "account", CarriedState(names={"e1": ("Ada Byron",)}))
        assert names_of(open_store())["e1"] == ("Ada Byron",)

    def test_a_link_may_bring_its_other_names_along(self, store, open_store):
        named = replace(link("e1", "t1"), names=("Ada", "ada@fabrikam.com"))
        with running(store) as run:
            run.settled(change(), linked=[named])
            store.settle("account", {}, linked=[replace(named, name="renamed", names=("Eve",))])
            store.remember("r1", "account", CarriedState(names={"e1": ("Eve",)}))
        assert names_of(open_store()) == {"e1": named.names}
        store.settle("account", {}, linked=[replace(named, target_id="t2", names=("Eve",))])
        assert names_of(open_store()) == {"e1": ("Eve",)}

    def test_other_names_are_of_one_sync_and_one_target(self, store, open_store):
        other = open_store("fabrikam")
        for one, target in ((store, "account"), (store, "workspace-7"), (other, "account")):
            one.settle(target, {}, linked=[link()])
        store.remember("r1", "account", CarriedState(names={"e1": ("Ada",)}))
        assert names_of(store) == {"e1": ("Ada",)}
        assert names_of(store, "workspace-7") == names_of(other) == {"e1": ()}

    def test_roots_are_kept_in_place_of_those_before(self, store, open_store, clock):
        assert store.roots() == ()
        first = [KnownRoot("name:Data", "g1", "Data"), KnownRoot("id:g1", "g1", "Data")]
        store.keep_roots(first)
        assert open_store().roots() == tuple(reversed(first))
        nasty = [KnownRoot(name, f"g {name}", name) for name in sorted(NASTY)]
        store.keep_roots(nasty)
        clock.advance(1000)
        store.prune(clock.now())
        assert sorted(open_store().roots(), key=lambda root: root.selector) == nasty
        assert open_store("fabrikam").roots() == ()
        renamed = [replace(nasty[0], name="renamed")]
        store.keep_roots(renamed)
        assert open_store().roots() == tuple(renamed)
        store.keep_roots([])
        assert open_store().roots() == ()

    def test_an_object_that_was_left_for_another_one_is_a_former_one(self, store):
        first, second = link("e1", "t1", "ada@contoso.com"), link("e1", "t2", "ada@new.com")
        store.settle("account", {}, linked=[first])
        store.settle("account", {}, linked=[replace(first, name="Ada")])
        assert store.former("account") == ()
        store.settle("account", {}, linked=[second])
        assert store.former("account") == (replace(first, name="Ada"),)
        store.settle("account", {}, linked=[link("e1", "t3")])
        assert store.former("account") == (replace(first, name="Ada"), second)
        assert store.former("workspace-7") == ()

    def test_a_former_object_that_is_linked_again_is_no_former_one(self, store):
        for target_id in ("t1", "t2", "t1"):
            store.settle("account", {}, linked=[link("e1", target_id)])
        assert store.former("account") == (link("e1", "t2"),)
        store.settle("account", {}, linked=[link("e2", "t2")])
        assert store.former("account") == ()
        assert set(store.links("account").by_target) == {"t1", "t2"}

    def test_an_object_that_passes_on_in_one_step_is_no_former_one(self, store):
        store.settle("account", {}, linked=[link("e1", "t1"), link("e2", "t2")])
        swapped = [link("e1", "t2"), link("e2", "t1")]
        store.settle("account", {}, linked=swapped, unlinked=["e1", "e2"])
        assert store.former("account") == ()
        assert store.links("account").by_external == {one.external_id: one for one in swapped}

    def test_a_former_object_that_the_sync_deleted_is_forgotten(self, store):
        for target_id in ("t1", "t2", "t3"):
            store.settle("account", {}, linked=[link("e1", target_id)])
        with running(store) as run:
            gone = change("e1", action=Action.DELETE_USER, target_id="t1")
            run.settled(gone)
            run.settled(replace(gone, target_id="t2"), Result.FAILED)
        assert store.former("account") == (link("e1", "t2"),)
        assert store.links("account").by_external == {"e1": link("e1", "t3")}

    def test_a_former_object_stays_one_when_its_entra_object_is_gone(self, store, clock):
        for target_id in ("t1", "t2"):
            store.settle("account", {}, linked=[link("e1", target_id)])
        store.settle("account", {}, unlinked=["e1"])
        clock.advance(100)
        store.prune(clock.now())
        assert store.former("account") == (link("e1", "t1"),)
        store.settle("account", {}, linked=[link("e1", "t2")])
        assert store.former("account") == (link("e1", "t1"),)

    # --- what a run leaves behind

    def test_what_a_run_leaves_behind_is_there_for_the_next_one(self, store, open_store):
        store.settle("account", {}, linked=[link("e1", "t1"), link("e2", "t2")])
        memory = CarriedState(
            missing={"e1": 5.0, "e2": 1750000000.25},
            retries=(retry("k1"), retry("k2", external_id=None)),
            quarantine=(held(), held(None, "Dâta", "one; two")),
        )
        store.remember("r1", "account", memory)
        later = open_store()
        assert later.missing("account") == memory.missing
        assert later.retries("account") == memory.retries
        assert sorted(later.quarantine("account"), key=lambda one: one.name) == sorted(
            memory.quarantine, key=lambda one: one.name
        )
        assert later.missing("workspace-7") == {}
        assert later.retries("workspace-7") == later.quarantine("workspace-7") == ()

    def test_each_part_replaces_what_was_there_and_leaves_the_others_alone(self, store):
        store.settle("account", {}, linked=[link("e1", "t1"), link("e2", "t2")])
        whole = CarriedState({"e1": 5.0}, (retry("k1"),), (held("e1"),))
        store.remember("r1", "account", whole)
        store.remember("r2", "account", CarriedState())
        store.remember("r2", "account", CarriedState(missing={"e2": 6.0}))
        assert store.missing("account") == {"e2": 6.0}
        assert (store.retries("account"), store.quarantine("account")) == ((retry("k1"),), (held("e1"),))  # fmt: skip
        store.remember("r2", "account", CarriedState(retries=(retry("k2"), retry("k3"))))
        assert store.retries("account") == (retry("k2"), retry("k3"))
        store.remember("r2", "account", CarriedState(quarantine=(held("e2", "bob"),)))
        assert store.quarantine("account") == (held("e2", "bob"),)
        store.remember("r3", "account", CarriedState({}, (), ()))
        assert store.missing("account") == {}
        assert store.retries("account") == store.quarantine("account") == ()

    def test_memory_is_of_one_sync_and_one_target(self, store, open_store):
        for one in (store, open_store("fabrikam")):
            for target in ("account", "workspace-7"):
                one.settle(target, {}, linked=[link("e1", f"t {one.sync} {target}")])
                one.remember("r1", target, CarriedState({"e1": 5.0}, (retry(),), (held(),)))
        store.remember("r2", "account", CarriedState({}, (), ()))
        other = open_store("fabrikam")
        for one, target in ((store, "workspace-7"), (other, "account"), (other, "workspace-7")):
            assert one.missing(target) == {"e1": 5.0}
            assert (one.retries(target), one.quarantine(target)) == ((retry(),), (held(),))

    def test_who_is_missing_is_forgotten_with_its_link(self, store, clock):
        ties = [link(f"e{number}", f"t{number}") for number in range(4)]
        store.settle("account", {}, linked=ties)
        clock.advance(10)
        since = dict.fromkeys((tie.external_id for tie in ties), clock.now())
        store.remember("r1", "account", CarriedState(missing=since | {"nobody": 5.0}))
        clock.advance(10)
        store.settle("account", {}, linked=[replace(ties[0], name="renamed")])
        store.settle("account", {}, linked=[replace(ties[1], target_id="t9")])
        store.settle("account", {}, unlinked=["e2"])
        store.settle("account", {}, linked=[ties[2]])
        assert set(store.missing("account")) == {"e0", "e3"}

    def test_names_and_reasons_are_data(self, store):
        ties = [link(name, f"t {name}") for name in NASTY]
        store.settle("account", {}, linked=ties)
        memory = CarriedState(
            dict.fromkeys(NASTY, 5.0),
            tuple(retry(name, external_id=name, name=name, error=name) for name in sorted(NASTY)),
            tuple(held(name, name, name) for name in sorted(NASTY)),
        )
        store.remember(NASTY[0], "account", memory)
        assert store.missing("account") == memory.missing
        assert sorted(store.retries("account"), key=lambda one: one.key) == list(memory.retries)
        assert sorted(store.quarantine("account"), key=lambda one: one.name) == [*memory.quarantine]

    def test_a_name_cut_within_a_character_does_not_stop_the_memory(self, store, clock):
        cut = membership(1, since=clock.now(), group_name="cut \ud83e")
        memory = CarriedState(
            retries=(retry(error="cut \ud83e"),),
            quarantine=(held(name="cut \ud83e"),),
            memberships=(cut,),
        )
        store.remember("r1", "account", memory)
        assert store.retries("account") == (retry(error="cut ?"),)
        assert store.quarantine("account") == (held(name="cut ?"),)
        assert latest(store) == (replace(cut, group_name="cut ?"),)

    def test_a_run_that_lost_its_lease_says_nothing_over_its_successor(
        self, store, open_store, clock
    ):
        with running(store, "r1"):
            store.remember("r1", "account", CarriedState(retries=(retry("k1"),)))
            clock.advance(61)
            other = open_store()
            with running(other, "r2"):
                other.remember("r2", "account", CarriedState(retries=(retry("k2"),)))
                with pytest.raises(StoreError, match="run r1 lost its lease"):
                    store.remember("r1", "account", CarriedState(retries=(retry("k3"),)))
        assert store.retries("account") == (retry("k2"),)

    def test_pruning_keeps_what_the_next_run_has_to_know(self, store, clock):
        store.settle("account", {}, linked=[link("e1", "t1")])
        memory = CarriedState({"e1": 5.0}, (retry(),), (held(),))
        store.remember("r1", "account", memory)
        store.remember("r1", "account", memory)
        clock.advance(1000)
        store.prune(clock.now())
        assert store.missing("account") == {"e1": 5.0}
        assert (store.retries("account"), store.quarantine("account")) == ((retry(),), (held(),))

    # --- history

    def test_the_journal_is_told_with_runs_and_times_in_the_order_of_announcing(self, store, clock):
        begun = clock.now()
        first, second, third = (change(f"e{number}") for number in range(3))
        with running(store, "r1") as run:
            one, two = run.announce(first, second)
            clock.advance(10)
            store.settle("account", {two: Outcome(second, Result.FAILED, "why")})
            clock.advance(10)
            store.settle("account", {one: done(first)})
        clock.advance(10)
        with running(store, "r2") as run:
            (three,) = run.announce(third)
            assert [entry.entry for entry in store.entries()] == [one, two]
            store.settle("account", {three: done(third)})
        expected = (
            JournalEntry(one, "r1", "account", done(first), begun, begun + 20),
            JournalEntry(
                two, "r1", "account", Outcome(second, Result.FAILED, "why"), begun, begun + 10
            ),
            JournalEntry(three, "r2", "account", done(third), begun + 30, begun + 30),
        )
        assert store.entries() == expected
        assert store.entries("r1") == expected[:2]
        assert store.entries("r3") == ()
        assert store.later("account", 0) == expected
        assert store.later("account", two) == (expected[2],)
        assert store.later("account", three) == store.later("other", 0) == ()

    # --- a clock that is put back, or jumps ahead

    def test_the_order_is_that_of_beginning_and_announcing_whatever_the_clock_says(
        self, store, open_store, clock
    ):
        announced = []
        for number, jump in enumerate((0, 400 * DAY, -401 * DAY)):
            clock.set_wall(clock.now() + jump)
            with running(open_store(), f"r{number}") as run:
                announced += run.announce(change(f"e{number}"))
                store.settle("account", {announced[-1]: done(change(f"e{number}"))})
            store.end_run(f"r{number}", "succeeded", "{}")
        runs = [f"r{number}" for number in range(3)]
        assert [run.run_id for run in store.runs()] == runs[::-1]
        assert store.latest_run() == store.runs()[0].started_at == clock.now()
        assert [entry.run_id for entry in store.entries()] == runs
        assert announced == sorted(set(announced))
        for number in range(3):
            later = store.later("account", announced[number])
            assert [entry.run_id for entry in later] == runs[number + 1 :]

    def test_a_number_is_never_given_twice_also_when_old_records_are_gone(
        self, store, open_store, clock
    ):
        with running(store, "r1") as run:
            first = run.announce(change("e1"), adds(1))
            store.settle("account", dict(zip(first, (done(), done(adds(1))), strict=True)))
        store.end_run("r1", "succeeded", "{}")
        clock.advance(100)
        for _ in range(2):
            store.prune(clock.now())
        assert store.entries() == store.runs() == ()
        clock.set_wall(clock.now() - 7200)
        with running(open_store(), "r2") as run:
            second = run.announce(change("e2"))
        assert min(second) > max(first)
        with running(open_store(), "r3"):
            assert [run.run_id for run in store.runs()] == ["r3", "r2"]

    def test_who_is_a_member_now_does_not_depend_on_the_clock(self, store, clock):
        clock.set_wall(START + 400 * DAY)
        with running(store, "r1") as run:
            run.settled(adds(1, 2))
            run.settled(removes(2))
        clock.set_wall(START)
        assert [one.member.target_id for one in store.members_at()] == ["t1"]
        assert store.members_at(START) == ()

    def test_what_is_young_by_the_order_of_runs_stays_whatever_the_clock_says(
        self, store, clock, caplog
    ):
        for number, jump in enumerate((0, 400 * DAY, DAY)):
            clock.advance(jump)
            with running(store, f"r{number}") as run:
                run.settled(change())
            store.end_run(f"r{number}", "succeeded", "{}")
            store.prune(clock.now() - 90 * DAY)
            assert ("old records were not deleted" in caplog.text) == (number > 0)
        assert len(store.runs()) == len(store.entries()) == 3

    def test_whose_an_object_was_is_known_as_of_an_entry(self, store, open_store):
        taken = replace(change("e2"), action=Action.ADOPT_USER, target_id="t1")
        given = replace(change("e2"), action=Action.RELEASE_USER, target_id="t1")
        renamed = replace(change("e9"), action=Action.UPDATE_USER, target_id="t1")
        made = replace(change("e1"), target_id="t1")
        with running(store) as run:
            entries = run.announce(change("e1"), renamed, taken, given, taken)
            results = [done(made), done(renamed), done(taken), done(given),
                       Outcome(taken, Result.FAILED)]  # fmt: skip
            store.settle("account", dict(zip(entries, results, strict=True)))
        known = [
            store.owners("account", ["t1", "t2"], entry) for entry in (*entries, entries[-1] + 1)
        ]
        assert known == [{}, {"t1": "e1"}, {"t1": "e1"}, {"t1": "e2"}, {}, {}]
        assert store.owners("account", [], 99) == store.owners("other", ["t1"], entries[-1]) == {}
        assert open_store("fabrikam").owners("account", ["t1"], entries[-1]) == {}

    def test_drift_is_kept_in_the_journal(self, store):
        mends = replace(change(), drift=True)
        with running(store) as run:
            run.settled(mends)
            run.settled(change("e2"))
        assert [entry.outcome.change.drift for entry in store.entries()] == [True, False]

    def test_the_targets_of_a_sync_are_those_it_has_written_to(self, store, open_store, clock):
        with running(store, "r1", target="workspace-7") as run:
            run.settled(change())
        with running(store, "r2", target="account") as run:
            run.announce(change())
        with running(store, "r3", target="untouched"):
            pass
        store.settle("linked", {}, linked=[link()])
        seen = membership(1, since=clock.now(), target="seen")
        store.remember("r4", "seen", CarriedState(memberships=(seen,)))
        open_store("fabrikam").settle("elsewhere", {}, linked=[link()])
        assert store.targets() == ("account", "linked", "seen", "workspace-7")
