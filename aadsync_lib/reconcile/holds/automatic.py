"""Holds back every change of a group that automatic identity management has: Databricks fills it from Entra by itself."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from aadsync_lib.model.account import Account
from aadsync_lib.model.change import Change
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.plan import Quarantined
from aadsync_lib.reconcile.context import TargetContext
from aadsync_lib.reconcile.split import Held, Split

REASON = (
    "automatic identity management has this group: Databricks takes its members from Entra, SCIM shows none "
    "of them, and nobody may write it. Take it out of the scope of this sync"
)


def hold_automatic(context: TargetContext, changes: Sequence[Change]) -> Split:
    """Leave out what would write such a group; of others it stays a member."""
    if not context.automatic:
        return Split(changes)
    return Split.of(_held(context, change) or change for change in changes)


def _held(context: TargetContext, change: Change) -> Held | None:
    if change.action.kind is not Kind.GROUP or change.target_id not in context.automatic:
        return None
    return Held(Quarantined(change.external_id, change.name, REASON), quarantined=True)


def suspects(context: TargetContext, changes: Collection[Change]) -> frozenset[str]:
    """Return the groups, by target id, that a plan would write and that look empty to SCIM alone.

    Such a group has an object id as externalId and no member (Databricks security analysis tool, on groups
    of automatic identity management).
    """
    ids = {change.target_id for change in changes if change.action.kind is Kind.GROUP}
    written = (context.target.accounts.get(target_id or "") for target_id in ids)
    return frozenset(
        account.id for account in written if account and _looks_empty(context, account)
    )


def _looks_empty(context: TargetContext, account: Account) -> bool:
    return bool(account.external_id) and context.current(account) == frozenset()
