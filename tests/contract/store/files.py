"""Store files in every state that one may be found in."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from aadsync_lib.store.schema import migrate
from aadsync_lib.store.sqlite import SqliteStore
from tests.clock import FakeClock
from tests.contract.store.build import link


def migrations():
    from aadsync_lib.store.schema import MIGRATIONS

    return MIGRATIONS


def old_store(path):
    """A file as the first version left it: one run, one link, one pending change."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    migrate(connection, path, to=1)
    connection.execute(
        "INSERT INTO links VALUES"
        " ('contoso', 'account', 'user', 'e1', 't1', 'created', 'ada@contoso.com', 5.0, 'r1')"
    )
    connection.execute(
        "INSERT INTO runs VALUES"
        " ('r1', 'contoso', 'd', 's', 1, 'laptop', 'ada', 5.0, NULL, 'running', NULL)"
    )
    raw = (
        '{"action":"create_user","external_id":"e1","target_id":null,"name":"ada@contoso.com",'
        '"before":null,"after":{"userName":"ada@contoso.com","externalId":"e1","active":true},'
        '"reason":"in scope"}'
    )
    connection.execute(
        "INSERT INTO journal VALUES (7, 'r1', 'contoso', 'account', 'create_user', 'e1', NULL,"
        " 'ada@contoso.com', ?, 5.0, NULL, NULL, NULL)",
        (raw,),
    )
    return connection


def filled(path, script):
    """A file as an earlier version left it: the statements of ``script``, a file beside this one."""
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((Path(__file__).parent / script).read_text(encoding="utf-8"))


def newer_store(path):
    with closing(sqlite3.connect(path)) as connection:
        migrate(connection, path)
        connection.execute("PRAGMA user_version = 99")


def foreign_file(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE invoices (id INTEGER)")


def damaged_store(path):
    with SqliteStore(path, "contoso", FakeClock()) as store:
        store.settle("account", {}, linked=[link(f"e{n}", f"t{n}") for n in range(500)])
    raw = bytearray(path.read_bytes())
    raw[4096:] = b"\xff" * (len(raw) - 4096)
    path.write_bytes(raw)
