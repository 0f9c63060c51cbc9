"""Check of whom the settings protect: a name that neither side knows is most likely mistyped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from aadsync_lib.config.settings import Settings
from aadsync_lib.doctor.finding import CheckContext, Finding, first_few
from aadsync_lib.engine.views import View
from aadsync_lib.model.account import TargetSnapshot
from aadsync_lib.model.identity import name_key
from aadsync_lib.reconcile.protection import own_names

REMEDY = "Correct it in policy.protected, unless it comes later, or Entra alone calls somebody so who is not in scope."


def check_protected(context: CheckContext) -> Iterator[Finding]:
    """Say who of ``policy.protected`` was not met on any target or in scope, where all of them were read."""
    names = {target.name for target in context.settings.targets}
    if not (names == context.snapshots.keys() == context.views.keys()):
        return
    known = frozenset(_known(context.snapshots.values(), context.views.values()))
    yield from first_few(
        Finding(
            f"protected {name!r}",
            "warning",
            "nobody in scope or on a target has this name or id.",
            REMEDY,
        )
        for name in _protected(context.settings)
        if name_key(name.strip()) not in known
    )


def _protected(settings: Settings) -> tuple[str, ...]:
    lists = (names for each in settings.each() for _, names in each.policy.protected)
    return tuple(dict.fromkeys(name for names in lists for name in names))


def _known(snapshots: Iterable[TargetSnapshot], views: Iterable[View]) -> Iterator[str]:
    for snapshot in snapshots:
        for account in snapshot.accounts.values():
            yield from own_names(account)
            yield name_key(account.external_id or "")
    for desired in (view.desired for view in views):
        for principal in (
            *desired.principals.values(),
            *(g.principal for g in desired.groups.values()),
        ):
            yield from map(name_key, (principal.external_id, principal.name))
        for names in desired.names.values():
            yield from map(name_key, names)
