"""The Delta store: the contract, and what only tables can do. Real Spark, real Delta."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from aadsync_lib.errors import LeaseHeldError, StoreError
from aadsync_lib.history import History
from aadsync_lib.model.carried import CarriedState, EndReason, Membership, MembershipOrigin
from aadsync_lib.model.change import Action, MemberRef
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.run import Outcome, Result
from aadsync_lib.store.delta import lease as lease_module
from aadsync_lib.store.delta.lease import Lease
from aadsync_lib.store.delta.readonly import DeltaPlanStore, open_delta_for_plan
from aadsync_lib.store.delta.rows import COLUMNS, TYPES
from aadsync_lib.store.delta.schema import MIGRATIONS, TABLES, VERSION_TABLE, VIEWS, tables_of
from aadsync_lib.store.delta.session import moment, quoted
from aadsync_lib.store.delta.state import TargetState
from aadsync_lib.store.delta.steps import Announce, Remember, Settle
from aadsync_lib.store.delta.store import DeltaStore
from aadsync_lib.store.process import Process
from aadsync_lib.store.sqlite import SqliteStore
from tests.clock import START, FakeClock
from tests.contract.store.build import change, done, link, member
from tests.contract.store.checkpoint_contract import CheckpointContract
from tests.contract.store.contract import StoreContract, running
from tests.contract.store.days import GROUPS, live
from tests.contract.store.memory_contract import (
    MemoryContract,
    adds,
    held,
    membership,
    removes,
    retry,
)
from tests.spark import connect
from tests.unit.build import directory, group, user
from tests.unit.fakes import FakeTarget
from tests.unit.world import World

ADA = replace(Process.here(), user="ada", host="laptop")
SCHEMA = f"spark_catalog.aadsync_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"  # workers share a server
NUMBERS = count()
ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def schema(spark):
    spark.sql(f"CREATE SCHEMA {SCHEMA}").collect()
    DeltaStore(spark, SCHEMA, "contoso", FakeClock()).close()
    return SCHEMA


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def prefix():
    """The syncs of each test are its own, so that all tests share the tables."""
    return f"t{next(NUMBERS)}"


@pytest.fixture
def open_store(spark, schema, clock, prefix, monkeypatch):
    """The tables are there: looking for them at every opening would take a third of the time."""
    monkeypatch.setattr("aadsync_lib.store.delta.store.migrate", lambda *_: None)

    def open_one(sync="contoso", clock=clock, **options):
        given = {"holder": ADA, "renew_every": 3600.0} | options
        return DeltaStore(spark, schema, f"{prefix}-{sync}", clock, **given)

    return open_one


class TestDeltaStore(StoreContract, MemoryContract, CheckpointContract):
    @pytest.fixture
    def open_store(self, open_store):
        return open_store


@contextmanager
def worker(url, schema, sync, task):
    command = [sys.executable, "-m", "tests.workspace.store.delta_worker", url, schema, sync, task]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def tell(process, line):
    process.stdin.write(f"{line}\n")
    process.stdin.flush()


def commits(spark, table):
    return spark.sql(f"DESCRIBE HISTORY {quoted(SCHEMA, table)}").count()


def after(store, monkeypatch, table, act):
    """Let something happen once, right after rows of a table are there."""
    append = store._tables.append

    def appended(name, *rows):
        append(name, *rows)
        if name == table:
            monkeypatch.setattr(store._tables, "append", append)
            act()

    monkeypatch.setattr(store._tables, "append", appended)


def before(store, monkeypatch, table, act):
    """Let something happen once, right before rows of a table are added."""
    append = store._tables.append

    def appending(name, *rows):
        if name == table:
            monkeypatch.setattr(store._tables, "append", append)
            act()
        append(name, *rows)

    monkeypatch.setattr(store._tables, "append", appending)


# --- processes


def test_what_a_killed_process_recorded_is_there_and_its_lease_is_taken_over_at_once(
    spark_url, schema, open_store, prefix
):
    with worker(spark_url, schema, f"{prefix}-contoso", "announce") as process:
        assert process.stdout.readline() == "ready\n"
        store = open_store(holder=Process.here())
        with pytest.raises(LeaseHeldError, match=f"pid {process.pid} has held"):
            store.lease("account", "r2").__enter__()
        process.kill()
        process.wait(10)
    assert [p.change for p in store.pending("account")] == [change("e2")]
    assert store.outcomes("killed") == (done(),)
    assert store.links("account").by_external == {"e1": link("e1", "t1")}
    assert store.missing("account") == {"e1": 5.0}
    assert [run.status for run in store.runs()] == ["running"]
    with running(store, "r2") as run:
        (left,) = store.pending("account")
        store.settle("account", {left.entry: done(change("e2"))})
        assert run.announce(change("e3"))
    assert store.outcomes("killed") == (done(), done(change("e2")))


def test_of_processes_that_race_for_the_lease_exactly_one_wins(spark_url, schema, prefix):
    with (
        worker(spark_url, schema, prefix, "race") as one,
        worker(spark_url, schema, prefix, "race") as two,
    ):
        racers = (one, two)
        assert [racer.stdout.readline() for racer in racers] == ["ready\n", "ready\n"]
        for target in ("a", "a", "b", "b"):
            for racer in racers:
                tell(racer, target)
            assert sorted(racer.stdout.readline() for racer in racers) == ["held\n", "won\n"]
            for racer in racers:
                tell(racer, "next")


def test_syncs_of_different_targets_write_at_once(open_store):
    stores = [open_store(), open_store()]

    def run(store, target):
        with running(store, f"run of {target}", target=target) as one:
            for number in range(3):
                what = change(f"e{number}")
                one.settled(what, linked=[link(f"e{number}", f"{target} {number}")])

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run, stores, ("account", "workspace-7")))
    for target in ("account", "workspace-7"):
        assert set(stores[0].links(target).by_target) == {f"{target} {n}" for n in range(3)}
        assert len(stores[0].outcomes(f"run of {target}")) == 3


# --- the lease


def test_who_finds_another_at_the_same_fence_gives_way(open_store, monkeypatch):
    late, first = open_store(), open_store()
    held = first.lease("account", "r1")
    before(late, monkeypatch, "leases", held.__enter__)
    with pytest.raises(LeaseHeldError):
        late.lease("account", "r2").__enter__()
    first.begin_run("r1", "", "", full=True)
    assert first.announce("r1", "account", [change()])
    held.__exit__(None, None, None)
    with late.lease("account", "r2"):
        pass


def test_who_takes_a_lease_that_is_renewed_at_that_moment_gives_way(open_store, clock, monkeypatch):
    store, late = open_store(), open_store()
    with running(store, "r1") as run:
        clock.advance(61)
        before(late, monkeypatch, "leases", lambda: run.announce(change("e1")))
        with pytest.raises(LeaseHeldError, match="since 2025-06-15T15:06:40Z"):
            late.lease("account", "r2").__enter__()
        assert run.announce(change("e2"))
        clock.advance(61)
        with running(late, "r3"), pytest.raises(StoreError, match="run r1 lost its lease"):
            run.announce(change("e3"))


def test_a_run_that_loses_its_lease_while_it_announces_sends_nothing_and_takes_it_back(
    open_store, clock, monkeypatch
):
    store, other = open_store(), open_store()

    def taken():
        clock.advance(61)
        other.lease("account", "r2").__enter__()

    with running(store) as run:
        after(store, monkeypatch, "journal", taken)
        with pytest.raises(StoreError, match="run r1 lost its lease"):
            run.announce(change())
    assert other.pending("account") == ()
    why = "not sent: the run lost its lease"
    assert other.outcomes("r1") == (Outcome(change(), Result.SKIPPED, why),)


def test_the_heartbeat_keeps_the_lease_longer_than_it_lasts(open_store, clock, monkeypatch):
    beats = threading.Semaphore(0)
    renew = lease_module.Lease.renew

    def renewed(*args):
        try:
            return renew(*args)
        finally:
            beats.release()

    monkeypatch.setattr(lease_module.Lease, "renew", renewed)
    with open_store(renew_every=0.001).lease("account", "r1"):
        clock.advance(59)
        for _ in range(3):  # the second of these began after the clock was moved
            assert beats.acquire(timeout=60)
        clock.advance(2)
        with pytest.raises(LeaseHeldError, match="since 2025-06-15T15:06:40Z"):
            open_store().lease("account", "r2").__enter__()


def test_old_rows_of_leases_are_deleted_and_the_lease_stays(open_store, clock, monkeypatch, spark):
    monkeypatch.setattr(lease_module, "FEW", 3)
    store = open_store()
    for number in range(3):
        with store.lease("account", f"r{number}"):
            clock.advance(1)
    with store.lease("account", "r3"):
        rows = spark.sql(
            f"SELECT 1 FROM {quoted(SCHEMA, 'leases')} WHERE sync = :sync",
            args={"sync": store.sync},
        )
        assert rows.count() <= 3
        with pytest.raises(LeaseHeldError):
            open_store().lease("account", "r4").__enter__()


# --- group commit


def test_calls_that_wait_for_a_commit_share_the_next_one(open_store, spark):
    store = open_store()
    with running(store), ThreadPoolExecutor(8) as pool:
        made = commits(spark, "journal")
        names = [change(f"e{number}") for number in range(80)]
        entries = list(pool.map(lambda one: store.announce("r1", "account", [one]), names))
        assert commits(spark, "journal") - made <= 40
    assert len({entry for (entry,) in entries}) == 80
    pending = {p.entry: p.change for p in store.pending("account")}
    assert pending == {entry: one for (entry,), one in zip(entries, names, strict=True)}


def together(store, *calls):
    """Make calls that all wait for the same commit; return what each raised."""
    committer = store._committer
    committer._busy = True
    with ThreadPoolExecutor(len(calls)) as pool:
        running = [pool.submit(call) for call in calls]
        with committer._changed:
            while len(committer._waiting) < len(calls):
                committer._changed.wait(0.001)
            committer._busy = False
            committer._changed.notify_all()
    return [one.exception() for one in running]


def test_what_one_call_did_wrong_fails_no_other_of_the_same_commit(open_store, spark):
    store = open_store()
    store.settle("account", {}, linked=[link("e1", "t1")])
    made = commits(spark, "journal")
    good, clash, unknown, elsewhere = together(
        store,
        lambda: store.settle("account", {}, linked=[link("e2", "t2")]),
        lambda: store.settle("account", {}, linked=[link("e3", "t3"), link("e4", "t1")]),
        lambda: store.settle("account", {999: done()}, linked=[link("e5", "t5")]),
        lambda: store.settle("workspace-7", {}, linked=[link("e1", "t9")]),
    )
    assert (good, elsewhere) == (None, None)
    assert "user t1 is linked to Entra object e1" in str(clash)
    assert "no entry 999" in str(unknown)
    assert commits(spark, "journal") - made == 1
    assert set(store.links("account").by_external) == {"e1", "e2"}
    assert set(store.links("workspace-7").by_external) == {"e1"}


def test_of_two_calls_that_want_the_same_target_object_one_gets_it(open_store):
    store = open_store()
    errors = together(
        store,
        lambda: store.settle("account", {}, linked=[link("e1", "t1")]),
        lambda: store.settle("account", {}, linked=[link("e2", "t1")]),
    )
    (error,) = filter(None, errors)
    assert "user t1 is linked to Entra object" in str(error)
    assert len(store.links("account")) == 1


def test_a_lease_that_cannot_be_read_fails_the_announcements_and_not_the_outcomes(
    open_store, monkeypatch
):
    store = open_store()

    def unread(*args):
        raise StoreError("the cluster is gone")

    with running(store):
        with monkeypatch.context() as patched:
            patched.setattr("aadsync_lib.store.delta.commit.read_claims", unread)
            announced, settled = together(
                store,
                lambda: store.announce("r1", "account", [change()]),
                lambda: store.settle("account", {}, linked=[link()]),
            )
        assert (str(announced), settled) == ("the cluster is gone", None)
    assert [p.change for p in store.pending("account")] == [change()]  # may have been sent, or not
    assert store.links("account").by_external == {"e1": link()}


def test_a_commit_that_fails_fails_every_call_of_it_and_the_next_goes_on(open_store, monkeypatch):
    store = open_store()

    def broken():
        raise StoreError("the cluster is gone")

    with running(store):
        before(store, monkeypatch, "journal", broken)
        calls = [lambda n=n: store.announce("r1", "account", [change(f"e{n}")]) for n in range(2)]
        assert [str(error) for error in together(store, *calls)] == ["the cluster is gone"] * 2
        assert store.announce("r1", "account", [change("e3")])
    assert [p.change for p in store.pending("account")] == [change("e3")]


# --- the tables


def test_random_days_are_remembered_as_in_the_other_store(open_store, tmp_path, spark):
    """All of a seed's days in one commit: what is tried here is the SQL."""
    pairs = []
    for seed in range(2):
        clock = FakeClock()
        other = SqliteStore(tmp_path / f"{seed}.db", "contoso", clock, renew_every=3600.0)
        store = open_store(f"seed {seed}")
        replay(store, list(live(other, clock, seed)))
        pairs.append((store, other))
    moments = (START + 300, 9e9)
    for store, other in pairs:
        for found in (
            lambda one: one.memberships("account", GROUPS),
            lambda one: one.former("account"),
            *(lambda one, at=at: one.members_at(at) for at in moments),
        ):
            assert found(store) == found(other)
        other.prune(START + 500)
        store.prune(START + 500)
        assert store.memberships("account", GROUPS) == other.memberships("account", GROUPS)
        assert store.members_at(START + 450) == other.members_at(START + 450)
        other.close()


