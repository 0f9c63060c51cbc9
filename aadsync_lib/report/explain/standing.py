"""What a target has of an identity, as branches of a tree."""

from __future__ import annotations

from aadsync_lib.model.carried import MembershipOrigin
from aadsync_lib.model.explanation import Direct, Next, Standing
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Origin
from aadsync_lib.report.document import BAD, BENT, GOOD, Branch
from aadsync_lib.report.explain.tree import paths_tree
from aadsync_lib.report.explain.words import kind_of, when
from aadsync_lib.report.plan_rows import shortened

HOW = {
    MembershipOrigin.ADDED: "added by this sync",
    MembershipOrigin.FOUND: "was there already",
    MembershipOrigin.FOREIGN: "added by somebody else",
}


def standing_branches(one: Standing, limit: int | None) -> tuple[Branch, ...]:
    """Return the account, what the next sync does to it, what is held back, and every group."""
    branches = [_account(one)]
    branches += [Branch("next sync", f"{what.replace('_', ' ')}: {why}") for what, why in one.next]
    branches += [Branch("held back", note, BENT) for note in one.notes]
    known, more = shortened(one.groups, limit)
    branches += [Branch(row.name, *_direct(row)) for row in known]
    if more:
        branches.append(Branch("more", f"{more:,} groups"))
    if one.paths and one.paths.listed:
        name = one.account.name if one.account else ""
        below = tuple(paths_tree(one.paths, name, limit))
        branches.append(Branch("paths", "into the group that was asked for", GOOD, below))
    return tuple(branches)


def _account(one: Standing) -> Branch:
    if one.account is None:
        return Branch("nothing there", tone=BAD)
    whose = {
        Origin.CREATED: "made by this sync",
        Origin.ADOPTED: "adopted by this sync",
        None: "not of this sync",
    }[one.origin]
    people = one.account.kind is not Kind.GROUP
    active = (", active" if one.account.active else ", inactive") if people else ""
    protected = ", protected" if one.protected else ""
    words = f"{kind_of(one.account.kind)} {one.account.id}{active}, {whose}{protected}"
    return Branch(one.account.name, words, GOOD if one.account.active else BENT)


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
