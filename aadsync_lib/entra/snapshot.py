"""One read of the whole scope: roots, what is below them, and everybody in it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from aadsync_lib.config.scope import Scope
from aadsync_lib.entra import translate
from aadsync_lib.entra.applications import orphaned
from aadsync_lib.entra.directory import Directory
from aadsync_lib.entra.principals import Resolved, read_service_principals, read_users
from aadsync_lib.entra.selection import Selection
from aadsync_lib.entra.selectors import select
from aadsync_lib.entra.translate import UserFields
from aadsync_lib.entra.traversal import GroupRead, Traversal
from aadsync_lib.entra.wording import counted, labels
from aadsync_lib.model.directory import (
    Group,
    KnownRoot,
    Notice,
    Selected,
    ServicePrincipal,
    Snapshot,
    User,
)
from aadsync_lib.model.identity import Kind
from aadsync_lib.reconcile.desired.view import nested_kind_notices


@dataclass(frozen=True)
class _Unresolved:
    """Who is gone from Entra, and why others could not be read; ``names`` are what they were listed as."""

    gone: frozenset[str]
    missing: Mapping[str, str]
    names: Mapping[str, str]

    def reasons(self, ids: Iterable[str], noun: str) -> Iterator[str]:
        """Yield who of these could not be read, by reason."""
        by_reason: dict[str, list[str]] = {}
        for key in ids if self.missing else ():
            if key in self.missing:
                by_reason.setdefault(self.missing[key], []).append(key)
        for reason, keys in sorted(by_reason.items()):
            yield f"{counted(len(keys), noun)} could not be read: {labels(keys, self.names)}: {reason}"


async def read_snapshot(
    directory: Directory,
    scope: Scope,
    known: Collection[KnownRoot],
    attributes: Collection[str] = (),
) -> Snapshot:
    """Read everything in scope, and say of what could not be read, in full or at all, that it was not."""
    selection, by_line = await select(directory, scope, known)
    traversal = Traversal(directory, scope)
    await traversal.down(selection.groups.values())
    principals = selection.assigned | members_of(traversal.groups.values())
    users = await read_users(
        directory, of_kind(principals, Kind.USER), UserFields.of(scope.users, attributes)
    )
    service_principals = await read_service_principals(
        directory, of_kind(principals, Kind.SERVICE_PRINCIPAL), traversal.service_principal_rows
    )
    return assembled(selection, by_line, traversal, users, service_principals)


def assembled(
    selection: Selection,
    by_line: Mapping[str, Selection],
    traversal: Traversal,
    users: Resolved[User],
    service_principals: Resolved[ServicePrincipal],
) -> Snapshot:
    """Put together what was found, what is below it, and who is in that."""
    groups = traversal.groups
    unresolved = _Unresolved(
        users.gone | service_principals.gone | traversal.gone,
        users.missing | service_principals.missing,
        selection.names | traversal.names,
    )
    gone = unresolved.gone
    selected = tuple(_selected(line, part, unresolved) for line, part in by_line.items())
    return Snapshot(
        roots=frozenset(selection.groups) - gone,
        users=users.principals,
        service_principals=service_principals.principals,
        groups={key: _group(groups[key], unresolved) for key in sorted(groups)},
        assigned=frozenset(selection.assigned) - gone,
        unread=tuple(dict.fromkeys(reason for part in selected for reason in part.unread)),
        notices=(
            *selection.notices,
            *_notices(traversal),
            *_gone_notices(unresolved, selection.assigned, groups.values()),
        ),
        found=tuple(root for root in selection.found.values() if root.id not in gone),
        selected=selected,
        passed_over=frozenset(selection.passed_over | traversal.passed_over) - groups.keys(),
    )


def _selected(line: str, selection: Selection, unresolved: _Unresolved) -> Selected:
    unread = unresolved.reasons(selection.assigned, "assigned principal")
    return Selected(
        line,
        frozenset(selection.groups) - unresolved.gone,
        frozenset(selection.assigned) - unresolved.gone,
        (*selection.unread, *unread),
        tuple(selection.notices),
    )


def members_of(groups: Iterable[GroupRead]) -> dict[str, Kind]:
    return {key: kind for group in groups for key, kind in group.members.items()}


def of_kind(principals: Mapping[str, Kind], kind: Kind) -> list[str]:
    return [key for key, its in principals.items() if its is kind]


def _group(read: GroupRead, unresolved: _Unresolved) -> Group:
    reasons = "; ".join((*read.reasons, *unresolved.reasons(read.members, "member")))
    if reasons and not read.row.get("displayName"):
        reasons = f"group {read.row['id']}: {reasons}"
    members = frozenset(read.members.keys() - unresolved.gone)
    return translate.group(read.row, members, reasons or None)


def _notices(traversal: Traversal) -> list[Notice]:
    notices = [_skipped(name, count) for name, count in sorted(traversal.skipped.items())]
    return notices + nested_kind_notices(traversal.other_kind)


def _skipped(name: str, count: int) -> Notice:
    if name in translate.NO_PRINCIPALS:
        return Notice("member_type_skipped", f"{count} members of type {name} were left out.")
    what = f"{count} members of type {name} were left out: this version does not know the type."
    return Notice("member_type_unknown", what)


def _gone_notices(
    unresolved: _Unresolved, assigned: Collection[str], groups: Iterable[GroupRead]
) -> Iterator[Notice]:
    """Yield who was listed, but certainly is not there any more, and so keeps nothing back."""
    if not unresolved.gone:
        return
    members = frozenset().union(*(group.members.keys() & unresolved.gone for group in groups))
    if members:
        who = f"{counted(len(members), 'member')} of groups: {labels(members, unresolved.names)}"
        what = f"{who}: gone from Entra, though a group still listed them; they were left out."
        yield Notice("member_gone", what)
    for key in sorted(unresolved.gone & set(assigned)):
        yield orphaned(labels([key], unresolved.names))
