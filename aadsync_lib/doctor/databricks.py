"""Checks of Databricks: the login, its identity, and the room that is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from aadsync_lib.config.settings import TargetSettings
from aadsync_lib.databricks.target import ScimTarget
from aadsync_lib.doctor.finding import CheckContext, Finding, Status, one_line, sentence
from aadsync_lib.doctor.oauth_secrets import check_oauth_secret
from aadsync_lib.errors import AadsyncError
from aadsync_lib.model.account import Account, TargetSnapshot
from aadsync_lib.model.identity import Kind, name_key
from aadsync_lib.ports import Target
from aadsync_lib.report.wording import count
from aadsync_lib.wiring import open_target

MOST_PRINCIPALS = 10_000  # users and service principals of an account, and of a workspace
MOST_GROUPS = 5_000
NEARLY = 0.9  # of a limit, from where on a person should know


def check_targets(context: CheckContext) -> Iterator[Finding]:
    for target in context.settings.targets:
        if f"targets.{target.name}.auth" not in context.unresolved:
            yield from _target(context, target)


def _target(context: CheckContext, target: TargetSettings) -> Iterator[Finding]:
    try:
        opened = open_target(target, context.clock, context.secrets)
        snapshot = context.snapshots[target.name] = opened.read()
    except AadsyncError as error:
        yield Finding(f"target {target.name}", "failed", one_line(error, f"{target.name}: "))
        return
    kinds = Counter(account.kind for account in snapshot.accounts.values())
    yield Finding(
        f"target {target.name}",
        "ok",
        f"login by {target.auth.method} {_rights(target, opened)}; it lists "
        f"{count(kinds[Kind.USER], 'user')}, "
        f"{count(kinds[Kind.SERVICE_PRINCIPAL], 'service principal')}, "
        f"{count(kinds[Kind.GROUP], 'group')}.",
    )
    for notice in snapshot.notices:
        yield Finding(f"target {target.name}", "warning", sentence(notice.message))
    yield _identity(target, snapshot)
    yield from check_oauth_secret(context, target, opened, snapshot)
    principals = (Kind.USER, Kind.SERVICE_PRINCIPAL)
    yield _room(
        context, target, snapshot, principals, MOST_PRINCIPALS, "users and service principals"
    )
    yield _room(context, target, snapshot, (Kind.GROUP,), MOST_GROUPS, "groups")


def _rights(target: TargetSettings, opened: Target) -> str:
    """Return what a login may do that has read a target whole."""
    if target.level == "workspace":
        return "reads the workspace"
    if isinstance(opened, ScimTarget) and opened.through_workspace:
        return "reads the account through a workspace"
    return "is an account admin's"


def _identity(target: TargetSettings, snapshot: TargetSnapshot) -> Finding:
    own = [snapshot.accounts[key] for key in snapshot.own if key in snapshot.accounts]
    check = f"target {target.name} runs as"
    if own:
        return Finding(check, "ok", f"{_named(own[0])}; the sync never changes it.")
    detail = f"nobody that the {target.level} names: this is a SCIM token, or an identity from elsewhere."
    remedy = "Log in as a service principal, or protect the one you use in policy.protected."
    return Finding(check, "warning", detail, remedy)


def _named(account: Account) -> str:
    shown = account.display_name
    return f"{account.name} ({shown})" if shown and shown != account.name else account.name


def _room(
    context: CheckContext,
    target: TargetSettings,
    snapshot: TargetSnapshot,
    kinds: tuple[Kind, ...],
    most: int,
    what: str,
) -> Finding:
    """Count what the target will hold when everybody in scope is there as well."""
    there = {(a.kind, name_key(a.name)) for a in snapshot.accounts.values() if a.kind in kinds}
    view = context.views.get(target.name)
    wanted = (
        [*view.desired.principals.values(), *(g.principal for g in view.desired.groups.values())]
        if view
        else []
    )
    new = {(p.kind, name_key(p.name)) for p in wanted if p.kind in kinds and p.active} - there
    total = len(there) + len(new)
    status: Status = "ok" if total < most * NEARLY else "warning" if total <= most else "failed"
    remedy = None if status == "ok" else "Ask Databricks to raise the limit, or narrow the scope."
    detail = f"{total:,} of {most:,} {what}, {len(new):,} of them still to come."
    return Finding(f"target {target.name} limit", status, detail, remedy)
