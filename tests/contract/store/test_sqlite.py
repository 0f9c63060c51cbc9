"""The SQLite store: the contract, and what only a file can do."""

from __future__ import annotations

import logging
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from aadsync_lib.errors import LeaseHeldError, StoreError
from aadsync_lib.model.carried import DAY, CarriedState, Membership, MembershipOrigin
from aadsync_lib.model.change import Action, MemberRef
from aadsync_lib.model.identity import Kind
from aadsync_lib.store.database import Database
from aadsync_lib.store.memberships import END_MEMBER
from aadsync_lib.store.process import Process
from aadsync_lib.store.schema import APPLICATION, MIGRATIONS, VERSION, migrate
from aadsync_lib.store.sqlite import SqliteStore
from tests.clock import START, FakeClock
from tests.contract.store.build import change, done, link
from tests.contract.store.checkpoint_contract import CheckpointContract, ended, mirrored
from tests.contract.store.contract import StoreContract, running
from tests.contract.store.files import damaged_store, filled, foreign_file, newer_store, old_store
from tests.contract.store.memory_contract import MemoryContract, held, membership, retry

ADA = replace(Process.here(), user="ada", host="laptop")
ROOT = Path(__file__).parents[3]


@pytest.fixture
def path(tmp_path):
    return tmp_path / "it's 100% #1?.db"


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def open_store(path, clock):
    opened = []

    def open_one(sync="contoso", **options):
        opened.append(SqliteStore(path, sync, clock, **{"holder": ADA, **options}))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


class TestSqliteStore(StoreContract, MemoryContract, CheckpointContract):
    @pytest.fixture
    def open_store(self, path, clock):
        stores = []

        def open_one(sync="contoso", clock=clock, **options):
            stores.append(SqliteStore(path, sync, clock, **{"holder": ADA, **options}))
            return stores[-1]

        yield open_one
        for store in stores:
            store.close()


@contextmanager
def worker(path, task):
    command = [sys.executable, "-m", "tests.contract.store.worker", str(path), task]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT
    ) as process:
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def go(process):
    process.stdin.write("\n")
    process.stdin.flush()


def kill(process):
    process.kill()
    process.wait(10)


def test_what_a_killed_process_announced_and_settled_is_there_afterwards(path, open_store):
    with worker(path, "announce") as process:
        kill(process)
    store = open_store()
    assert [p.change for p in store.pending("account")] == [change("e2")]
    assert store.outcomes("killed") == (done(),)
    assert store.links("account").by_external == {"e1": link("e1", "t1")}
    assert store.missing("account") == {"e1": 5.0}
    assert [run.status for run in store.runs()] == ["running"]


def test_the_lease_of_a_killed_process_is_taken_over_at_once(path, open_store):
    with worker(path, "announce") as process:
        store = open_store(holder=Process.here())
        with pytest.raises(LeaseHeldError, match=f"pid {process.pid} has held"):
            store.lease("account", "r2").__enter__()
        kill(process)
        with running(store, "r2") as run:
            assert run.announce(change("e3"))


def test_the_lease_of_a_process_killed_on_another_host_has_to_expire(path, open_store, clock):
    with worker(path, "announce") as process:
        kill(process)
    store = open_store(holder=replace(Process.here(), host="elsewhere"))
    with pytest.raises(LeaseHeldError):
        store.lease("account", "r2").__enter__()
    clock.advance(60)
    with store.lease("account", "r2"):
        pass


def test_of_processes_that_race_for_the_lease_exactly_one_wins(path):
    with worker(path, "race") as one, worker(path, "race") as two, worker(path, "race") as three:
        racers = (one, two, three)
        for racer in racers:
            go(racer)
        assert sorted(racer.stdout.readline() for racer in racers) == ["held\n", "held\n", "won\n"]
        for racer in racers:
            kill(racer)


class Beaten(FakeClock):
    """Counts how often a thread other than the test's asked for the time."""

    def __init__(self):
        super().__init__()
        self.beats = threading.Semaphore(0)
        self.main = threading.current_thread()

    def now(self):
        if threading.current_thread() is not self.main:
            self.beats.release()
        return super().now()

    def wait_for_a_beat(self):
        for _ in range(2):  # when the second begins, a whole one lies before it
            assert self.beats.acquire(timeout=30)


