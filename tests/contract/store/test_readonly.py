"""The store as ``plan`` reads it: right, and without a trace."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import ExitStack, closing, contextmanager

import pytest

from aadsync_lib.errors import StoreError
from aadsync_lib.model.carried import CarriedState
from aadsync_lib.model.change import Action
from aadsync_lib.model.directory import KnownRoot
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Link, Origin
from aadsync_lib.store.readonly import open_for_plan
from aadsync_lib.store.sqlite import SqliteStore
from tests.clock import START, FakeClock
from tests.contract.store.build import change, link, member
from tests.contract.store.contract import running
from tests.contract.store.files import damaged_store, filled, foreign_file, newer_store, old_store
from tests.contract.store.memory_contract import adds, held, retry
from tests.contract.store.test_sqlite import kill, worker


@pytest.fixture
def path(tmp_path):
    return tmp_path / "it's 100% #1?.db"


def traces(path):
    """Everything a reader could leave in the directory."""
    return {
        file.name: (file.stat().st_mtime_ns, file.stat().st_mode, file.read_bytes())
        for file in path.parent.iterdir()
        if file.is_file()
    }


@contextmanager
def untouched(path):
    before = traces(path)
    yield
    assert traces(path) == before


def fill(path):
    with SqliteStore(path, "contoso", FakeClock()) as store:
        store.settle("account", {}, linked=[link()])
        with running(store) as run:
            run.settled(change("g1", action=Action.ADD_MEMBERS, members=(member(1),)))
            run.announce(change("e2"))


def assert_filled(reader):
    assert reader.links("account").by_external == {"e1": link()}
    assert [p.change.external_id for p in reader.pending("account")] == ["e2"]
    assert len(reader.links("workspace-7")) == 0


def test_a_file_that_is_not_there_is_an_empty_store_and_stays_away(path):
    with untouched(path):
        reader = open_for_plan(path, "contoso")
        assert len(reader.links("account")) == 0
        assert reader.pending("account") == ()
        assert reader.runs() == reader.entries() == reader.targets() == reader.members_at(9e9) == ()


def test_a_directory_that_is_not_there_is_an_empty_store_and_stays_away(tmp_path):
    assert len(open_for_plan(tmp_path / "no" / "store.db", "contoso").links("account")) == 0
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_is_an_empty_store_and_stays_empty(path):
    path.touch()
    with untouched(path):
        assert len(open_for_plan(path, "contoso").links("account")) == 0
    assert path.read_bytes() == b""


def test_a_store_at_rest_is_read_without_a_trace(path):
    fill(path)
    with untouched(path):
        assert_filled(open_for_plan(path, "contoso"))
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def test_all_that_a_store_remembers_is_read_without_a_trace(path):
    with SqliteStore(path, "contoso", FakeClock()) as store, running(store) as run:
        run.settled(adds(1), linked=[link("e1", "t1")])
        store.settle("account", {}, linked=[link("e1", "t2")])
        memory = CarriedState({"e1": 5.0}, (retry(),), (held(),), names={"e1": ("Ada",)})
        store.remember("r1", "account", memory)
        store.keep_roots([KnownRoot("name:Data", "g1", "Data")])
        store.end_run("r1", "succeeded", "{}")
        with (
            SqliteStore(path, "fabrikam", FakeClock(), places={"prod": "here"}) as other,
            other.lease("prod", "r2"),
        ):
            other.settle("prod", {}, linked=[link("e1", "t3")])
        store.places = {"account": "here"}
        expected = everything(store)
    assert all(expected)
    with untouched(path):
        reader = open_for_plan(path, "contoso", {"account": "here"})
        assert everything(reader) == expected
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def everything(store):
    return (
        [tie.names for tie in store.links("account").by_external.values()],
        store.shared("account"),
        store.roots(),
        store.former("account"),
        store.memberships("account", ["g1"]),
        store.missing("account"),
        store.retries("account"),
        store.quarantine("account"),
        store.targets(),
        store.runs(),
        store.entries(),
        store.members_at(START),
    )


def test_an_older_store_is_read_with_its_members_and_stays_old(path):
    filled(path, "version_2.sql")
    with untouched(path):
        reader = open_for_plan(path, "contoso")
        assert [one.until for one in reader.memberships("account", ["g1"])] == [None] * 4


def test_a_relative_path_is_read_as_well(path, monkeypatch):
    fill(path)
    monkeypatch.chdir(path.parent)
    assert_filled(open_for_plan(path.relative_to(path.parent), "contoso"))


def test_what_a_killed_process_left_in_the_log_is_read_without_a_trace(path):
    with worker(path, "announce") as process:
        kill(process)
    assert len(list(path.parent.iterdir())) == 3
    with untouched(path):
        assert_filled(open_for_plan(path, "contoso"))


def test_a_store_that_a_run_is_writing_is_read_without_a_trace(path):
    with worker(path, "announce"), untouched(path):
        assert_filled(open_for_plan(path, "contoso"))


def test_a_backup_of_file_and_log_alone_is_read_without_a_trace(path, tmp_path):
    with worker(path, "announce") as process:
        kill(process)
    backup = tmp_path / "backup" / "store.db"
    backup.parent.mkdir()
    shutil.copyfile(path, backup)
    shutil.copyfile(f"{path}-wal", f"{backup}-wal")
    with untouched(backup):
        assert_filled(open_for_plan(backup, "contoso"))


def test_each_read_sees_what_was_recorded_until_then(path):
    reader = open_for_plan(path, "contoso")
    assert len(reader.links("account")) == 0
    fill(path)
    assert_filled(reader)


def test_a_read_that_a_run_disturbed_is_done_again(path):
    fill(path)
    reader = open_for_plan(path, "contoso")
    rounds = []
    os.utime(path, (1, 1))  # two writes within one tick of the file system's clock look like one

    def fetch(rows):
        rounds.append(next(rows)[0])
        if len(rounds) == 1:
            with SqliteStore(path, "contoso", FakeClock()) as store:
                store.settle("account", {}, linked=[link("e2", "t2")])
            os.utime(path, (2, 2))
        if len(rounds) == 2:
            with SqliteStore(path, "contoso", FakeClock()) as store:
                store.settle("account", {}, linked=[link("e3", "t3")])
            os.utime(path, (3, 3))
            raise sqlite3.DatabaseError("malformed, as a torn read is")
        return rounds[-1]

    assert reader._read(fetch, "SELECT count(*) FROM links WHERE sync = :sync") == 3
    assert rounds == [1, 2, 3]


def test_a_read_during_which_a_run_began_to_write_is_done_again(path):
    fill(path)
    reader = open_for_plan(path, "contoso")
    rounds = []
    with ExitStack() as running_meanwhile:

        def fetch(rows):
            rounds.append(next(rows)[0])
            if len(rounds) == 1:
                store = SqliteStore(path, "contoso", FakeClock())
                running_meanwhile.enter_context(store)
                store.settle("account", {}, linked=[link("e2", "t2")])
            return rounds[-1]

        assert reader._read(fetch, "SELECT count(*) FROM links WHERE sync = :sync") == 2


def test_an_older_store_is_read_as_the_newest_version_and_stays_old(path):
    old_store(path).close()
    with untouched(path):
        reader = open_for_plan(path, "contoso")
        assert reader.links("account").by_external == {"e1": link()}
        assert [p.change for p in reader.pending("account")] == [change()]


def test_an_older_store_with_a_log_is_read_and_stays_old(path):
    killed = path.with_name("killed.db")
    with closing(old_store(path)):
        for suffix in ("", "-wal", "-shm"):
            shutil.copyfile(f"{path}{suffix}", f"{killed}{suffix}")
    with untouched(killed):
        assert open_for_plan(killed, "contoso").links("account").by_external == {"e1": link()}


def test_a_store_behind_a_symbolic_link_is_read_with_its_log(path, tmp_path):
    alias = tmp_path / "alias" / "store.db"
    alias.parent.mkdir()
    alias.symlink_to(path)
    with worker(path, "announce") as process:
        kill(process)
    assert_filled(open_for_plan(alias, "contoso"))


def test_a_newer_store_is_refused_and_not_changed(path):
    newer_store(path)
    with untouched(path), pytest.raises(StoreError, match=r"schema version 99, .* Install"):
        open_for_plan(path, "contoso")


def test_the_database_of_another_program_is_refused_and_not_changed(path):
    foreign_file(path)
    with untouched(path), pytest.raises(StoreError, match="belongs to another program"):
        open_for_plan(path, "contoso")


def test_a_file_that_is_no_database_is_an_error_with_path_and_remedy(path):
    path.write_bytes(b"not a database " * 100)
    with untouched(path), pytest.raises(StoreError, match="Restore it") as caught:
        open_for_plan(path, "contoso")
    assert str(path) in str(caught.value)


def test_a_corrupt_file_is_an_error_with_path_and_remedy(path):
    damaged_store(path)
    with untouched(path), pytest.raises(StoreError, match="Restore it") as caught:
        open_for_plan(path, "contoso").links("account")
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("name", [".", "x" * 300], ids=["directory", "name too long"])
def test_what_cannot_be_a_file_is_an_error_with_path_and_remedy(tmp_path, name):
    with pytest.raises(StoreError, match="Check that this is a file") as caught:
        open_for_plan(tmp_path / name, "contoso")
    assert str(tmp_path / name) in str(caught.value)


@pytest.mark.parametrize("name", ["'); DROP TABLE links; --", 'O"Brien', "漢字 🦄"])
def test_names_are_data(path, name):
    with SqliteStore(path, name, FakeClock()) as store:
        tie = Link(Kind.GROUP, name, f"id of {name}", Origin.ADOPTED, name)
        store.settle(name, {}, linked=[tie])
    with untouched(path):
        assert open_for_plan(path, name).links(name).by_external == {name: tie}
