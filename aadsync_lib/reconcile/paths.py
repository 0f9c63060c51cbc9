"""Paths through a graph of groups."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping

LISTED = 50  # paths told of
TRIED = 20_000  # partial paths looked at: their number doubles with every level of a dense nesting

Neighbours = Callable[[str], Iterable[str]]
Way = tuple[str, ...]


def ways_up(
    start: str, ends: Callable[[str], bool], parents: Neighbours
) -> tuple[tuple[Way, ...], bool]:
    """Return every way without a loop from an end down to ``start``, which it leaves out.

    The shortest come first. The second value says whether these are all: where there are too many
    to look at, the long ones are missing.
    """
    above = reached((start,), parents)
    below: dict[str, set[str]] = {}
    for node, higher in above.items():
        for parent in higher:
            below.setdefault(parent, set()).add(node)
    useful = reached([node for node in above if ends(node)], lambda n: below.get(n, ())).keys()
    paths: list[Way] = []
    waiting: deque[Way] = deque([(start,)])
    for _ in range(TRIED):
        if not waiting:
            return tuple(paths), True
        way = waiting.popleft()
        for parent in above[way[0]]:
            if parent in useful and parent not in way:
                longer = (parent, *way)
                waiting.append(longer)
                if ends(parent):
                    paths.append(longer[:-1])
    return tuple(paths), False


def shortest_down(top: str, children: Neighbours) -> Mapping[str, Way]:
    """Return, for whatever is below ``top``, a shortest way there: the nodes above it, topmost first."""
    ways: dict[str, Way] = {top: ()}
    waiting = deque([top])
    while waiting:
        node = waiting.popleft()
        for child in sorted(children(node)):
            if child not in ways:
                ways[child] = (*ways[node], node)
                waiting.append(child)
    del ways[top]
    return ways


def reached(starts: Iterable[str], neighbours: Neighbours) -> dict[str, list[str]]:
    """Return the neighbours of these nodes, and of whatever is reached by way of them."""
    graph: dict[str, list[str]] = {}
    waiting = list(starts)
    while waiting:
        node = waiting.pop()
        if node not in graph:
            graph[node] = sorted(neighbours(node))
            waiting.extend(graph[node])
    return graph
