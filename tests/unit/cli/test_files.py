"""Files that commands write: only their owner reads what names people, and a closed stdout is no loss."""

import os
import stat
from pathlib import Path

import pytest

from aadsync_lib.store.sqlite import SqliteStore
from tests.clock import FakeClock

GUID = "5f0a1c1e-0000-4000-8000-00000000000{}"


def mode(path):
    return stat.S_IMODE(Path(path).stat().st_mode)


@pytest.fixture(autouse=True)
def open_mask():
    """What a shell has that lets everybody read new files."""
    before = os.umask(0o022)
    yield
    os.umask(before)


@pytest.mark.parametrize("form", ["text", "json", "markdown", "html"])
@pytest.mark.parametrize("words", [("plan",), ("sync",), ("history",)])
def test_a_result_in_a_file_is_its_owners_alone(run, engine, form, words):
    Path("out").write_text("of an earlier version")
    assert mode("out") == 0o644
    assert run(*words, "--format", form, "--out", "out").exit_code == 0
    assert mode("out") == 0o600


def test_the_settings_are_as_open_as_any_file_as_they_name_no_secret(run):
    Path("aadsync.yml").unlink()
    run("init", "--tenant-id", GUID.format(1), "--account-id", GUID.format(2), "--prefix", "dbx-",
        "--source-method", "azure_cli", "--target-method", "azure_cli")  # fmt: skip
    assert mode("aadsync.yml") == 0o644


def test_the_store_and_what_sqlite_puts_beside_it_are_their_owners_alone(tmp_path):
    with SqliteStore(tmp_path / "aadsync.db", "contoso", FakeClock()) as store:
        store.begin_run("run-1", "sha256:1", "sha256:2", full=True)
        names = {path.name: mode(path) for path in tmp_path.iterdir()}
    assert names == dict.fromkeys(("aadsync.db", "aadsync.db-wal", "aadsync.db-shm"), 0o600)


def test_a_store_that_a_group_shares_stays_so(tmp_path):
    with SqliteStore(tmp_path / "aadsync.db", "contoso", FakeClock()):
        pass
    (tmp_path / "aadsync.db").chmod(0o660)
    with SqliteStore(tmp_path / "aadsync.db", "contoso", FakeClock()):
        assert mode(tmp_path / "aadsync.db") == 0o660
