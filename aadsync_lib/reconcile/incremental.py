"""Weighs what Entra announces: whether it can concern a sync.

In doubt it does: that ends in a full run, which is never wrong.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Container, Iterable

from aadsync_lib.config.scope import GroupSelector, Scope
from aadsync_lib.model.change import Action
from aadsync_lib.model.directory import Announcement, Changes, Snapshot
from aadsync_lib.model.identity import Kind, canonical_id, normal
from aadsync_lib.model.plan import TargetPlan
from aadsync_lib.model.run import TargetReport

WIDTH = 8  # bytes of a mark; two ids of the same mark only make a run full that need not be
# Warnings that stay until Entra or the settings change. What any other one is about may end by itself.
STEADY = frozenset(
    ("cycle", "max_depth", "group_kind_skipped", "member_type_skipped", "member_type_unknown", "root_renamed", "scope_empty", "disabled_unmanaged", "protected")
)  # fmt: skip

REASSIGNED = "Entra: what an application or a filter of scope.groups finds has changed"

# Writes after which nobody has what they should not have, were they answered and not done. After any other one
# the next run looks whether it was.
HARMLESS = frozenset(
    action.value
    for action in Action
    if action.verb in ("create", "adopt", "assign", "grant") or action is Action.ADD_MEMBERS
)


class Watched(Container[str]):
    """The object ids of which every announcement concerns a sync, kept as a short mark of each."""

    def __init__(self, text: str) -> None:
        packed = base64.b64decode(text)
        self._marks = {packed[at : at + WIDTH] for at in range(0, len(packed), WIDTH)}

    def __contains__(self, object_id: object) -> bool:
        return _mark(str(object_id)) in self._marks

    @staticmethod
    def packed(ids: Iterable[str]) -> str:
        """Return these ids as the text that a store holds."""
        return base64.b64encode(b"".join(sorted(map(_mark, set(ids))))).decode("ascii")


def _mark(object_id: str) -> bytes:
    return hashlib.blake2b(object_id.encode("utf-8", "replace"), digest_size=WIDTH).digest()


def watched_ids(snapshot: Snapshot, scope: Scope, linked: Iterable[str]) -> set[str]:
    """Return whose every change concerns a sync: who is in scope, linked, or found by a selector.

    Groups of a kind that the scope does not take are among them, as they may become of another one.
    """
    return {
        *snapshot.users,
        *snapshot.service_principals,
        *snapshot.groups,
        *snapshot.roots,
        *snapshot.assigned,
        *snapshot.passed_over,
        *(root.id for root in snapshot.found),
        *(canonical_id(selector.id) for selector in scope.groups if selector.id),
        *(canonical_id(s.application) for s in scope.groups if s.application),
        *linked,
    }


def concern(changes: Changes, scope: Scope, watched: Container[str]) -> str | None:
    """Return why what is announced may concern a sync, ``None`` where it certainly does not."""
    if changes.announced is None:
        return changes.reason or "what has changed in Entra is not known"
    if changes.reassigned:
        return REASSIGNED
    for announcement in changes.announced:
        if announcement.id in watched:
            return f"Entra announces a change of a {announcement.kind.value} that this sync knows"
        if not announcement.removed and selected(announcement, scope):
            return f"Entra announces a {announcement.kind.value} that scope.groups may find"
    return None


def selected(announcement: Announcement, scope: Scope) -> bool:
    """Return whether a line of the scope may find an object."""
    return any(may_select(selector, announcement) for selector in scope.groups)


def may_select(selector: GroupSelector, announcement: Announcement) -> bool:
    """Return whether a selector may find an object, or take another one because of it.

    What a filter finds is asked for in every run, and told by nothing that is announced.
    """
    name = plain(announcement.name)
    if announcement.kind is Kind.SERVICE_PRINCIPAL:
        return bool(selector.application) and name in ("", plain(selector.application))
    if announcement.kind is not Kind.GROUP:
        return False
    if selector.prefix:
        return not name or name.startswith(plain(selector.prefix))
    return bool(selector.name) and name in ("", plain(selector.name))


def plain(name: str | None) -> str:
    return normal(name or "").lower()


def settled(plan: TargetPlan, report: TargetReport) -> bool:
    """Return whether nothing of a plan that was applied waits for time, the target or another read."""
    codes = {warning.code for warning in plan.warnings}
    return report.clean and codes <= STEADY and report.applied.keys() <= HARMLESS
