"""What happens at Contoso in docs/walkthrough.md: python walkthrough.py DAY ADDRESS-OF-THE-SANDBOX."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any
from urllib.request import Request, urlopen

World = dict[str, Any]
CONTRACTORS = ("Lee Miller", "Max Planck", "Ned Kelly", "Ola Nordmann")
SCIENTISTS = (
    "Bob Noyce",
    "Eve Curie",
    "Fay Wray",
    "Gus Mahler",
    "Hal Abelson",
    "Ivy Compton",
    "Pia Lind",
)


def tuesday(world: World) -> None:
    """People come and move, a group gets a new name, and somebody works by hand in Databricks."""
    world["entra"]["users"].append(
        {
            "id": "00000001-0000-4000-8000-000000000010",
            "userPrincipalName": "pia@contoso.com",
            "displayName": "Pia Lind",
            "mail": "pia@contoso.com",
        }
    )
    _put(world, "Data Scientists", "Pia Lind", "Bob Noyce")
    _take(world, "Data Engineers", "Bob Noyce")
    _group(world, "Controllers")["displayName"] = "Financial Controllers"
    account = world["databricks"]
    engineers = next(one for one in account["groups"] if one["display_name"] == "Data Engineers")
    cyd = next(one for one in account["users"] if one["user_name"] == "cyd@contoso.com")
    engineers["members"].remove(cyd["id"])


def wednesday(world: World) -> None:
    """The contractors' project ends; a script empties a group by mistake."""
    _take(world, "dbx-contractors", *CONTRACTORS)
    _take(world, "Data Scientists", *SCIENTISTS)


def thursday(world: World) -> None:
    """The mistake is mended, and the project goes on after all."""
    _put(world, "dbx-contractors", *CONTRACTORS)
    _put(world, "Data Scientists", *SCIENTISTS)


DAYS: dict[str, Callable[[World], None]] = {
    "tuesday": tuesday,
    "wednesday": wednesday,
    "thursday": thursday,
}


def _group(world: World, name: str) -> World:
    groups: list[World] = world["entra"]["groups"]
    return next(group for group in groups if group["displayName"] == name)


def _ids(world: World, names: tuple[str, ...]) -> list[str]:
    known = {user["displayName"]: user["id"] for user in world["entra"]["users"]}
    return [known[name] for name in names]


def _put(world: World, group: str, *names: str) -> None:
    _group(world, group)["members"] += _ids(world, names)


def _take(world: World, group: str, *names: str) -> None:
    gone = _ids(world, names)
    there = _group(world, group)
    there["members"] = [one for one in there["members"] if one not in gone]


def main(day: str, address: str) -> None:
    """Let a day pass in a running sandbox."""
    place = f"{address}/_sandbox/world"
    with urlopen(place) as answer:  # noqa: S310  a loopback address
        world = json.load(answer)
    DAYS[day](world)
    body = json.dumps(world).encode()
    kind = {"Content-Type": "application/json"}
    with urlopen(Request(place, body, kind, method="PUT")):  # noqa: S310  a loopback address
        sys.stdout.write(f"{DAYS[day].__doc__}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
