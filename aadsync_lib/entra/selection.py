"""The result of a selector of the scope, and what all selectors share in reading theirs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from aadsync_lib.config.scope import GroupSelector, Scope
from aadsync_lib.entra.directory import GROUP, GROUPS, PERMISSIONS, Directory
from aadsync_lib.entra.nearest import nearest
from aadsync_lib.entra.objects import Found, read_each, read_one
from aadsync_lib.entra.wording import label
from aadsync_lib.graph.errors import GraphError
from aadsync_lib.graph.paging import Listing
from aadsync_lib.model.directory import SCOPE_EMPTY, KnownRoot, Notice
from aadsync_lib.model.identity import Kind, canonical_id, normal
from aadsync_lib.reconcile.desired.view import root_kind_notices
from aadsync_lib.responses import JsonObject

ADDS_NOBODY = "; it adds nobody to the scope"
NOUN = {Kind.GROUP: "group", Kind.SERVICE_PRINCIPAL: "enterprise application"}


@dataclass(slots=True)
class Selection:
    """The result of one selector, or of all of them together.

    ``names`` are those of assigned principals, by id. ``found`` holds what came of a selector that could
    not be read in an earlier run, too. ``passed_over`` are groups of another kind than the scope takes.
    """

    groups: dict[str, JsonObject] = field(default_factory=dict)
    assigned: dict[str, Kind] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    found: dict[tuple[str, str], KnownRoot] = field(default_factory=dict)
    unread: list[str] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    ambiguous: list[str] = field(default_factory=list)
    passed_over: set[str] = field(default_factory=set)

    @property
    def empty(self) -> bool:
        """True where nothing is selected."""
        return not self.groups and not self.assigned

    def add(self, other: Selection) -> None:
        """Take in the result of another selector."""
        self.groups |= other.groups
        self.assigned |= other.assigned
        self.names |= other.names
        self.found |= other.found
        self.unread += other.unread
        self.notices += other.notices
        self.ambiguous += other.ambiguous
        self.passed_over |= other.passed_over


class SelectorReader(ABC):
    """Reads one selector; ``known`` is what it found before."""

    def __init__(
        self,
        directory: Directory,
        scope: Scope,
        selector: GroupSelector,
        known: Iterable[KnownRoot] = (),
    ) -> None:
        self._directory = directory
        self._scope = scope
        self._selector = selector
        self._key = selector.key
        self._known = [root for root in known if root.selector in (self._key, self._roots_key)]
        self._gone: set[str] = set()
        self._selection = Selection()

    @property
    def _roots_key(self) -> str:
        """What root groups are remembered by."""
        return self._key

    async def read(self) -> Selection:
        """Return what the selector finds; what could not be read keeps what it found before."""
        await self._select()
        selection = self._selection
        if selection.unread or selection.ambiguous:
            kept = (root for root in self._known if canonical_id(root.id) not in self._gone)
            selection.found = {(r.selector, r.id): r for r in kept} | selection.found
        return selection

    @abstractmethod
    async def _select(self) -> None:
        """Find what the selector names, and note what could not be read."""

    def _known_by(self, key: str) -> Mapping[str, str]:
        """Return the names of what was found under a key before, by id."""
        return {canonical_id(root.id): root.name for root in self._known if root.selector == key}

    async def _named(self, kind: Kind, listing: Listing, name: str) -> JsonObject | None:
        """Return the object of a name: the one that had it before, whatever it is called now."""
        if listing.failure is not None:
            self._unread(listing.failure, PERMISSIONS[kind])
            return None
        rows = {row["id"]: row for row in listing.rows}
        for key, before in self._known_by(self._key).items():
            row = rows.get(key) or await read_one(
                self._directory, kind, key, GROUP if kind is Kind.GROUP else "id,displayName"
            )
            if row is None:
                self._note_gone(kind, key, before)
            elif isinstance(row, GraphError):
                self._unread(row, PERMISSIONS[kind], f"{NOUN[kind]} {label(key, before)}: ")
                return None
            elif normal(row.get("displayName")) != normal(name):
                self._note_renamed(kind, row, _exact(listing.rows, name))
                return row
            else:
                rows[key] = row
                break
        return await self._unique(kind, rows.values(), name)

    async def _unique(
        self, kind: Kind, rows: Collection[JsonObject], name: str
    ) -> JsonObject | None:
        """Return the only row of exactly this name; Graph compares without case."""
        exact = _exact(rows, name)
        if len(exact) > 1:
            ids = ", ".join(sorted(exact))
            self._selection.ambiguous.append(
                f"{self._selector}: {len(exact)} {NOUN[kind]}s have it: {ids}."
            )
            return None
        others = ", ".join(sorted(row["id"] for row in rows))
        near = f" (a name that differs in upper and lower case: {others})" if others else ""
        if not exact:
            near = near or await nearest(self._directory, kind, name)
            self._nothing(f"none of the {NOUN[kind]}s has this name{near}")
        return next(iter(exact.values()), None)

    def _note_renamed(self, kind: Kind, row: JsonObject, others: Collection[str]) -> None:
        key, name, by = row["id"], row.get("displayName"), self._selector.by
        now = f"is called {name!r} now" if name else "has no name now"
        line = f"{by}: {name}" if name else ("id" if by == "name" else by) + f": {key}"
        taken = ", ".join(sorted(others))
        other = f"; another {NOUN[kind]} has the old name and was not taken: {taken}" * bool(taken)
        self._notice(
            "root_renamed",
            f"the {NOUN[kind]} {key} {now} and stays in scope{other}. "
            f"Change this line of scope.groups to {line}",
        )

    def _note_gone(self, kind: Kind, key: str, name: str) -> None:
        self._gone.add(key)
        self._notice("root_gone", f"{NOUN[kind]} {label(key, name)} is gone from Entra")

    async def _look_up(self, ids: Iterable[str], known: Mapping[str, str]) -> list[JsonObject]:
        """Read groups that a listing left out; those that are gone and those unread are told."""
        left_out = await read_each(self._directory, Kind.GROUP, ids, GROUP, listed=True)
        rows = (self._there(key, row, known) for key, row in left_out.items())
        return [row for row in rows if row is not None]

    def _there(self, key: str, row: Found, known: Mapping[str, str]) -> JsonObject | None:
        if row is None:
            self._note_gone(Kind.GROUP, key, known.get(key, ""))
        elif isinstance(row, GraphError):
            self._unread(row, GROUPS, f"group {label(key, known.get(key))}: ")
        else:
            return row
        return None

    async def _take(self, rows: Iterable[JsonObject], *, any_kind: bool = False) -> None:
        """Take groups as roots; one that came without its name is read by itself first."""
        named = {row["id"]: row for row in rows}
        nameless = [key for key, row in named.items() if not row.get("displayName")]
        for row in await self._look_up(nameless, {}):
            named[row["id"]] = row
        there = [row for key, row in named.items() if key not in self._gone]
        for row in there if any_kind else self._of_kind(there):
            self._selection.groups[row["id"]] = row
            self._remember(row["id"], row.get("displayName"), self._roots_key)

    def _remember(self, key: str, name: object, under: str) -> None:
        root = KnownRoot(under, key, str(name or ""))
        self._selection.found[(root.selector, key)] = root

    def _of_kind(self, rows: Sequence[JsonObject]) -> list[JsonObject]:
        if self._scope.groups_of_kind == "all":
            return list(rows)
        # A group whose kind is not known counts as a security group.
        kept = [row for row in rows if row.get("securityEnabled") is not False]
        others = (row["id"] for row in rows if row.get("securityEnabled") is False)
        self._selection.passed_over.update(others)
        self._selection.notices += root_kind_notices(self._selector, len(rows) - len(kept))
        return kept

    def _nothing(self, what: str) -> None:
        self._notice(SCOPE_EMPTY, f"{what}{ADDS_NOBODY}")

    def _notice(self, code: str, what: str) -> None:
        self._selection.notices.append(Notice(code, f"{self._selector}: {what}."))

    def _unread(self, failure: GraphError, permission: str, what: str = "") -> None:
        self._selection.unread.append(f"{self._selector}: {what}{failure.reason(permission)}")


def _exact(rows: Iterable[JsonObject], name: str) -> dict[str, JsonObject]:
    return {row["id"]: row for row in rows if normal(row.get("displayName")) == normal(name)}
