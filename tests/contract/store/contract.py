"""What every store promises. Subclasses give ``open_store``; the same tests run on each of them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from aadsync_lib.errors import LeaseHeldError, StoreError
from aadsync_lib.model.change import MADE, Action
from aadsync_lib.model.connector import NO_PLAN, journal_name
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Link, Origin
from aadsync_lib.model.run import Outcome, Result
from aadsync_lib.store.leasing import TTL, WATCH
from tests.clock import START, FakeClock
from tests.contract.store.build import access, change, done, link, member

Open = Callable[..., Any]

NASTY = (
    'O\'Brien "the boss"',
    "'); DROP TABLE links; --",
    "<script>alert(1)</script>",
    "ÅŸŞß 漢字 🦄",
    " trailing, comma ",
    "null\x00byte\nline",
    "%s {0} :name ?",
)


class StoreContract:
    """``open_store(sync="contoso")`` gives a new store over the same memory each time."""

    @pytest.fixture
    def clock(self):
        return FakeClock()

    @pytest.fixture
    def open_store(self, clock):
        raise NotImplementedError

    @pytest.fixture
    def store(self, open_store: Open):
        return open_store()

    def test_a_new_store_knows_nothing(self, store):
        assert len(store.links("account")) == 0
        assert store.pending("account") == ()
        assert store.runs() == ()
        assert store.outcomes("r1") == ()

    def test_what_was_announced_is_pending_oldest_first(self, store):
        changes = [change(f"e{number}") for number in (3, 1, 2)]
        with running(store) as run:
            entries = run.announce(*changes)
        pending = store.pending("account")
        assert [p.change for p in pending] == changes
        assert tuple(p.entry for p in pending) == entries == tuple(sorted(set(entries)))
        assert {p.run_id for p in pending} == {"r1"}

    def test_announcing_nothing_gives_no_entries(self, store):
        with running(store) as run:
            assert run.announce() == ()

    def test_pending_outlives_the_store_object_and_the_run(self, store, open_store):
        with running(store, "r1") as run:
            run.announce(change("e1"))
        with running(open_store(), "r2") as run:
            run.announce(change("e2"))
        found = [(p.run_id, p.change.external_id) for p in open_store().pending("account")]
        assert found == [("r1", "e1"), ("r2", "e2")]

    def test_a_settled_change_is_pending_no_more_whatever_came_of_it(self, store):
        results = tuple(Outcome(change(f"e {one}"), one, "why") for one in Result)
        with running(store) as run:
            *entries, left = run.announce(*(one.change for one in results), change("e2"))
            store.settle("account", dict(zip(entries, results, strict=True)))
        assert [p.entry for p in store.pending("account")] == [left]
        assert store.outcomes("r1") == results

    def test_the_journal_keeps_what_was_done_not_what_was_announced(self, store):
        asked = change(action=Action.ADD_MEMBERS, members=(member(1), member(2)))
        did = change(action=Action.ADD_MEMBERS, members=(member(2),), target_id="g1")
        with running(store) as run:
            (entry,) = run.announce(asked)
            store.settle("account", {entry: done(did)})
        assert store.outcomes("r1") == (done(did),)

    def test_what_was_done_to_an_object_is_told_oldest_first_without_members(self, store):
        made = change()
        off = change(action=Action.DEACTIVATE_USER, target_id="t1")
        joined = change(action=Action.ADD_MEMBERS, members=(member(1),), target_id="g1")
        with running(store) as run:
            run.settled(made)
            run.settled(joined)
            run.settled(change("e2"))
            run.settled(change(action=Action.UPDATE_USER, target_id="t1"), Result.FAILED)
            run.settled(off)
        assert store.done("account", ["e1"]) == (made, off)
        assert store.done("account", ["e1' OR '1'='1"]) == store.done("account", []) == ()
        assert store.done("other", ["e1"]) == ()

    def test_a_later_run_settles_what_a_dead_one_announced(self, store, open_store):
        with running(store, "r1") as run:
            run.announce(change())
        later = open_store()
        (pending,) = later.pending("account")
        later.settle("account", {pending.entry: done()}, linked=[link()])
        assert later.pending("account") == ()
        assert later.outcomes("r1") == (done(),)
        assert later.links("account").by_external == {"e1": link()}

    def test_names_are_data(self, store):
        changes = [change(external_id=name, name=name, members=(member(1),)) for name in NASTY]
        ties = [Link(Kind.GROUP, name, f"id of {name}", Origin.ADOPTED, name) for name in NASTY]
        with running(store) as run:
            entries = run.announce(*changes)
            assert [p.change for p in store.pending("account")] == changes
            outcomes = tuple(Outcome(one, Result.FAILED, f"no: {one.name}") for one in changes)
            store.settle("account", dict(zip(entries, outcomes, strict=True)), linked=ties)
        assert store.outcomes("r1") == outcomes
        assert store.links("account").by_external == dict(zip(NASTY, ties, strict=True))
        store.settle("account", {}, unlinked=NASTY)
        assert len(store.links("account")) == 0

    def test_the_names_of_targets_and_runs_are_data(self, store):
        name = "|".join(NASTY)
        with running(store, name, target=name) as run:
            run.settled(change(), linked=[link()])
        assert store.links(name).by_external == {"e1": link()}
        assert store.outcomes(name) == (done(),)
        assert [run.run_id for run in store.runs()] == [name]

    def test_a_name_cut_within_a_character_does_not_stop_the_journal(self, store):
        what = change(name="cut \ud83e")
        with running(store) as run:
            (entry,) = run.announce(what)
            store.settle("account", {entry: Outcome(what, Result.FAILED, "cut \ud83e")},
                         linked=[link(name="cut \ud83e")])  # fmt: skip
        assert store.outcomes("r1")[0].change == what
        assert store.links("account").by_external["e1"].name == "cut ?"

    def test_links_appear_and_vanish_with_the_outcome(self, store):
        with running(store) as run:
            made, ended = run.announce(change("e1"), change("e2"))
            store.settle("account", {made: done()}, linked=[link("e1", "t1"), link("e2", "t2")])
            assert set(store.links("account").by_target) == {"t1", "t2"}
            store.settle("account", {ended: done()}, unlinked=["e2"])
        assert store.links("account").by_external == {"e1": link("e1", "t1")}

    def test_a_link_comes_back_as_it_was_given(self, store):
        given = {
            f"t {kind} {origin}": Link(
                kind, f"e {kind} {origin}", f"t {kind} {origin}", origin, "Ada"
            )
            for kind in Kind
            for origin in Origin
        }
        store.settle("account", {}, linked=given.values())
        assert store.links("account").by_target == given

    def test_a_newer_link_of_an_entra_object_replaces_the_older(self, store):
        store.settle("account", {}, linked=[link("e1", "t1", "old")])
        store.settle("account", {}, linked=[link("e1", "t1", "new")])
        assert store.links("account").by_external == {"e1": link("e1", "t1", "new")}
        store.settle("account", {}, linked=[link("e1", "t9", "new")])
        assert store.links("account").by_external == {"e1": link("e1", "t9", "new")}

    def test_a_target_object_passes_to_another_entra_object_in_one_step(self, store):
        store.settle("account", {}, linked=[link("e1", "t1")])
        store.settle("account", {}, linked=[link("e2", "t1")], unlinked=["e1"])
        assert store.links("account").by_external == {"e2": link("e2", "t1")}

    def test_removing_a_link_that_is_not_there_is_no_error(self, store):
        store.settle("account", {}, unlinked=["nobody"])
        assert len(store.links("account")) == 0

    def test_two_entra_objects_never_share_a_target_object_and_nothing_is_half_recorded(
        self, store
    ):
        store.settle("account", {}, linked=[link("e1", "t1")])
        with running(store) as run:
            (entry,) = run.announce(change("e2"))
            with pytest.raises(StoreError, match=r"user t1 is linked to Entra object e1"):
                store.settle(
                    "account", {entry: done()}, linked=[link("e3", "t3"), link("e2", "t1")]
                )
        assert [p.entry for p in store.pending("account")] == [entry]
        assert store.links("account").by_external == {"e1": link("e1", "t1")}

    def test_an_outcome_without_its_entry_is_refused_with_all_that_came_with_it(self, store):
        with running(store) as run:
            (entry,) = run.announce(change())
            with pytest.raises(StoreError, match="no entry 999"):
                store.settle("account", {entry: done(), 999: done()}, linked=[link()])
        assert [p.entry for p in store.pending("account")] == [entry]
        assert len(store.links("account")) == 0

    def test_an_entry_of_another_target_cannot_be_settled(self, store):
        with running(store) as run:
            (entry,) = run.announce(change())
        with pytest.raises(StoreError, match=f"no entry {entry}"):
            store.settle("workspace-7", {entry: done()})

    def test_many_threads_may_announce_and_settle_at_once(self, store):
        start = threading.Barrier(8)

        def work(worker: int) -> None:
            start.wait(10)
            for number in range(5):
                name = f"{worker}-{number}"
                (entry,) = store.announce("r1", "account", [change(f"e{name}")])
                store.settle("account", {entry: done()}, linked=[link(f"e{name}", f"t{name}")])

        with running(store), ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
        assert len(store.links("account")) == len(store.outcomes("r1")) == 40
        assert store.pending("account") == ()

    def test_targets_do_not_share_links_or_pending(self, store):
        with running(store) as run:
            run.announce(change())
        store.settle("account", {}, linked=[link("e1", "t1")])
        store.settle("workspace-7", {}, linked=[link("e1", "other")])
        assert store.pending("workspace-7") == ()
        assert store.links("account").by_external["e1"].target_id == "t1"
        assert store.links("workspace-7").by_external["e1"].target_id == "other"

    def test_targets_do_not_share_leases(self, store):
        with store.lease("account", "r1"), store.lease("workspace-7", "r1"):
            pass

    def test_syncs_do_not_share_links_pending_runs_or_leases(self, store, open_store):
        other = open_store("fabrikam")
        with running(store) as run:
            (entry,) = run.announce(change())
            store.settle("account", {}, linked=[link()])
            with other.lease("account", "r2"):
                pass
            with pytest.raises(StoreError, match="fabrikam has no entry"):
                other.settle("account", {entry: done()})
            with pytest.raises(StoreError, match="fabrikam has no run r1"):
                other.end_run("r1", "succeeded", "{}")
        assert len(other.links("account")) == 0
        assert other.pending("account") == ()
        assert other.runs() == ()

    def test_a_run_is_running_until_its_end_is_recorded(self, store, clock):
        begun = clock.now()
        store.begin_run("r1", "sha256:plan", "sha256:settings", full=True)
        (record,) = store.runs()
        assert (record.run_id, record.digest, record.settings_digest, record.full) == (
            "r1", "sha256:plan", "sha256:settings", True,
        )  # fmt: skip
        assert (record.status, record.started_at, record.ended_at) == ("running", begun, None)
        clock.advance(5)
        store.end_run("r1", "succeeded", '{"kind": "run"}')
        (record,) = store.runs()
        assert (record.status, record.report) == ("succeeded", '{"kind": "run"}')
        assert (record.started_at, record.ended_at) == (begun, begun + 5)

    def test_runs_are_listed_newest_first(self, store, clock):
        for run_id in ("b", "c", "a"):
            store.begin_run(run_id, "", "", full=False)
            clock.advance(1)
        assert [record.run_id for record in store.runs()] == ["a", "c", "b"]

    def test_a_run_says_from_its_beginning_which_run_it_undoes(self, store):
        store.begin_run("r1", "", "", full=True)
        store.begin_run("r2", "", "", full=True, undoes="r1")
        undoes = {record.run_id: record.undoes for record in store.runs()}
        assert undoes == {"r1": None, "r2": "r1"}

    def test_the_end_of_an_unknown_run_is_refused(self, store):
        with pytest.raises(StoreError, match="no run r9"):
            store.end_run("r9", "succeeded", "{}")

    def test_a_second_run_is_told_who_holds_the_lease_since_when_and_until_when(
        self, store, open_store
    ):
        with store.lease("account", "r1"), pytest.raises(LeaseHeldError) as caught:
            open_store().lease("account", "r2").__enter__()
        message = str(caught.value)
        assert message.startswith("account: ada@laptop pid ")
        assert "since 2025-06-15T15:06:40Z (it ends 2025-06-15T15:07:40Z" in message

    def test_a_lease_is_free_again_when_its_block_ends_even_by_an_error(self, store, open_store):
        with pytest.raises(ZeroDivisionError), store.lease("account", "r1"):
            raise ZeroDivisionError
        with open_store().lease("account", "r2"):
            pass

    def test_one_store_does_not_give_the_same_lease_twice(self, store):
        with store.lease("account", "r1"):
            with pytest.raises(LeaseHeldError), store.lease("account", "r1"):
                pass
            store.begin_run("r1", "", "", full=False)
            assert store.announce("r1", "account", [change()])

    def test_an_expired_lease_can_be_taken(self, store, open_store, clock):
        with store.lease("account", "r1"):
            clock.advance(59)
            with pytest.raises(LeaseHeldError):
                open_store().lease("account", "r2").__enter__()
            clock.advance(1)
            with open_store().lease("account", "r2"):
                pass

    @pytest.mark.parametrize("ahead", [30, 3600, 86_400, 400 * 86_400])
    def test_the_lease_of_a_killed_run_whose_clock_was_ahead_is_taken_when_it_is_not_renewed(
        self, open_store, clock, ahead
    ):
        killed = open_store(clock=FakeClock(clock.now() + ahead))
        held = killed.lease("account", "r1")
        held.__enter__()
        with running(open_store(), "r2") as run:
            assert clock.slept == WATCH < TTL
            assert run.announce(change())
        with pytest.raises(StoreError, match="run r1 lost its lease"):
            killed.announce("r1", "account", [change()])
        held.__exit__(None, None, None)

    def test_the_lease_of_a_live_run_whose_clock_is_ahead_is_not_taken(self, open_store):
        ahead = FakeClock(START + 86_400)
        alive = open_store(clock=ahead)

        class Watching(FakeClock):
            def sleep(self, seconds):
                super().sleep(seconds)
                ahead.advance(seconds)
                alive._renew(alive._leases["account"])

        clock = Watching()
        with running(alive, "r1") as run:
            with pytest.raises(LeaseHeldError) as caught:
                open_store(clock=clock).lease("account", "r2").__enter__()
            assert clock.sleeps == (WATCH,)
            message = str(caught.value)
            assert message.startswith("account: ada@laptop pid ")
            assert "(it ends 2025-06-15T15:08:11Z unless renewed)" in message
            assert run.announce(change())

    def test_whoever_takes_a_lease_that_is_watched_keeps_it(self, open_store):
        stopped = open_store(clock=FakeClock(START + 86_400))
        held = stopped.lease("account", "r1")
        held.__enter__()
        quick = open_store(clock=FakeClock(START + 86_460))
        taken = quick.lease("account", "r2")

        class Watching(FakeClock):
            def sleep(self, seconds):
                super().sleep(seconds)
                taken.__enter__()

        with pytest.raises(LeaseHeldError):
            open_store(clock=Watching()).lease("account", "r3").__enter__()
        quick.begin_run("r2", "", "", full=False)
        assert quick.announce("r2", "account", [change()])
        for lease in (taken, held):
            lease.__exit__(None, None, None)

    def test_a_lease_that_is_released_while_it_is_watched_is_free(self, open_store):
        ahead = open_store(clock=FakeClock(START + 86_400)).lease("account", "r1")
        ahead.__enter__()

        class Watching(FakeClock):
            def sleep(self, seconds):
                super().sleep(seconds)
                ahead.__exit__(None, None, None)

        with open_store(clock=Watching()).lease("account", "r2"):
            pass

    def test_a_clock_that_is_put_back_does_not_lock_a_run_out(self, open_store, clock):
        held = open_store().lease("account", "r1")
        held.__enter__()
        clock.set_wall(START - 3600)
        with running(open_store(), "r2") as run:
            assert clock.slept == WATCH
            assert run.announce(change())
        held.__exit__(None, None, None)

    def test_a_run_that_lost_its_lease_announces_nothing_more(self, store, open_store, clock):
        with running(store, "r1") as run:
            (entry,) = run.announce(change("e1"))
            clock.advance(61)
            other = open_store()
            with running(other, "r2") as second:
                second.announce(change("e2"))
                for _ in range(2):
                    with pytest.raises(StoreError, match="run r1 lost its lease to ada@laptop"):
                        run.announce(change("e3"))
            with pytest.raises(StoreError, match="lost its lease"):
                run.announce(change("e3"))  # released by the other run is not given back
            store.settle("account", {entry: done()}, linked=[link()])
        assert [p.change.external_id for p in store.pending("account")] == ["e2"]
        assert store.links("account").by_external == {"e1": link()}

    def test_a_run_that_lost_its_lease_does_not_release_that_of_its_successor(
        self, store, open_store, clock
    ):
        first = store.lease("account", "r1")
        first.__enter__()
        clock.advance(61)
        with open_store().lease("account", "r2"):
            first.__exit__(None, None, None)
            with pytest.raises(LeaseHeldError):
                open_store().lease("account", "r3").__enter__()

    def test_a_successor_in_the_same_store_keeps_its_lease_when_the_first_block_ends(
        self, store, clock
    ):
        first = store.lease("account", "r1")
        first.__enter__()
        clock.advance(61)
        with running(store, "r2") as run:
            first.__exit__(None, None, None)
            assert run.announce(change())

    def test_a_lease_that_expired_unnoticed_is_renewed_by_the_next_announce(
        self, store, open_store, clock
    ):
        with running(store) as run:
            clock.advance(3600)
            assert run.announce(change())
            clock.advance(59)
            with pytest.raises(LeaseHeldError):
                open_store().lease("account", "r2").__enter__()

    def test_nothing_is_announced_without_the_lease(self, store):
        store.begin_run("r1", "", "", full=False)
        with pytest.raises(StoreError, match="does not hold the lease"):
            store.announce("r1", "account", [change()])
        with store.lease("account", "r1"):
            with pytest.raises(StoreError, match="run r2 does not hold the lease"):
                store.announce("r2", "account", [change()])
            with pytest.raises(StoreError, match="workspace-7: run r1 does not hold"):
                store.announce("r1", "workspace-7", [change()])
        with pytest.raises(StoreError, match="does not hold the lease"):
            store.announce("r1", "account", [change()])
        assert store.pending("account") == ()

    def test_pruning_forgets_what_was_settled_and_the_runs_that_ended_before(self, store, clock):
        with running(store, "r1") as run:
            run.settled(change("e1"), linked=[link()])
        store.end_run("r1", "succeeded", "{}")
        clock.advance(100)
        with running(store, "r2") as run:
            run.settled(change("e2"))
        store.end_run("r2", "succeeded", "{}")
        store.prune(clock.now() - 50)
        assert store.outcomes("r1") == ()
        assert store.outcomes("r2") == (done(change("e2")),)
        assert [run.run_id for run in store.runs()] == ["r2"]

    def test_pruning_keeps_links_members_and_what_is_open(self, store, open_store, clock):
        adds = change("g1", action=Action.ADD_MEMBERS, members=(member(1),))
        with running(store, "r1") as run:
            run.settled(adds, linked=[link("g1", "t100")])
            (left,) = run.announce(change("e2"))
        store.end_run("r1", "failed", "{}")
        with running(open_store("fabrikam"), "r2") as other:
            other.settled(change())
        clock.advance(100)
        store.prune(clock.now())
        assert store.links("account").by_external == {"g1": link("g1", "t100")}
        assert [one.until for one in store.memberships("account", ["g1"])] == [None]
        assert [p.entry for p in store.pending("account")] == [left]
        assert [run.run_id for run in store.runs()] == ["r1"]
        assert other.store.outcomes("r2") == (done(),)

    def test_what_was_given_in_workspaces_is_told_oldest_first_of_this_sync_and_target(
        self, store, open_store
    ):
        given = [
            access("g1", Action.ASSIGN_WORKSPACE),
            access("g2", Action.GRANT_ENTITLEMENTS),
            access("g1", Action.UNASSIGN_WORKSPACE),
        ]
        with running(store, "r1") as run:
            run.settled(change(), linked=[link()])
            for each in given:
                run.settled(each)
            (entry,) = run.announce(access("g3", Action.ASSIGN_WORKSPACE))
            failed = Outcome(access("g3", Action.ASSIGN_WORKSPACE), Result.FAILED, "no")
            store.settle("account", {entry: failed})
            run.announce(access("g4", Action.ASSIGN_WORKSPACE))
        with running(open_store("fabrikam"), "r2") as other:
            other.settled(access("g5", Action.ASSIGN_WORKSPACE))
        with running(store, "r3", target="workspace-7") as elsewhere:
            elsewhere.settled(access("g6", Action.ASSIGN_WORKSPACE))
        assert store.access("account") == tuple(given)

    def test_pruning_keeps_what_tells_what_was_given_in_workspaces(self, store, clock):
        given = access("g1", Action.ASSIGN_WORKSPACE)
        with running(store, "r1") as run:
            run.settled(given)
            run.settled(change("e1"))
            (entry,) = run.announce(access("g2", Action.ASSIGN_WORKSPACE))
            failed = Outcome(access("g2", Action.ASSIGN_WORKSPACE), Result.FAILED, "no")
            store.settle("account", {entry: failed})
        store.end_run("r1", "succeeded", "{}")
        clock.advance(100)
        with running(store, "r2") as run:
            run.settled(change("e2"))
        store.end_run("r2", "succeeded", "{}")
        store.prune(clock.now() - 50)
        assert store.outcomes("r1") == (done(given),)
        assert store.access("account") == (given,)
        assert [run.run_id for run in store.runs()] == ["r2", "r1"]
        assert store.pending("account") == ()

    def test_pruning_keeps_what_tells_what_a_setup_of_a_connector_made(self, store, clock):
        made = [change("e1", action=action) for action in sorted(MADE)]
        with running(store, "r1", target=journal_name("account")) as run:
            for each in (*made, change("e1", action=Action.START)):
                run.settled(each)
        store.end_run("r1", "succeeded", "{}")
        clock.advance(100)
        with running(store, "r2") as run:
            run.settled(change("e2"))
        store.end_run("r2", "succeeded", "{}")
        store.prune(clock.now() - 50)
        assert store.outcomes("r1") == tuple(done(each) for each in made)

    def test_a_run_of_connectors_is_no_sync(self, store, clock):
        store.begin_run("r1", "sha256:1", "sha256:2", full=True)
        began = clock.now()
        clock.advance(100)
        store.begin_run("r2", NO_PLAN, "sha256:2", full=True)
        assert store.latest_run() == began
        assert [run.run_id for run in store.runs()] == ["r2", "r1"]

    def test_what_is_open_can_be_settled_after_pruning(self, store, clock):
        with running(store, "r1") as run:
            (entry,) = run.announce(change())
        clock.advance(100)
        store.prune(clock.now())
        store.settle("account", {entry: done()}, linked=[link()])
        assert store.outcomes("r1") == (done(),)


class running:  # noqa: N801  reads as a sentence in ``with``
    """A begun run that holds the lease of its target."""

    def __init__(self, store: Any, run_id: str = "r1", *, target: str = "account") -> None:
        self.store, self.run_id, self.target = store, run_id, target
        self.held = store.lease(target, run_id)

    def announce(self, *changes):
        return self.store.announce(self.run_id, self.target, changes)

    def settled(self, what, result=Result.DONE, **links):
        (entry,) = self.announce(what)
        self.store.settle(self.target, {entry: Outcome(what, result)}, **links)

    def settled_at_once(self, *changes):
        outcomes = map(done, changes)
        self.store.settle(self.target, dict(zip(self.announce(*changes), outcomes, strict=True)))

    def __enter__(self):
        self.store.begin_run(self.run_id, "sha256:plan", "sha256:settings", full=False)
        self.held.__enter__()
        return self

    def __exit__(self, *error):
        return self.held.__exit__(*error)