class Warned(logging.Handler):
    """Collects the warnings of the lease and lets a test wait for the first."""

    def __init__(self):
        super().__init__(logging.WARNING)
        self.messages = []
        self._first = threading.Event()

    def emit(self, record):
        self.messages.append(record.getMessage())
        self._first.set()

    def wait(self):
        assert self._first.wait(30)

    @contextmanager
    def listening(self):
        logger = logging.getLogger("aadsync_lib.store.leasing")
        logger.addHandler(self)
        try:
            yield
        finally:
            logger.removeHandler(self)


def drain(semaphore):
    while semaphore.acquire(blocking=False):
        pass


def test_the_heartbeat_keeps_the_lease_longer_than_it_lasts(path):
    clock = Beaten()
    with (
        SqliteStore(path, "contoso", clock, holder=ADA, renew_every=0.001) as store,
        SqliteStore(path, "contoso", clock, holder=ADA) as other,
        store.lease("account", "r1"),
    ):
        for _ in range(4):
            clock.advance(50)
            drain(clock.beats)
            clock.wait_for_a_beat()
        with pytest.raises(LeaseHeldError, match="since 2025-06-15T15:06:40Z"):
            other.lease("account", "r2").__enter__()


def test_the_heartbeat_ends_with_the_block(open_store):
    with open_store(renew_every=0.001).lease("account", "r1"):
        assert any(thread.name == "lease of account" for thread in threading.enumerate())
    assert not any(thread.name == "lease of account" for thread in threading.enumerate())


def test_the_heartbeat_ends_when_the_lease_is_lost(path, open_store, clock):
    before = set(threading.enumerate())
    with open_store(renew_every=0.001).lease("account", "r1"):
        (thread,) = (t for t in set(threading.enumerate()) - before if t.name == "lease of account")
        with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as connection:
            connection.execute("UPDATE leases SET fence = fence + 1")
        thread.join(30)
        assert not thread.is_alive()


def test_a_store_that_breaks_in_mid_run_neither_hangs_nor_hides_the_first_error(open_store):
    store = open_store(renew_every=0.001)
    warned = Warned()

    def run():
        with store.lease("account", "r1"):
            store.close()
            warned.wait()
            raise ZeroDivisionError

    with warned.listening(), pytest.raises(ZeroDivisionError):
        run()
    assert warned.messages[0].startswith("the lease was not renewed, trying again")
    assert warned.messages[-1].startswith("the lease was not released, it ends by itself")


def test_syncs_and_reopened_stores_share_one_file_in_wal_mode(path, open_store):
    store = open_store()
    store.settle("account", {}, linked=[link()])
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert connection.execute("PRAGMA application_id").fetchone() == (APPLICATION,)
    assert open_store().links("account").by_external == {"e1": link()}


def test_a_link_remembers_the_run_that_made_it_and_when(path, open_store, clock):
    store = open_store()
    made = clock.now()
    with running(store, "r1") as run:
        (entry,) = run.announce(change("e1"))
        store.settle("account", {entry: done()}, linked=[link("e1", "t1")])
    clock.advance(100)
    with running(store, "r2") as run:
        (entry,) = run.announce(change("e1"))
        store.settle("account", {entry: done()}, linked=[link("e1", "t1", "renamed")])
        store.settle("account", {}, linked=[link("e2", "t2")])
    store.settle("account", {}, linked=[link("e3", "t3")])
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT name, run_id, linked_at FROM links ORDER BY external_id")
        assert rows.fetchall() == [
            ("renamed", "r1", made),
            ("ada@contoso.com", "r2", made + 100),
            ("ada@contoso.com", None, made + 100),
        ]


def test_what_a_run_leaves_behind_is_kept_whole_or_not_at_all(path, open_store):
    store = open_store()
    store.settle("account", {}, linked=[link()])
    store.remember("r1", "account", CarriedState({"e1": 5.0}, (retry("k1"),), (held(),)))
    broken = CarriedState({}, (), (), (membership(1, since=None),))
    with pytest.raises(StoreError, match="NOT NULL"):
        store.remember("r2", "account", broken)
    later = open_store()
    assert later.missing("account") == {"e1": 5.0}
    assert (later.retries("account"), later.quarantine("account")) == ((retry("k1"),), (held(),))


def test_nothing_to_remember_writes_nothing(path, open_store):
    store = open_store()
    with closing(sqlite3.connect(path)) as connection:
        version = connection.execute("PRAGMA data_version").fetchone()
        store.remember("r1", "account", CarriedState())
        assert connection.execute("PRAGMA data_version").fetchone() == version
        store.remember("r1", "account", CarriedState(quarantine=(held(),)))
        assert connection.execute("PRAGMA data_version").fetchone() != version


