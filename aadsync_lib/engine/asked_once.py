"""Lookups in Entra by object id during one plan: each asked once, whichever targets need it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from aadsync_lib.model.account import Unread
from aadsync_lib.model.directory import Presence
from aadsync_lib.model.identity import Kind
from aadsync_lib.ports import Source

NOTHING: Mapping[str, Presence] = MappingProxyType({})


class AskedOnce:
    """Looks up by id, in scope or not, whoever was not looked up before; all targets go by one answer."""

    def __init__(self, source: Source, presences: Mapping[str, Presence] = NOTHING) -> None:
        """``presences`` are known already, and asked for no more."""
        self._source = source
        self._presences: dict[str, Presence | Unread] = dict(presences)
        self._names: dict[str, frozenset[str] | Unread] = {}

    def look_up(self, ids: Mapping[str, Kind]) -> Mapping[str, Presence | Unread]:
        """Say of each object id where it is; an id that the source says nothing about is left out."""
        if new := {key: kind for key, kind in ids.items() if key not in self._presences}:
            self._presences |= self._source.look_up(new)
        return {key: self._presences[key] for key in ids if key in self._presences}

    def names(self, ids: Mapping[str, Kind]) -> Mapping[str, frozenset[str] | Unread]:
        """Return every name that Entra has for each object id; none for one that is gone."""
        if new := {key: kind for key, kind in ids.items() if key not in self._names}:
            self._names |= self._source.names(new)
        return {key: self._names[key] for key in ids if key in self._names}
