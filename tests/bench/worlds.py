"""Worlds of an exact size."""

from __future__ import annotations

from random import Random
from typing import Any

from aadsync_lib.sandbox import World

ROOT = "dbx-all"


def one_group(users: int) -> World:
    """One group with so many members."""
    people = _people(users)
    return _world(people, [_group(0, ROOT, [one["id"] for one in people])])


def company_of(users: int, groups: int, each: int) -> World:
    """So many people and groups, one of them the root of all, the others with members each."""
    chance = Random(1)
    people = _people(users)
    ids = [one["id"] for one in people]
    teams = [_group(n, f"Team {n}", chance.sample(ids, each)) for n in range(1, groups)]
    reached = {member for team in teams for member in team["members"]}
    rest = [one for one in ids if one not in reached]
    return _world(people, [_group(0, ROOT, [*(team["id"] for team in teams), *rest]), *teams])


def _people(count: int) -> list[dict[str, Any]]:
    return [
        {
            "id": f"{n:08x}-aaaa-4bbb-8ccc-000000000000",
            "userPrincipalName": f"user{n}@contoso.com",
            "displayName": f"User {n}",
        }
        for n in range(count)
    ]


def _group(number: int, name: str, members: list[str]) -> dict[str, Any]:
    key = f"{number:08x}-dddd-4eee-8fff-000000000000"
    return {"id": key, "displayName": name, "members": members}


def _world(people: list[dict[str, Any]], groups: list[dict[str, Any]]) -> World:
    return World.from_json({"entra": {"users": people, "groups": groups}})
