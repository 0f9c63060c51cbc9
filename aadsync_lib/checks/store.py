"""The store: whether it can be read and written, and who holds it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from aadsync_lib.checks.finding import Finding, Patient, one_line
from aadsync_lib.errors import AadsyncError
from aadsync_lib.store.lease import utc
from aadsync_lib.store.process import Process
from aadsync_lib.store.readonly import open_for_plan

LEASES = (
    "SELECT target, holder, since, expires_at FROM leases WHERE sync = ? AND run_id IS NOT NULL"
)


def check_store(patient: Patient) -> Iterator[Finding]:
    if patient.settings.store.sqlite is None:
        return
    path = Path(patient.settings.store.sqlite)
    try:
        reader: Any = open_for_plan(path, patient.settings.name)
        # The port has no word for leases, as planning does not ask for them.
        rows = reader._read(  # noqa: SLF001
            lambda db: db.execute(LEASES, (patient.settings.name,)).fetchall(), ()
        )
    except AadsyncError as error:
        yield Finding("store", "failed", one_line(error))
        return
    blocked = [
        each for each in (path, path.parent) if each.exists() and not os.access(each, os.W_OK)
    ]
    if blocked or not path.parent.exists():
        where = blocked[0] if blocked else path.parent
        what = "cannot be written to." if blocked else "does not exist."
        yield Finding("store", "failed", f"{where} {what}", "Change store.sqlite or the rights.")
        return
    yield Finding(
        "store", "ok", f"{path}{'' if path.exists() else ' will be made by the first sync'}."
    )
    for target, holder, since, expires in rows:
        held = f"{Process.from_json(holder)} has held it since {utc(since)}"
        if expires > patient.clock.now():
            remedy = "Wait for that run to end; if it died, the lease ends by itself."
            yield Finding(f"lease {target}", "warning", f"{held}, until {utc(expires)}.", remedy)
        else:
            what = f"{held} and did not end; the next sync takes over and repairs."
            yield Finding(f"lease {target}", "ok", what)