def test_threads_and_stores_may_remember_and_settle_at_once(open_store):
    stores = [open_store(), open_store()]
    stores[0].settle("account", {}, linked=[link(f"e{n}", f"t{n}") for n in range(20)])

    def work(number: int) -> None:
        store = stores[number % 2]
        seen = membership(number, since=START)
        store.remember("r1", "account", CarriedState({f"e{number}": 5.0}, (retry(f"k{number}"),),
                                               (held(f"e{number}"),), (seen,)))  # fmt: skip

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(20)))
    (last,) = stores[0].missing("account")
    number = last.removeprefix("e")
    assert [one.key for one in stores[1].retries("account")] == [f"k{number}"]
    assert [one.external_id for one in stores[1].quarantine("account")] == [last]
    assert len(stores[1].memberships("account", ["g1"])) == 20


def some_runs(store, clock, number, every=DAY):
    """Let some runs go by, each with an outcome."""
    for _ in range(number):
        run_id = f"run {len(store.runs())}"
        with running(store, run_id) as run:
            run.settled(change())
        store.end_run(run_id, "succeeded", "{}")
        clock.advance(every)


def test_a_clock_that_jumps_ahead_deletes_no_history(open_store, clock, caplog):
    store = open_store()
    some_runs(store, clock, 3)
    clock.set_wall(clock.now() + 400 * DAY)
    some_runs(store, clock, 1)
    store.prune(clock.now() - 90 * DAY)
    assert "old records were not deleted" in caplog.text
    some_runs(store, clock, 3)
    store.prune(clock.now() - 90 * DAY)
    assert len(store.runs()) == len(store.entries()) == 7
    clock.set_wall(START + 4 * DAY)
    some_runs(store, clock, 2)
    store.prune(clock.now() - 3 * DAY)  # of those seven, three are old by clock and order alike
    left = [f"run {number}" for number in range(3, 9)]
    assert [run.run_id for run in store.runs()] == left[::-1]
    assert [entry.run_id for entry in store.entries()] == left


def test_what_is_old_by_runs_and_clock_alike_is_deleted(open_store, clock):
    store = open_store()
    some_runs(store, clock, 12, every=10 * DAY)
    store.prune(clock.now() - 30 * DAY)
    assert len(store.runs()) == len(store.entries()) == 3


def test_a_deleted_member_is_looked_up_and_not_searched_for(path, open_store):
    open_store()
    with closing(sqlite3.connect(path)) as connection:
        blank = {"sync": "", "target": "", "member": "", "run_id": "", "now": 0}
        plan = connection.execute(f"EXPLAIN QUERY PLAN {END_MEMBER}", blank).fetchall()
    assert "sync=? AND target=? AND member_target_id=?" in plan[0][3]


def test_migration_keeps_every_row_of_version_1(path, open_store):
    with closing(old_store(path)) as connection:
        before = connection.execute("SELECT * FROM links").fetchall()
    store = open_store()
    assert store.links("account").by_external == {"e1": link()}
    assert [p.change for p in store.pending("account")] == [change()]
    assert [run.run_id for run in store.runs()] == ["r1"]
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (VERSION,)
        assert connection.execute("SELECT * FROM links").fetchall() == [(*before[0], None, None)]


def test_migration_makes_memberships_of_the_members_of_version_2(path, open_store):
    filled(path, "version_2.sql")
    store = open_store()
    assert len(store.links("account")) == 5
    assert store.missing("account") == {"e2": 50.5}
    assert [p.change.action for p in store.pending("account")] == ["add_members"]
    assert [entry.outcome.result for entry in store.entries("r1")] == ["done", "failed"]
    ada, group, robot, gone = (
        MemberRef("e1", "t1", "ada@contoso.com", Kind.USER),
        MemberRef("g2", "t200", "Platform", Kind.GROUP),
        MemberRef("s1", "t3", "robot", Kind.SERVICE_PRINCIPAL),
        MemberRef(None, "t9", "t9", Kind.USER),
    )
    data = ("account", "g1", "Data Team")
    assert store.memberships("account", ["g1", "g9"]) == (
        Membership(*data, ada, MembershipOrigin.ADDED, 10.25, "r1"),
        Membership(*data, group, MembershipOrigin.ADDED, 20.0, "r2"),
        Membership(*data, robot, MembershipOrigin.ADDED, 20.0, "r2"),
        Membership(*data, gone, MembershipOrigin.ADDED, 20.0, "r2"),
        Membership("account", "g9", "g9", ada, MembershipOrigin.ADDED, 20.0, "r2"),
    )
    assert len(open_store("fabrikam").memberships("account", ["g1"])) == 1
    with running(store, "r3") as run:
        what = change("g1", "Data Team", action=Action.REMOVE_MEMBERS, members=(ada,))
        run.settled(what)
    assert len(store.members_at(START)) == 4


