"""One question about a sync: reads both sides, and writes nothing."""

from __future__ import annotations

from collections.abc import Sequence

from aadsync_lib.config.settings import Settings
from aadsync_lib.engine.explain.members import PEOPLE, GroupQuestion
from aadsync_lib.engine.explain.person import PersonQuestion
from aadsync_lib.engine.explain.search import Finder
from aadsync_lib.engine.explain.watching import Seen, watch
from aadsync_lib.errors import SourceError, UsageError
from aadsync_lib.model.directory import DirectoryMatch
from aadsync_lib.model.explanation import Explanation
from aadsync_lib.model.identity import Kind
from aadsync_lib.ports import Clock, Source, StoreReader, Target
from aadsync_lib.reconcile.explain import Explained

GROUPS = (Kind.GROUP,)


class Explainer:
    """Answers questions about one sync; every question reads both sides afresh."""

    def __init__(
        self,
        settings: Settings,
        source: Source,
        targets: Sequence[Target],
        store: StoreReader,
        clock: Clock,
    ) -> None:
        self._settings = settings
        self._source = source
        self._targets = tuple(targets)
        self._store = store
        self._clock = clock

    def explain(self, user: str | None = None, group: str | None = None) -> Explanation:
        """Explain a person, a group, or why the person is in the group.

        Each may be given by any name or id; everybody of a name is explained. Raises ``SourceError``
        or ``TargetError`` when a side could not be read.
        """
        if not (user or "").strip() and not (group or "").strip():
            raise UsageError("explain needs somebody to explain: --user NAME, --group NAME or both")
        people, no_people = self._who(user, PEOPLE)
        groups, no_groups = self._who(group, GROUPS)
        seen = watch(self._settings, self._source, self._targets, self._store, self._clock)
        answer = self._answer(seen, (*people, *groups), user, group)
        error = (no_people if not answer.people and user else None) or no_groups
        if answer.unknown and error:
            raise error
        return answer

    def _who(
        self, name: str | None, kinds: tuple[Kind, ...]
    ) -> tuple[tuple[DirectoryMatch, ...], SourceError | None]:
        """Ask Entra who that is; where it will not say, the scope or a target may still know."""
        if not name:
            return (), None
        try:
            return self._source.search(name, kinds), None
        except SourceError as error:
            return (), error

    def _answer(
        self, seen: Seen, sightings: tuple[DirectoryMatch, ...], user: str | None, group: str | None
    ) -> Explanation:
        explained = Explained(seen.snapshot, self._settings.scope, seen.desired, sightings)
        finder = Finder(self._source, seen, explained, sightings)
        people = finder.people(user) if user else ()
        groups = finder.groups(group) if group else ()
        asked = ((user, PEOPLE, people), (group, GROUPS, groups))
        unknown = {name: kinds for name, kinds, found in asked if name and not found}
        about = PersonQuestion(seen, explained, finder, self._store)
        whole = GroupQuestion(seen, explained, finder, self._store)
        pairs = [(one, within) for one in people for within in groups or (None,)]
        near = [one for name, kinds in unknown.items() for one in finder.nearest(name, kinds)]
        return Explanation(
            sync=self._settings.name,
            complete=seen.snapshot.complete,
            user=user,
            group=group,
            people=() if unknown else tuple(about.explain(*pair) for pair in pairs),
            groups=() if unknown or user else tuple(map(whole.explain, groups)),
            unknown=tuple(unknown),
            searched=_searched(seen) if unknown else (),
            nearest=tuple(dict.fromkeys(near)),
        )


def _searched(seen: Seen) -> tuple[str, ...]:
    users, groups = len(seen.snapshot.users), len(seen.snapshot.groups)
    entra = (
        f"Entra: user names, mail addresses, application ids, display names and object ids, in scope or "
        f"not ({users:,} people and {groups:,} groups are in scope)"
    )
    sides = (f"{one.name}: names and ids of {len(one.accounts):,} objects" for one in seen.sides)
    return (entra, *sides)
