"""The account of an identity on one target, and the groups it is directly in, or would be."""

from __future__ import annotations

from collections.abc import Iterator

from aadsync_lib.engine.explain.sides import Side
from aadsync_lib.engine.explain.target_identity import TargetIdentity
from aadsync_lib.engine.explain.workspaces import workspaces_of
from aadsync_lib.model.account import Account
from aadsync_lib.model.carried import Membership
from aadsync_lib.model.explanation import Direct, Next, Path, Paths, Standing, Step
from aadsync_lib.model.identity import Kind
from aadsync_lib.reconcile.paths import LISTED, ways_up


def standing(identity: TargetIdentity) -> Standing:
    """Return all that one target has of an identity."""
    account, links = identity.account, identity.side.part.links
    paths = (
        _paths(identity) if identity.group else None
    )  # which reads groups that the rows then know
    link = links.by_target.get(account.id) if account else None
    return Standing(
        target=identity.side.name,
        account=account,
        origin=link.origin if link else None,
        protected=account is not None and account.id in identity.side.plan.protected,
        next=tuple((change.action.value, change.reason) for change in identity.changes()),
        notes=identity.notes,
        groups=Rows(identity).all(),
        paths=paths,
        workspaces=workspaces_of(identity),
    )


def _paths(identity: TargetIdentity) -> Paths:
    account, side = identity.account, identity.side
    top = identity.account_of(identity.group) if identity.group else None
    if top is None or account is None:
        return Paths()
    side.read_below(top.id)
    parents = _parents(side)
    ways, whole = ways_up(account.id, top.id.__eq__, lambda member: parents.get(member, ()))
    listed = tuple(path_on(side, way) for way in ways[:LISTED])
    return Paths(listed, len(ways) - len(listed), whole)


def path_on(side: Side, way: tuple[str, ...]) -> Path:
    """Return a way through the groups of a target."""
    return Path(tuple(Step(group, side.accounts[group].name) for group in way))


def _parents(side: Side) -> dict[str, list[str]]:
    parents: dict[str, list[str]] = {}
    for group in side.read:
        for member in side.members(group):
            parents.setdefault(member, []).append(group)
    return parents


class Rows:
    """The groups that one identity is directly in on a target, or would be."""

    def __init__(self, identity: TargetIdentity) -> None:
        self._who = identity
        self._side = identity.side
        self._desired = identity.desired
        account = identity.account
        read = identity.side.read if account else ()
        self._there = {gid for gid in read if account and account.id in self._side.members(gid)}

    def all(self) -> tuple[Direct, ...]:
        """Return every row, by name."""
        return tuple(sorted(self._rows(), key=lambda row: (row.name.casefold(), row.name)))

    def _rows(self) -> Iterator[Direct]:
        key, asked = self._who.identity.external_id, self._who.group
        wanted = {gid for gid, group in self._desired.groups.items() if key in group.members}
        owned = {self._side.owners[tid]: tid for tid in self._there if tid in self._side.owners}
        groups = wanted | owned.keys()
        if asked and asked.external_id:
            groups.add(asked.external_id)
        known = self._known(groups)
        for gid in sorted(groups):
            if gid in wanted or gid in owned or gid in known:
                account = self._account(gid, owned.get(gid))
                yield self._row(gid, account, known.get(gid), wanted=gid in wanted)
        for tid in sorted(self._there - self._side.owners.keys()):
            yield self._row(None, self._side.accounts[tid], None, wanted=False)

    def _account(self, gid: str, there: str | None) -> Account | None:
        if there:
            return self._side.accounts[there]
        group = self._desired.groups.get(gid)
        return self._side.account(Kind.GROUP, gid, group.principal.name if group else gid)

    def _known(self, groups: set[str]) -> dict[str, Membership]:
        reader = self._who.reader
        stored = reader.memberships(self._side.name, sorted(groups)) if groups else ()
        return {
            row.group: row
            for row in stored
            if self._who.means(row.member.external_id, row.member.target_id)
        }

    def _row(
        self, gid: str | None, group: Account | None, known: Membership | None, *, wanted: bool
    ) -> Direct:
        there = group is not None and group.id in self._there
        next_, reason = self._who.memberships.get(gid or "", (Next.NOTHING, None))
        if reason is None and there != wanted:
            reason = self._why(gid, group, wanted=wanted)
        named = self._desired.groups.get(gid or "")
        name = named.principal.name if named else group.name if group else None
        return Direct(
            group=gid,
            target_id=group.id if group else None,
            name=name or (known.group_name if known else gid or ""),
            there=there,
            wanted=wanted,
            next=next_,
            reason=reason,
            since=known.since if known else None,
            run_id=known.run_id if known else None,
            how=known.how if known else None,
            until=known.until if known and not there else None,
            ended_by=known.ended_by if known and not there else None,
        )

    def _why(self, gid: str | None, group: Account | None, *, wanted: bool) -> str:
        """Say why a membership stays as it is although Entra has it otherwise."""
        plan = self._side.plan
        waiting = (*plan.on_hold, *plan.quarantined)
        held = [entry.reason for entry in waiting if entry.external_id == gid]
        if group and group.id in plan.protected:
            return "the group is protected"
        if held and gid:
            return held[0]
        if wanted:
            return self._why_absent()
        if self._who.account and self._who.account.id in plan.protected:
            return "is protected, and loses no membership"
        ours = group and group.id in self._side.part.links.by_target
        return "is left as it is" if ours else "the group is not one of this sync"

    def _why_absent(self) -> str:
        if self._who.notes:
            return self._who.notes[0]
        if self._who.account is None and self._who.identity.enabled is False:
            return "is disabled in Entra, so no account is made"
        return "is not planned"