def test_a_migration_that_fails_leaves_the_file_as_it_was(path, monkeypatch):
    old_store(path).close()
    broken = (*MIGRATIONS, ("CREATE TABLE half (x)", "CREATE TABLE links (x)"))
    monkeypatch.setattr("aadsync_lib.store.schema.MIGRATIONS", broken)
    with (
        closing(sqlite3.connect(path, isolation_level=None)) as connection,
        pytest.raises(sqlite3.OperationalError, match="already exists"),
    ):
        migrate(connection, path, to=len(broken))
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (1,)
        names = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    assert "quarantine" not in names
    assert "half" not in names


def test_a_file_of_a_newer_version_is_refused_and_not_changed(path):
    newer_store(path)
    before = path.read_bytes()
    with pytest.raises(StoreError, match=r"schema version 99, this aadsync knows .* Install"):
        SqliteStore(path, "contoso", FakeClock())
    assert path.read_bytes() == before


def test_the_database_of_another_program_is_refused_and_not_changed(path):
    foreign_file(path)
    before = path.read_bytes()
    with pytest.raises(StoreError, match="belongs to another program"):
        SqliteStore(path, "contoso", FakeClock())
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_an_error_with_path_and_remedy(path):
    path.write_bytes(b"not a database " * 100)
    with pytest.raises(StoreError, match=r"file is not a database.*Restore it") as caught:
        SqliteStore(path, "contoso", FakeClock())
    assert str(path) in str(caught.value)


def test_a_corrupt_file_is_an_error_with_path_and_remedy(path, open_store):
    damaged_store(path)
    with pytest.raises(StoreError, match=r"malformed.*Restore it") as caught:
        open_store().links("account")
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("where", [".", "missing/aadsync.db"], ids=["directory", "no parent"])
def test_a_place_that_cannot_hold_a_file_is_an_error_with_path_and_remedy(tmp_path, where):
    with pytest.raises(StoreError, match="existing directory") as caught:
        SqliteStore(tmp_path / where, "contoso", FakeClock())
    assert str(tmp_path / where) in str(caught.value)


def test_a_place_where_wal_does_not_work_is_refused():
    with pytest.raises(StoreError, match="journal mode 'memory'"):
        SqliteStore(Path(":memory:"), "contoso", FakeClock())


def test_a_closed_store_says_so(open_store):
    store = open_store()
    store.close()
    with pytest.raises(StoreError, match="closed database"):
        store.links("account")
    with pytest.raises(StoreError, match="closed database"):
        store.settle("account", {}, linked=[link()])


def test_the_same_run_cannot_begin_twice(open_store):
    store = open_store()
    store.begin_run("r1", "", "", full=False)
    with pytest.raises(StoreError, match="UNIQUE"):
        store.begin_run("r1", "", "", full=False)


def test_a_run_that_never_began_announces_nothing(open_store):
    store = open_store()
    with store.lease("account", "r1"), pytest.raises(StoreError, match="FOREIGN KEY"):
        store.announce("r1", "account", [change()])


def test_a_new_file_waits_for_another_process_that_is_making_it(path):
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")

        class Waiting(FakeClock):
            def sleep(self, seconds):
                super().sleep(seconds)
                other.execute("ROLLBACK")

        clock = Waiting()
        SqliteStore(path, "contoso", clock).close()
        assert len(clock.sleeps) == 1


def test_a_file_that_stays_locked_is_an_error_that_says_so(path):
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        clock = FakeClock()
        with pytest.raises(StoreError, match="Another process has kept it locked for 10 s"):
            Database(path, clock)
        assert clock.slept >= 10


def test_a_mirror_that_cannot_be_kept_leaves_the_checkpoint_as_it_was(path, open_store):
    store = open_store()
    kept = mirrored("QUJD")
    ended(store, "r1", checkpoint=kept)
    with running(store, "r2"):
        pass
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE UPDATE ON mirrors BEGIN SELECT RAISE(ABORT, 'disk'); END"
        )
    with pytest.raises(StoreError, match="disk"):
        store.end_run("r2", "succeeded", "{}", mirrored("REVG"))
    left = store.checkpoint()
    assert (left, left.current) == (kept, False)
    assert store.mirror(kept.mirror_digest) == "QUJD"