def replay(store, calls):
    """Write the rows of all calls, each with its own time, in one commit."""
    state = TargetState.load(store._tables, store.sync, "account")
    rows = []
    for call in calls:
        if call.noted:
            step = Remember("account", CarriedState(memberships=(call.noted,)))
        else:
            lease = Lease(store.sync, "account", call.run_id, 1, ADA, 0.0, 0.0)
            intent = Announce("account", lease, [call.outcome.change])
            rows += intent.rows(state, call.at)
            entries = {intent.entries[0]: call.outcome}
            step = Settle("account", entries, call.linked, call.unlinked, call.run_id)
        rows += step.rows(state, call.at)
    store._tables.append("journal", COLUMNS, rows)


def test_views_show_what_the_store_says(open_store, spark, clock):
    store = open_store()
    adds = change("g1", action=Action.ADD_MEMBERS, members=(member(1),))
    with running(store) as run:
        run.settled(change("e1"), linked=[link("e1", "t1")])
        run.settled(adds)
        (left,) = run.announce(change("e2"))
    of_sync = {"sync": store.sync}

    def rows(columns, view):
        query = f"SELECT {columns} FROM {quoted(SCHEMA, view)} WHERE sync = :sync ORDER BY 1"
        return [tuple(row) for row in spark.sql(query, args=of_sync).collect()]

    assert rows("external_id, target_id, kind, origin, name, run_id, unix_seconds(linked_at)", "links") == [
        ("e1", "t1", "user", "created", "ada@contoso.com", "r1", int(START))
    ]  # fmt: skip
    assert rows("entry, run_id, action, external_id, name, unix_seconds(announced_at)", "pending") == [
        (left, "r1", "create_user", "e2", "ada@contoso.com", int(START))
    ]  # fmt: skip
    assert rows("group_external_id, member_target_id, run_id, unix_seconds(added_at)", "members") == [
        ("g1", "t1", "r1", int(START))
    ]  # fmt: skip
    assert rows("external_id, action, target_id, result, unix_seconds(settled_at)", "outcomes") == [
        ("e1", "create_user", "t1", "done", int(START)),
        ("g1", "add_members", None, "done", int(START)),
    ]
    assert rows("run_id, status, host, `user`", "runs") == [("r1", "running", "laptop", "ada")]


