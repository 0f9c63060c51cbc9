"""The groups on a target that somebody is directly in, or would be."""

from __future__ import annotations

from collections.abc import Iterator

from aadsync_lib.engine.explain.view import View
from aadsync_lib.model.account import Account
from aadsync_lib.model.carried import Membership
from aadsync_lib.model.explanation import Direct, Next
from aadsync_lib.model.identity import Kind


class Rows:
    """Reads the rows of one view."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._side = view.side
        self._desired = view.desired
        seen = view.side.target.seen if view.account else ()
        self._there = {
            gid for gid in seen if view.account and view.account.id in view.side.members(gid)
        }

    def all(self) -> tuple[Direct, ...]:
        """Return every row, by name."""
        return tuple(sorted(self._rows(), key=lambda one: (one.name.casefold(), one.name)))

    def _rows(self) -> Iterator[Direct]:
        key, asked = self._view.identity.external_id, self._view.group
        wanted = {gid for gid, one in self._desired.groups.items() if key in one.members}
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
        store = self._view.store
        found = store.memberships(self._side.name, sorted(groups)) if groups else ()
        return {
            one.group: one
            for one in found
            if self._view.means(one.member.external_id, one.member.target_id)
        }

    def _row(
        self, gid: str | None, group: Account | None, known: Membership | None, *, wanted: bool
    ) -> Direct:
        there = group is not None and group.id in self._there
        next_, reason = (
            self._view.memberships.get(gid, (Next.NOTHING, None)) if gid else (Next.NOTHING, None)
        )
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
        held = [one.reason for one in (*plan.on_hold, *plan.quarantined) if one.external_id == gid]
        if group and group.id in plan.protected:
            return "the group is protected"
        if held and gid:
            return held[0]
        if wanted:
            return self._why_absent()
        if self._view.account and self._view.account.id in plan.protected:
            return "is protected, and loses no membership"
        ours = group and group.id in self._side.part.links.by_target
        return "is left as it is" if ours else "the group is not one of this sync"

    def _why_absent(self) -> str:
        if self._view.notes:
            return self._view.notes[0]
        if self._view.account is None and self._view.identity.enabled is False:
            return "is disabled in Entra, so no account is made"
        return "is not planned"
