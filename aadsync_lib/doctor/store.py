"""The store: whether it can be read and written, and who holds it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from aadsync_lib.doctor.finding import Finding, Patient, one_line
from aadsync_lib.errors import AadsyncError
from aadsync_lib.store.lease import utc
from aadsync_lib.store.read import Held
from aadsync_lib.store.readonly import open_for_plan


def check_store(patient: Patient) -> Iterator[Finding]:
    yield from _tables(patient) if patient.settings.store.delta else _file(patient)


def _tables(patient: Patient) -> Iterator[Finding]:
    from aadsync_lib.store.delta.readonly import open_delta_for_plan
    from aadsync_lib.store.delta.session import session

    schema = patient.settings.store.delta
    assert schema
    try:
        store = open_delta_for_plan(patient.spark or session(), schema, patient.settings.name)
        leases, there = store.leases(), store.check()
    except AadsyncError as error:
        yield Finding("store", "failed", one_line(error))
        return
    what = "has the tables" if there else "will get its tables by the first sync"
    yield Finding("store", "ok", f"{schema} {what}.")
    yield from _leases(leases, patient)


def _file(patient: Patient) -> Iterator[Finding]:
    path = Path(patient.settings.store.sqlite or "")
    try:
        leases = open_for_plan(path, patient.settings.name).leases()
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
    yield from _leases(leases, patient)


def _leases(leases: Iterable[Held], patient: Patient) -> Iterator[Finding]:
    for lease in leases:
        held = f"{lease.holder} has held it since {utc(lease.since)}"
        if lease.expires_at > patient.clock.now():
            remedy = "Wait for that run to end; if it died, the lease ends by itself."
            yield Finding(
                f"lease {lease.target}",
                "warning",
                f"{held}, until {utc(lease.expires_at)}.",
                remedy,
            )
        else:
            what = f"{held} and did not end; the next sync takes over and repairs."
            yield Finding(f"lease {lease.target}", "ok", what)