def test_views_show_what_is_remembered(open_store, spark):
    store = open_store()
    with running(store) as run:
        run.settled(adds(1, 2), linked=[link("e1", "t1")])
        run.settled(removes(2))
        run.settled(replace(change("e3"), drift=True), Result.FAILED)
        store.remember(
            "r1", "account", CarriedState({"e1": START - 5}, (retry(),), (held(None, "Ops"),))
        )
        store.settle("account", {}, linked=[link("e2", "t2")])
        store.settle("account", {}, linked=[link("e2", "t3")])
    shown = {
        "memberships": (
            "group_name, member_name, type, how, unix_seconds(since), run_id, ending, ended_by",
            ("Data", "user 1", "user", "added", START, "r1", None, None),
            ("Data", "user 2", "user", "added", START, "r1", "removed", "r1"),
        ),
        "missing": ("external_id, target_id, unix_seconds(since)", ("e1", "t1", START - 5)),
        "retries": ("key, error, failures, unix_seconds(first)", ("k1", "no seats", 2, 5)),
        "quarantine": (
            "external_id, name, reason, unix_seconds(first_seen), times",
            (None, "Ops", "no user name", 5, 3),
        ),
        "former": ("external_id, target_id, kind", ("e2", "t2", "user")),
        "drift": ("run_id, action, external_id, result", ("r1", "create_user", "e3", "failed")),
    }
    for view, (columns, *expected) in shown.items():
        query = f"SELECT {columns} FROM {quoted(SCHEMA, view)} WHERE sync = :sync ORDER BY 1, 2"
        rows = spark.sql(query, args={"sync": store.sync}).collect()
        assert [tuple(row) for row in rows] == expected, view


