"""Finds whom a run on demand is about, by any name, in Entra and among those that the sync manages."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass

from aadsync_lib.errors import AadsyncError, UsageError
from aadsync_lib.model.directory import DirectoryMatch, Notice
from aadsync_lib.model.identity import Kind, same_name
from aadsync_lib.model.link import Link
from aadsync_lib.own_words import own
from aadsync_lib.ports import Source, StoreReader

PEOPLE, GROUPS = (Kind.USER, Kind.SERVICE_PRINCIPAL), (Kind.GROUP,)
LEFT = (
    "only what concerns {0} was planned; everything else is left for the next run of the whole sync"
)


class NobodyError(AadsyncError):
    """Neither Entra nor the sync knows the name, or Entra knows several."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Whom a run on demand is about, by object id, with the name that was asked for.

    ``above`` are the groups that Entra has them in now, at any depth; ``None`` where these could not all be read.
    """

    name: str
    kinds: Mapping[str, Kind]
    above: frozenset[str] | None

    @property
    def ids(self) -> frozenset[str]:
        """Their object ids."""
        return frozenset(self.kinds)


def asked_for(
    source: Source,
    reader: StoreReader,
    targets: Iterable[str],
    user: str | None = None,
    group: str | None = None,
) -> Asked | None:
    """Find a person, or a group; ``None`` where neither is asked for.

    Raises ``NobodyError`` for a name that nobody has, or more than one in Entra.
    """
    if user is not None and group is not None:
        raise UsageError(own("Name a user or a group, not both: --user NAME or --group NAME."))
    name, kinds = (group, GROUPS) if user is None else (user, PEOPLE)
    if name is None:
        return None
    name = name.strip()
    matches = {match.id: match for match in source.search(name, kinds)} if name else {}
    if len(matches) > 1:
        shown = sorted((key, match.name) for key, match in matches.items())
        which = ", ".join(f"{called} ({key})" for key, called in shown)
        raise NobodyError(
            f"{len(matches)} in Entra have the name {name!r}: {which}. Nothing was changed. Name the object id."
        )
    links = (link for target in targets for link in reader.links(target).by_external.values())
    linked = {link.external_id: link.kind for link in links if _is(link, name, kinds)}
    for key in linked.keys() - matches.keys():  # called otherwise by now, or gone
        matches |= {match.id: match for match in source.search(key, kinds) if match.id == key}
    ids = {key: match.kind for key, match in matches.items()} | linked
    if not ids:
        raise NobodyError(
            f"Nobody has the name {name!r}: no user name, mail address, application id, display name or "
            f"object id in Entra, and nobody whom this sync manages. Nothing was changed."
            if kinds == PEOPLE
            else f"No group has the name {name!r}: neither in Entra nor among those that this sync manages. "
            f"Nothing was changed."
        )
    return Asked(name, ids, _above(matches.values()))


def _above(matches: Collection[DirectoryMatch]) -> frozenset[str] | None:
    if any(match.groups is None for match in matches):
        return None
    return frozenset(group.id for match in matches for group in match.above)


def left_out(name: str) -> Notice:
    """Return what the report of such a run says of all the rest."""
    return Notice("on_demand", LEFT.format(name))


def _is(link: Link, name: str, kinds: tuple[Kind, ...]) -> bool:
    return link.kind in kinds and any(same_name(each, name) for each in _names(link))


def _names(link: Link) -> Iterator[str]:
    yield from (link.external_id, link.name, *link.names)
