"""PATCHes that are answered like any other and change nothing."""

from __future__ import annotations

from collections.abc import Iterator

from aadsync_lib.sandbox.databricks.records import Kind, Record
from aadsync_lib.sandbox.databricks.switches import Operation, Switches
from aadsync_lib.sandbox.databricks.values import Draft


def deafen(draft: Draft, kind: Kind, row: Record, switches: Switches) -> None:
    """Take out of a draft what this account does not hear, and count it."""
    if not switches.deaf or not _concerns(row, switches):
        return
    for operation in list(_in(draft, kind)):
        if is_deaf(operation, row, switches):
            _drop(draft, operation)


def is_deaf(operation: Operation, row: Record, switches: Switches) -> bool:
    """Whether this one operation is not heard, which is counted."""
    left = switches.deaf.get(operation, 0)
    if not left or not _concerns(row, switches):
        return False
    if left > 0:
        switches.deaf[operation] = left - 1
    return True


def _concerns(row: Record, switches: Switches) -> bool:
    named = switches.deaf_objects
    return not named or row.id in named or row.name in named


def _in(draft: Draft, kind: Kind) -> Iterator[Operation]:
    group = kind == "Groups"
    if draft.display_name is not None:
        yield "group.displayName" if group else "displayName"
    if draft.external_id is not None:
        yield "group.externalId" if group else "externalId"
    if draft.active is not None:
        yield "active"
    if True in draft.members.values():
        yield "members.add"
    if False in draft.members.values():
        yield "members.remove"
    if draft.entitlements is not None:
        yield "entitlements"


def _drop(draft: Draft, operation: Operation) -> None:
    match operation:
        case "displayName" | "group.displayName":
            draft.display_name = None
        case "externalId" | "group.externalId":
            draft.external_id = None
        case "active":
            draft.active = None
        case "entitlements":
            draft.entitlements = None
        case "members.add":
            draft.members = {m: stays for m, stays in draft.members.items() if not stays}
        case "members.remove":
            draft.members = {m: stays for m, stays in draft.members.items() if stays}