def test_memory_is_one_commit_and_nothing_to_remember_is_none(open_store, spark):
    store = open_store()
    seen = membership(1, since=START)
    made = commits(spark, "journal")
    store.remember("r1", "account", CarriedState())
    assert commits(spark, "journal") == made
    store.remember("r1", "account", CarriedState({}, (retry(),), (held(),), (seen,)))
    assert commits(spark, "journal") == made + 1


def test_nothing_to_prune_makes_no_commit(open_store, spark):
    store = open_store()
    with running(store) as run:
        run.settled(adds(1))
    made = commits(spark, "journal"), commits(spark, "runs")
    store.prune(START - 50)
    assert (commits(spark, "journal"), commits(spark, "runs")) == made


def test_a_schema_of_version_1_is_migrated_with_what_it_holds(spark):
    spark.sql("CREATE SCHEMA spark_catalog.older").collect()
    tables = tables_of(spark, "spark_catalog.older", FakeClock())
    for statement in (VERSION_TABLE, *MIGRATIONS[0]):
        tables.create(statement)
    tables.append("version", "version INT", [(1,)])
    blank = dict.fromkeys(TYPES) | {"sync": "contoso", "target": "account", "run_id": "r1"}
    at = moment(START)
    rows = (
        {"event": "linked", "external_id": "g1", "target_id": "t100", "name": "Data",
         "kind": "group", "origin": "created", "linked_at": at},
        {"event": "member_added", "external_id": "g1", "target_id": "t1"},
        {"event": "member_added", "external_id": "g1", "target_id": "t2"},
        {"event": "member_removed", "external_id": "g1", "target_id": "t2"},
    )  # fmt: skip
    tables.append("journal", COLUMNS, [
        tuple((blank | row | {"seq": seq, "at": at}).values()) for seq, row in enumerate(rows)
    ])  # fmt: skip
    with DeltaStore(spark, "spark_catalog.older", "contoso", FakeClock()) as store:
        assert set(store.links("account").by_external) == {"g1"}
        unnamed = MemberRef(None, "t1", "t1", Kind.USER)
        first = Membership("account", "g1", "g1", unnamed, MembershipOrigin.ADDED, START, "r1")
        gone = replace(first, member=replace(unnamed, target_id="t2", name="t2"))
        ended = replace(gone, until=START, ending=EndReason.REMOVED, ended_by="r1")
        assert store.memberships("account", ["g1"]) == (first, ended)


