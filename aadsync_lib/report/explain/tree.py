"""Trees of an explanation: paths, and what a target has of an identity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from aadsync_lib.model.carried import MembershipOrigin
from aadsync_lib.model.explanation import (
    Direct,
    EdgeOutcome,
    Identity,
    Next,
    Paths,
    Place,
    Standing,
    Step,
    WorkspaceEntry,
)
from aadsync_lib.model.identity import Kind, Permission
from aadsync_lib.model.link import Origin
from aadsync_lib.report.document import BAD, BENT, GOOD, Branch
from aadsync_lib.report.plan_rows import shortened

PLACES = {
    Place.IN_SCOPE: "in scope",
    Place.OUT_OF_SCOPE: "in Entra, but not in scope",
    Place.DELETED: "deleted in Entra, in the recycle bin",
    Place.GONE: "gone from Entra",
    Place.UNREAD: "Entra could not say where it is",
    Place.UNKNOWN: "not known in Entra",
}


def shown(identity: Identity) -> str:
    """Return the name a person knows: an application id says nothing."""
    if identity.kind is Kind.SERVICE_PRINCIPAL:
        return identity.display_name or identity.name
    return identity.name


def who(identity: Identity) -> str:
    """Return who or what somebody is and where, as a sentence without its subject."""
    other = identity.name if shown(identity) == identity.display_name else identity.display_name
    also = f"{other}, " if other and other != shown(identity) else ""
    enabled = {True: ", enabled", False: ", disabled in Entra", None: ""}[identity.enabled]
    key = f", object id {identity.external_id}" if identity.external_id else ""
    reason = f": {identity.reason}" if identity.reason else ""
    return f"{also}{kind_of(identity.kind)}{key}{enabled}, {PLACES[identity.place]}{reason}"


def kind_of(kind: Kind) -> str:
    """Return a kind as a person says it."""
    return kind.value.replace("_", " ")


def when(seconds: float | None) -> str:
    """Return a moment, to the minute."""
    return f"{datetime.fromtimestamp(seconds or 0.0, UTC):%Y-%m-%d %H:%M} UTC"


Way = tuple[Step, ...]


def paths_tree(paths: Paths, leaf: str, limit: int | None = None) -> Iterator[Branch]:
    """Draw paths as one tree, the topmost groups first."""
    known, more = shortened(paths.listed, limit)
    yield from _grown([path.steps for path in known], leaf)
    more += paths.more
    if more or not paths.all:
        yield Branch("more", f"{'' if paths.all else 'at least '}{more:,} longer paths")


def _grown(ways: Sequence[Way], leaf: str, depth: int = 0) -> Iterator[Branch]:
    """Draw what is at this depth of ways that are the same above it."""
    found: dict[str | None, list[Way]] = {}
    for way in ways:
        found.setdefault(way[depth].group if depth < len(way) else None, []).append(way)
    for gid, same in found.items():
        words, style = _fate(same[0][depth - 1] if depth else None)
        if gid is None:
            yield Branch(leaf, words, style)
            continue
        step = same[0][depth]
        named = "named by the scope" if step.root and not depth else ""
        yield Branch(step.name, words or named, style, tuple(_grown(same, leaf, depth + 1)))


def _fate(step: Step | None) -> tuple[str, str]:
    if step is None:
        return "", ""
    match step.fate:
        case EdgeOutcome.DROPPED:
            return f"not kept: {step.reason}", BAD
        case EdgeOutcome.FLATTENED:
            return f"not nested on the targets, {step.reason}", BENT
        case _:
            return step.reason or "", BENT if step.reason else GOOD


HOW = {
    MembershipOrigin.ADDED: "added by this sync",
    MembershipOrigin.FOUND: "was there already",
    MembershipOrigin.FOREIGN: "added by somebody else",
}


def standing_branches(standing: Standing, limit: int | None) -> tuple[Branch, ...]:
    """Return the account, what the next sync does to it, what is held back, and every group."""
    branches = [_account(standing)]
    branches += [
        Branch("next sync", f"{what.replace('_', ' ')}: {why}") for what, why in standing.next
    ]
    branches += [Branch("held back", note, BENT) for note in standing.notes]
    known, more = shortened(standing.groups, limit)
    branches += [Branch(row.name, *_direct(row)) for row in known]
    if more:
        branches.append(Branch("more", f"{more:,} groups"))
    branches += [_workspace(entry) for entry in standing.workspaces]
    if standing.paths and standing.paths.listed:
        name = standing.account.name if standing.account else ""
        below = tuple(paths_tree(standing.paths, name, limit))
        branches.append(Branch("paths", "into the group that was asked for", GOOD, below))
    return tuple(branches)


def _workspace(entry: WorkspaceEntry) -> Branch:
    place = "this workspace" if entry.workspace_id is None else f"workspace {entry.workspace_id}"
    if not entry.entrances:
        return Branch(place, f"who may enter it could not be read: {entry.unread}", BENT)
    below = tuple(
        Branch(way.group or "directly", _access(way.permission, way.entitlements), GOOD)
        for way in entry.entrances
    )
    if entry.unread:
        below += (Branch("entitlements", f"could not be read: {entry.unread}", BENT),)
    return Branch(place, _access(entry.permission, entry.entitlements), GOOD, below)


def _access(permission: Permission | None, entitlements: Sequence[str]) -> str:
    return ", ".join((*((str(permission),) if permission else ()), *entitlements))


def _account(standing: Standing) -> Branch:
    if standing.account is None:
        return Branch("nothing there", tone=BAD)
    whose = {
        Origin.CREATED: "made by this sync",
        Origin.ADOPTED: "adopted by this sync",
        None: "not of this sync",
    }[standing.origin]
    people = standing.account.kind is not Kind.GROUP
    active = (", active" if standing.account.active else ", inactive") if people else ""
    protected = ", protected" if standing.protected else ""
    words = f"{kind_of(standing.account.kind)} {standing.account.id}{active}, {whose}{protected}"
    return Branch(standing.account.name, words, GOOD if standing.account.active else BENT)


def _direct(row: Direct) -> tuple[str, str]:
    since = f", since {when(row.since)} (run {row.run_id})" if row.since is not None else ""
    how = f", {HOW[row.how]}" if row.how else ""
    reason = f": {row.reason}" if row.reason and row.next is Next.NOTHING else ""
    if row.there and row.wanted:
        return f"directly, as in Entra{since}{how}", GOOD
    if row.there:
        next_ = "; the next sync removes it" if row.next is Next.REMOVES else ""
        return f"directly, but not in Entra{since}{how}{next_}{reason}", BENT
    if row.wanted:
        next_ = "; the next sync adds it" if row.next is Next.ADDS else ""
        return f"not there yet{next_}{reason}", BENT
    ended = f" until {when(row.until)} (run {row.ended_by})" if row.until is not None else ""
    return f"was there{since}{how}{ended}", ""
