"""Marks by which ``register`` knows what it made: the application, its credentials, where each is stored."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass

LONGEST_NOTES = 1024  # characters that Entra keeps


@dataclass(frozen=True, slots=True)
class Stored:
    """A credential that was put into a place: its key id, and the digest of the place."""

    key_id: str
    place: str


def application_name(sync: str) -> str:
    """Return what the application of a sync is called."""
    return f"aadsync-{sync}"


def tag_of(sync: str) -> str:
    """Return the line in the application's notes, and the name of each credential."""
    return f"aadsync:{sync}"


def place_digest(address: str) -> str:
    """Return what stands for a place in the notes, where there is no room for its address."""
    return hashlib.sha256(address.encode()).hexdigest()[:16]


def is_tagged(notes: str | None, sync: str) -> bool:
    """Return whether an application is the one that ``register`` made for this sync."""
    return tag_of(sync) in (line.strip() for line in (notes or "").splitlines())


def stored_in(notes: str | None, sync: str) -> tuple[Stored, ...]:
    """Return the credentials of this sync that are known to be stored, oldest first."""
    line = re.compile(rf"{re.escape(tag_of(sync))} credential (\S+) in ([0-9a-f]{{16}})")
    matches = (line.fullmatch(text.strip()) for text in (notes or "").splitlines())
    return tuple(Stored(match[1], match[2]) for match in matches if match)


def noted(notes: str | None, sync: str, stored: Collection[Stored]) -> str:
    """Return notes that have the tag and exactly these credentials, and all that others wrote.

    What others wrote gives way from its end on where there is no room for both.
    """
    tag = tag_of(sync)
    ours = [tag, *(f"{tag} credential {each.key_id} in {each.place}" for each in stored)]
    known = {tag, *(f"{tag} credential {s.key_id} in {s.place}" for s in stored_in(notes, sync))}
    others = [line for line in (notes or "").splitlines() if line.strip() not in known]
    room = LONGEST_NOTES - len("\n".join(ours)) - 1
    theirs = "\n".join(others)[: max(room, 0)].rstrip()
    return "\n".join([theirs, *ours] if theirs else ours)
