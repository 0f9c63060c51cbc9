"""The nested groups with what changes in each, for the tree of the page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from aadsync_lib.model.change import Change
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.plan import GroupNode
from aadsync_lib.report.escape import label
from aadsync_lib.report.html.changes import Line
from aadsync_lib.report.plan_rows import CHANGE, MEMBERS, sign_of


@dataclass(frozen=True, slots=True)
class Node:
    """A group. ``groups`` are places of nodes, ``lines`` places of changes; ``people`` may be unknown."""

    name: str
    people: int | None
    groups: tuple[int, ...]
    lines: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Edge:
    """A nesting that changes: the places of both groups, and the sign of the change."""

    outer: int
    inner: int
    sign: str


@dataclass(frozen=True, slots=True)
class Tree:
    """The nodes, the places of those that are in no other, and what changes of the nesting."""

    nodes: tuple[Node, ...]
    roots: tuple[int, ...]
    edges: tuple[Edge, ...] = ()

    @property
    def changed(self) -> int:
        """Number of groups that change."""
        return sum(bool(node.lines) for node in self.nodes)


def tree_of(groups: Sequence[GroupNode], lines: Sequence[Line]) -> Tree:
    """Return the desired nesting, and beside it the groups that only changes know.

    A group that no other one contains is a root, and so is the first group of a cycle that none leads to.
    """
    touched = _touched(lines)
    known = {group.external_id: group for group in groups}
    others = {
        key: lines[found[0]].change.name for key, found in touched.items() if key not in known
    }
    places = {key: place for place, key in enumerate((*known, *others))}
    nodes = [
        Node(
            label(group.name),
            group.people,
            _ordered(group.groups, places, known),
            tuple(touched.get(key, ())),
        )
        for key, group in known.items()
    ]
    nodes += [Node(label(name), None, (), tuple(touched[key])) for key, name in others.items()]
    return Tree(tuple(nodes), _roots(nodes), tuple(_edges(lines, places)))


def _edges(lines: Sequence[Line], places: Mapping[str, int]) -> Iterator[Edge]:
    """Yield each nesting that comes or goes once; one that does both, on two targets, changes."""
    signs: dict[tuple[int, int], str] = {}
    for line in lines:
        outer = places.get(_key(line.change))
        for member in line.change.members if line.change.action in MEMBERS else ():
            inner = places.get(member.external_id or member.target_id or member.name)
            if member.type is Kind.GROUP and outer is not None and inner is not None:
                sign = sign_of(line.change.action)
                known = signs.setdefault((outer, inner), sign)
                signs[outer, inner] = sign if known == sign else CHANGE
    return (Edge(*pair, sign) for pair, sign in signs.items())


def _touched(lines: Sequence[Line]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for place, line in enumerate(lines):
        if line.change.kind is Kind.GROUP:
            found.setdefault(_key(line.change), []).append(place)
    return found


def _key(change: Change) -> str:
    return change.external_id or change.target_id or change.name


def _ordered(
    groups: Sequence[str], places: dict[str, int], known: dict[str, GroupNode]
) -> tuple[int, ...]:
    found = [key for key in groups if key in known]
    return tuple(places[key] for key in sorted(found, key=lambda key: known[key].name.casefold()))


def _roots(nodes: Sequence[Node]) -> tuple[int, ...]:
    inner = {place for node in nodes for place in node.groups}
    roots = [place for place in range(len(nodes)) if place not in inner]
    seen = _below(nodes, roots)
    for place in range(len(nodes)):
        if place not in seen:
            roots.append(place)
            seen |= _below(nodes, [place])
    return tuple(sorted(roots, key=lambda place: nodes[place].name.casefold()))


def _below(nodes: Sequence[Node], roots: Sequence[int]) -> set[int]:
    seen, open_ = set(roots), list(roots)
    while open_:
        for place in nodes[open_.pop()].groups:
            if place not in seen:
                seen.add(place)
                open_.append(place)
    return seen
