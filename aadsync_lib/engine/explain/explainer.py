"""Explains a person, a group, or why the person is in the group."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from aadsync_lib.config.settings import Settings
from aadsync_lib.engine.explain.answers import PEOPLE, Answers
from aadsync_lib.engine.explain.finder import Finder
from aadsync_lib.engine.explain.sides import Sides
from aadsync_lib.engine.planning import Planning
from aadsync_lib.errors import SourceError, UsageError
from aadsync_lib.model.directory import DirectoryMatch
from aadsync_lib.model.explanation import Explanation, Person, Standing
from aadsync_lib.model.identity import Kind
from aadsync_lib.own_words import own
from aadsync_lib.ports import Source, StoreReader, Target
from aadsync_lib.reconcile.explain import Explained

GROUPS = (Kind.GROUP,)


class Explainer:
    """Answers a question about one sync over what ``plan`` reads, which is asked for once."""

    def __init__(
        self,
        settings: Settings,
        source: Source,
        targets: Sequence[Target],
        reader: StoreReader,
        plan: Callable[[], Planning],
    ) -> None:
        self._settings = settings
        self._source = source
        self._targets = targets
        self._reader = reader
        self._plan = plan

    def explain(self, user: str | None = None, group: str | None = None) -> Explanation:
        """Answer the question; everybody of a name is explained, which may be any name or id.

        Raises ``SourceError`` or ``TargetError`` when a side could not be read.
        """
        if not (user or "").strip() and not (group or "").strip():
            raise UsageError(
                own("explain needs somebody to explain: --user NAME, --group NAME or both")
            )
        people, no_people = self._search(user, PEOPLE)
        groups, no_groups = self._search(group, GROUPS)
        planning = self._plan()
        views = Sides.of(planning, self._targets)
        matches = (*people, *groups)
        answer = _together([self._answer(sides, matches, user, group) for sides in views])
        error = (no_people if not answer.people and user else None) or no_groups
        if answer.unknown and error:
            raise error
        verdict = planning.verdict
        digest = None if verdict.allowed or not verdict.approvable else verdict.digest
        return replace(answer, over=verdict.objections, approve=digest)

    def _search(
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
        self, sides: Sides, matches: tuple[DirectoryMatch, ...], user: str | None, group: str | None
    ) -> Explanation:
        explained = Explained(sides.snapshot, sides.scope, sides.desired, matches)
        finder = Finder(self._source, sides, explained, matches)
        people = finder.people(user) if user else ()
        groups = finder.groups(group) if group else ()
        asked = ((user, PEOPLE, people), (group, GROUPS, groups))
        unknown = {name: kinds for name, kinds, known in asked if name and not known}
        answers = Answers(sides, explained, finder, self._reader)
        pairs = [(person, within) for person in people for within in groups or (None,)]
        near = [name for asked, kinds in unknown.items() for name in finder.nearest(asked, kinds)]
        return Explanation(
            sync=self._settings.name,
            complete=sides.snapshot.complete,
            user=user,
            group=group,
            people=() if unknown else tuple(answers.person(*pair) for pair in pairs),
            groups=() if unknown or user else tuple(map(answers.group, groups)),
            unknown=tuple(unknown),
            searched=_searched(sides) if unknown else (),
            nearest=tuple(dict.fromkeys(near)),
        )


def _together(answers: Sequence[Explanation]) -> Explanation:
    """Put together what targets of different scopes answer; one that knows somebody outweighs those that do not."""
    first = next((answer for answer in answers if not answer.unknown), answers[0])
    if first.unknown or len(answers) == 1:
        searched = dict.fromkeys(line for answer in answers for line in answer.searched)
        nearest = dict.fromkeys(name for answer in answers for name in answer.nearest)
        return replace(first, searched=tuple(searched), nearest=tuple(nearest))
    known = [answer for answer in answers if not answer.unknown]
    people: dict[Person, list[Standing]] = {}
    for person in (person for answer in known for person in answer.people):
        people.setdefault(replace(person, targets=()), []).extend(person.targets)
    return replace(
        first,
        complete=all(answer.complete for answer in answers),
        people=tuple(replace(person, targets=tuple(there)) for person, there in people.items()),
        groups=tuple(group for answer in known for group in answer.groups),
    )


def _searched(sides: Sides) -> tuple[str, ...]:
    users, groups = len(sides.snapshot.users), len(sides.snapshot.groups)
    entra = (
        f"Entra: user names, mail addresses, application ids, display names and object ids, in scope or "
        f"not ({users:,} people and {groups:,} groups are in scope)"
    )
    targets = (f"{t.name}: names and ids of {len(t.accounts):,} objects" for t in sides.targets)
    return (entra, *targets)