def test_an_announcement_never_outlives_its_outcome(spark, schema, open_store, clock):
    """Also when the clock of who settles is behind that of who announced."""
    store = open_store()
    with running(store) as run:
        (entry,) = run.announce(change())
    slow = DeltaStore(spark, schema, store.sync, FakeClock(START - 100))
    slow.settle("account", {entry: done()})
    store.prune(START - 50)
    assert store.pending("account") == ()
    assert store.outcomes("r1") == (done(),)


def test_a_link_remembers_the_run_that_made_it_and_when(open_store, spark, clock):
    store = open_store()
    with running(store, "r1") as run:
        run.settled(change("e1"), linked=[link("e1", "t1")])
    clock.advance(100)
    with running(store, "r2") as run:
        run.settled(change("e1"), linked=[link("e1", "t1", "renamed"), link("e2", "t2")])
    rows = spark.sql(
        f"SELECT name, run_id, unix_seconds(linked_at) FROM {quoted(SCHEMA, 'links')}"
        " WHERE sync = :sync ORDER BY external_id",
        args={"sync": store.sync},
    ).collect()
    assert [tuple(row) for row in rows] == [
        ("renamed", "r1", START),
        ("ada@contoso.com", "r2", START + 100),
    ]


def test_migrations_create_and_change_nothing():
    """Delta breaks off everybody who writes a table while its metadata changes."""
    statements = [VERSION_TABLE, *(one for migration in MIGRATIONS for one in migration)]
    words = [" ".join(one.split()).upper() for one in statements]
    assert all(
        one.startswith(("CREATE TABLE IF NOT EXISTS {", "CREATE OR REPLACE VIEW {"))
        for one in words
    )
    assert not any(f"{word} " in one for one in words for word in ("ALTER", "DROP", "SET"))
    made = [one.partition("{")[2].partition("}")[0].lower() for one in words]
    tables = [name for name, one in zip(made, words, strict=True) if one.startswith("CREATE TABLE")]
    assert sorted(tables) == sorted(TABLES)
    assert set(made) - set(tables) == set(VIEWS)


