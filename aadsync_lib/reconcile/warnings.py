"""Warnings of a plan: what a person should know, though nothing waits for it."""

from __future__ import annotations

from collections.abc import Iterator

from aadsync_lib.model.directory import Notice
from aadsync_lib.reconcile.context import TargetContext
from aadsync_lib.reconcile.diff.principals import PEOPLE

ABSENT = "a group shows the member {0}, which neither a listing nor a look-up by id does: it is left in it"
NO_MEMORY = (
    "no memory of this sync, but {0:,} objects on the target carry object ids of its scope: is this the "
    "first run, or the wrong store?"
)


def warnings_of(context: TargetContext) -> Iterator[Notice]:
    """Yield every warning of a target, but for those about leavers."""
    yield from context.target.notices
    yield from _memory_notices(context)
    yield from _absent(context)
    yield from _disabled(context)
    yield from _protected(context)


def _absent(context: TargetContext) -> Iterator[Notice]:
    for target_id, unread in sorted(context.absent.items()):
        if unread is None and target_id not in context.links.by_target:
            yield Notice("absent", ABSENT.format(target_id))


def _disabled(context: TargetContext) -> Iterator[Notice]:
    for external_id in sorted(context.disabled_unmanaged):
        account = context.account(external_id)
        if account and account.active:
            text = f"{account.name} is disabled in Entra, but not managed by this sync: left alone"
            yield Notice("disabled_unmanaged", text)


def _protected(context: TargetContext) -> Iterator[Notice]:
    principals = context.desired.principals
    for external_id in sorted(key for key, each in principals.items() if not each.active):
        account = context.account(external_id)
        if account and account.id in context.protected and account.active:
            text = f"{account.name} is disabled in Entra, but protected: left active"
            yield Notice("protected", text)
    for external_id in sorted(context.desired.groups):
        account = context.account(external_id)
        if account and account.id in context.protected:
            text = f"{account.name} is in scope, but protected: its name and members are left alone"
            yield Notice("protected", text)
    for _, account in context.leavers(*PEOPLE):
        if context.mirrors and account.id in context.protected and account.active:
            text = f"{account.name} left the scope, but is protected: left active"
            yield Notice("protected", text)


def _memory_notices(context: TargetContext) -> Iterator[Notice]:
    """Say that there are objects with object ids of this tenant, and that nobody remembers them."""
    if context.last_run is not None or len(context.links):
        return
    known = context.desired.principals.keys() | context.desired.groups.keys()
    count = sum(account.external_id in known for account in context.target.accounts.values())
    if count:
        yield Notice("no_memory", NO_MEMORY.format(count))
