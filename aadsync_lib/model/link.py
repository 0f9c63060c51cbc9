"""Links: which object on a target is whose."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from aadsync_lib.model.identity import Kind


class Origin(StrEnum):
    """How a link came to be."""

    CREATED = "created"
    ADOPTED = "adopted"


@dataclass(frozen=True, slots=True)
class Link:
    """The stored match of an Entra object to a target object, and who made it.

    ``names`` are what Entra called it beside ``name`` when it was linked: user name, mail, display name.
    """

    kind: Kind
    external_id: str
    target_id: str
    origin: Origin
    name: str
    names: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True, slots=True)
class Sharer:
    """Another sync of the store that has an object of the same place, too.

    ``in_scope``: its last complete read of Entra had the identity.
    """

    sync: str
    link: Link
    in_scope: bool = True


class Links:
    """The links of one sync on one target, found from either side."""

    def __init__(self, links: Iterable[Link] = ()) -> None:
        self.by_external = {link.external_id: link for link in links}
        self.by_target = {link.target_id: link for link in self.by_external.values()}

    def of_kind(self, kind: Kind) -> tuple[Link, ...]:
        """Return the links of one kind, in order of external id."""
        links = (link for link in self.by_external.values() if link.kind is kind)
        return tuple(sorted(links, key=lambda link: link.external_id))

    def __len__(self) -> int:
        return len(self.by_external)
