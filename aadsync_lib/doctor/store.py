"""Checks of the store: that it can be read and written, and its leases."""

from __future__ import annotations

import os
import shlex
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from aadsync_lib.clock import utc
from aadsync_lib.doctor.finding import CheckContext, Finding, one_line
from aadsync_lib.errors import AadsyncError
from aadsync_lib.store.leasing import Held
from aadsync_lib.store.readonly import open_for_plan


def check_store(context: CheckContext) -> Iterator[Finding]:
    yield from _tables(context) if context.settings.store.delta else _file(context)


def _tables(context: CheckContext) -> Iterator[Finding]:
    from aadsync_lib.store.delta.readonly import open_delta_for_plan
    from aadsync_lib.store.delta.session import session

    schema = context.settings.store.delta
    assert schema
    try:
        store = open_delta_for_plan(context.spark or session(), schema, context.settings.name)
        leases, there = store.leases(), store.check()
    except AadsyncError as error:
        yield Finding("store", "failed", one_line(error))
        return
    tables = "has the tables" if there else "will get its tables by the first sync"
    yield Finding("store", "ok", f"{schema} {tables}.")
    yield from _leases(leases, context)


def _file(context: CheckContext) -> Iterator[Finding]:
    path = context.settings.folder / (context.settings.store.sqlite or "")
    try:
        leases = open_for_plan(path, context.settings.name).leases()
    except AadsyncError as error:
        yield Finding("store", "failed", one_line(error))
        return
    folder = path.parent
    blocked = [p for p in (path, folder) if p.exists() and not os.access(p, os.W_OK)]
    if blocked or not folder.exists():
        problem = f"{blocked[0]} cannot be written to." if blocked else f"{folder} does not exist."
        yield Finding("store", "failed", problem, "Change store.sqlite or the rights.")
        return
    if path.exists() and path.stat().st_mode & stat.S_IROTH:
        problem = f"{_from_here(path)} may be read by everybody on this machine, and names people."
        yield Finding(
            "store", "warning", problem, f"Run: chmod o= {shlex.quote(str(_from_here(path)))}"
        )
    made = "" if path.exists() else " will be made by the first sync"
    yield Finding("store", "ok", f"{_from_here(path)}{made}.")
    yield from _leases(leases, context)


def _from_here(path: Path) -> Path:
    """Return a path as it is written in the current folder, where it is below that."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def _leases(leases: Iterable[Held], context: CheckContext) -> Iterator[Finding]:
    for lease in leases:
        held = f"{lease.holder} has held it since {utc(lease.since)}"
        if lease.expires_at > context.clock.now():
            remedy = "Wait for that run to end; if it died, the lease ends by itself."
            detail = f"{held}, until {utc(lease.expires_at)}."
            yield Finding(f"lease {lease.target}", "warning", detail, remedy)
        else:
            detail = f"{held} and did not end; the next sync takes over and repairs."
            yield Finding(f"lease {lease.target}", "ok", detail)