def test_tables_that_two_make_at_once_are_made_and_a_newer_version_is_refused(spark, spark_url):
    schema = "spark_catalog.`2024_select`".replace("`", "")
    spark.sql("CREATE SCHEMA spark_catalog.`2024_select`").collect()
    sessions = [connect(spark_url) for _ in range(2)]
    reader = open_delta_for_plan(spark, schema, "contoso")
    assert len(reader.links("account")) == 0
    assert reader.leases() == ()
    assert spark.sql("SHOW TABLES IN spark_catalog.`2024_select`").count() == 0
    with ThreadPoolExecutor(2) as pool:
        stores = list(
            pool.map(lambda one: DeltaStore(one, schema, "contoso", FakeClock()), sessions)
        )
    stores[0].settle("account", {}, linked=[link()])
    assert stores[1].links("account").by_external == {"e1": link()}
    assert reader.links("account").by_external == {"e1": link()}
    made = spark.sql("SHOW TABLES IN spark_catalog.`2024_select`").collect()
    assert {row.tableName for row in made} == {*TABLES, *VIEWS}
    stores[0]._tables.append("version", "version INT", [(99,)])
    for opened in (lambda: DeltaStore(spark, schema, "contoso", FakeClock()),
                   lambda: open_delta_for_plan(spark, schema, "contoso")):  # fmt: skip
        with pytest.raises(StoreError, match=r"schema version 99, this aadsync knows .* Install"):
            opened()


def test_a_plan_reads_the_store_and_who_holds_it(open_store, spark, schema):
    store = open_store()
    with running(store) as run:
        run.settled(change("g1", action=Action.ADD_MEMBERS, members=(member(1),)), linked=[link()])
        run.announce(change("e2"))
        reader = open_delta_for_plan(spark, schema, store.sync)
        (held,) = reader.leases()
        assert held.holder.startswith("ada@laptop pid ")
        assert (held.target, held.since, held.expires_at) == ("account", START, START + 60)
        assert reader.links("account").by_external == {"e1": link()}
        assert [p.change.external_id for p in reader.pending("account")] == ["e2"]
        assert [one.until for one in reader.memberships("account", ["g1"])] == [None]
    assert reader.leases() == ()


class Empty:
    """A session whose tables are all there and hold nothing; it counts the queries."""

    def __init__(self):
        self.queries = 0
        self.catalog = self

    def tableExists(self, _):  # noqa: N802  as pyspark calls it
        return True

    def sql(self, statement, args):
        self.queries += 1
        return self

    def collect(self):
        return []


def test_a_read_is_one_query_and_to_ask_for_nobody_is_none():
    spark = Empty()
    store = DeltaPlanStore(spark, SCHEMA, "contoso")
    store._there = True
    of_target = (
        store.links, store.pending, store.shared, store.former, store.missing, store.retries,
        store.quarantine, lambda target: store.memberships(target, ["g1", "g2"]),
        lambda target: store.done(target, ["e1", "e2"]),
    )  # fmt: skip
    reads = [lambda read=read: read("account") for read in of_target]
    reads += [store.targets, store.runs, store.entries, lambda: store.outcomes("r1"),
              lambda: store.members_at(START)]  # fmt: skip
    for read in reads:
        assert not read()
    assert spark.queries == len(reads)
    assert store.memberships("account", []) == store.done("account", []) == ()
    assert spark.queries == len(reads)


