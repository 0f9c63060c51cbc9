"""Departments of a fictional company, nested four to six groups deep."""

import math
from dataclasses import dataclass, field
from random import Random

from aadsync_lib.sandbox.entra.state import EntraState
from aadsync_lib.sandbox.generator.people import (
    BRANCHES,
    CREATED,
    DIVISIONS,
    PLACES,
    new_id,
    numbered,
)

_LEVELS = (BRANCHES, PLACES, ("Chapter", "Guild", "Unit"), ("Squad", "Crew"))


@dataclass
class Tree:
    """Groups of the departments: by division, and the teams, in which most people are."""

    divisions: dict[str, str] = field(default_factory=dict)
    teams: list[tuple[str, str]] = field(default_factory=list)
    """Team and division name."""
    offices: list[str] = field(default_factory=list)
    """Groups between division and team."""


class Planter:
    """Grows the departments of one tenant."""

    def __init__(self, state: EntraState, rng: Random) -> None:
        self._state = state
        self._rng = rng
        self._tree = Tree()

    def plant(self, teams: int) -> Tree:
        """Grow a tree with so many teams, spread over the divisions."""
        divisions = min(len(DIVISIONS), max(2, teams // 4))
        for number in range(divisions):
            name = DIVISIONS[number]
            share = max(1, (teams + number) // divisions)
            group = self.group(name)
            self._tree.divisions[name] = group
            self._grow(group, name, name, share, level=0, left=self._rng.randint(4, 6) - 1)
        return self._tree

    def group(self, name: str, **properties: object) -> str:
        return self._state.insert(
            "group",
            {
                "id": new_id(self._rng),
                "displayName": name,
                "mailNickname": f"g{self._rng.getrandbits(48):012x}",
                "createdDateTime": CREATED,
                **properties,
            },
        )

    def _grow(
        self, parent: str, path: str, division: str, teams: int, *, level: int, left: int
    ) -> None:
        """Put ``teams`` teams ``left`` levels below ``parent``."""
        children = teams if left == 1 else max(1, round(teams ** (1 / left)))
        words = _LEVELS[min(level, len(_LEVELS) - 1)] if left > 1 else ("Team",)
        for number in range(children):
            name = f"{path} / {numbered(words, number)}"
            group = self.group(name)
            self._state.add_member(parent, group)
            if left == 1:
                self._tree.teams.append((group, division))
                continue
            self._tree.offices.append(group)
            share = (teams + number) // children
            self._grow(group, name, division, max(1, share), level=level + 1, left=left - 1)


def teams_for(people: int, team_size: int) -> int:
    return max(1, math.ceil(people / team_size))