# --- errors


def test_a_schema_that_is_not_there_is_an_error_with_its_name_and_a_remedy(spark):
    assert len(open_delta_for_plan(spark, "spark_catalog.nowhere", "contoso").links("account")) == 0
    with pytest.raises(StoreError, match=r"CREATE SCHEMA `spark_catalog`.`nowhere`") as caught:
        DeltaStore(spark, "spark_catalog.nowhere", "contoso", FakeClock())
    assert str(caught.value).startswith("spark_catalog.nowhere: the store could not be used: ")
    assert "JVM" not in str(caught.value)


class Refusing:
    """A session whose every statement is refused, as Unity Catalog words it."""

    def __init__(self, message):
        self.message = message

    def __getattr__(self, name):
        def refuse(*args, **named):
            raise RuntimeError(self.message)

        return self if name == "catalog" else refuse


@pytest.mark.parametrize(
    ("message", "remedy"),
    [
        ("[INSUFFICIENT_PERMISSIONS] User does not have USE SCHEMA on Schema 'main.aadsync'.",
         "GRANT USE SCHEMA, CREATE TABLE, SELECT, MODIFY ON SCHEMA `main`.`aadsync`"),
        ("[DELTA_CONCURRENT_APPEND] io.delta.exceptions.ConcurrentAppendException: files were added",
         "Others kept writing it at the same moment"),
        ("session is closed\n\nJVM stacktrace:\njava.lang.Error", "closed. What was recorded before is kept"),
    ],
)  # fmt: skip
def test_an_error_of_spark_says_the_schema_and_what_to_do(message, remedy):
    clock = FakeClock()
    with pytest.raises(StoreError) as caught:
        DeltaStore(Refusing(message), "main.aadsync", "contoso", clock)
    assert str(caught.value).startswith("main.aadsync: the store could not be used: ")
    assert remedy in str(caught.value)
    assert len(clock.sleeps) == (7 if "CONCURRENT" in message else 0)


def test_the_name_of_a_schema_cannot_leave_its_quotes():
    assert quoted("main.a`b", "links") == "`main`.`a``b`.`links`"


# --- a whole sync


class Kept(World):
    """A world whose store is in Delta tables; on its target no other sync of the schema has anything."""

    def __init__(self, spark, name, snapshot):
        self._spark = spark
        super().__init__(snapshot, FakeTarget(f"{name}-account"))

    def _open(self):
        return DeltaStore(self._spark, SCHEMA, self.target.name, self.clock)


def test_a_sync_is_recorded_in_few_commits_and_a_second_one_writes_nothing(spark, schema, prefix):
    people = [user(f"person {number}") for number in range(30)]
    entra = directory(*people, group("Data", people[:20]), group("AI", people[10:]))
    with Kept(spark, prefix, entra) as world:
        made = commits(spark, "journal")
        report = world.sync()
        first = commits(spark, "journal") - made
        assert report.status == "succeeded"
        assert len(world.names_of_links()) == 32
        assert world.planned().changes == ()
        world.sync()
        assert commits(spark, "journal") - made == first < 32
        assert [run.status for run in world.store.runs()] == ["succeeded", "succeeded"]


def test_history_and_undo_go_by_what_the_tables_hold(spark, schema, prefix):
    ada, bob = user("ada"), user("bob")
    both = directory(ada, bob, group("Data", [ada, bob]))
    with Kept(spark, prefix, both) as world:
        world.sync()
        before = world.clock.now()
        world.sync(directory(ada, bob, group("Data", [ada]), group("AI", [bob])))
        last = world.store.runs()[0].run_id
        undone = world.runner().undo(last)
        assert world.target.members_of("Data") == {"ada@contoso.com", "bob@contoso.com"}
        history = History(open_delta_for_plan(spark, schema, world.store.sync), world.clock)
        runs = history.runs()
        assert list(runs["undoes"].dropna()) == [last]
        assert runs["run_id"][0] == undone.run_id
        day = datetime.fromtimestamp(before, UTC).isoformat()
        assert set(history.memberships(on=day)["member"]) == {"ada@contoso.com", "bob@contoso.com"}
        assert set(history.outcomes(last, user="bob@contoso.com")["action"]) == {
            "add_members",
            "remove_members",
        }
