"""Two days of one company as a sync without faults carries them out, to compare others with."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from aadsync_lib.cli.sync import exit_code
from aadsync_lib.errors import AadsyncError
from aadsync_lib.model.link import Link, Origin
from tests.acceptance.circumstances import CIRCUMSTANCES, ORDINARY, Circumstance
from tests.acceptance.stage import Picture, Scene, Stage, removals
from tests.acceptance.worlds import first_day, second_day

FIRST, SECOND = "first day", "second day"
Removals = set[tuple[str, ...]]


@dataclass(frozen=True)
class Day:
    """What a sync of one day begins with, ends with and takes away; ``last`` is what the next run ends with.

    ``code`` is the exit code of the first of the two, ``late`` the number of writes of the second.
    """

    scene: Scene
    before: Picture
    after: Picture
    code: int
    links: frozenset[Link]
    requests: Counter[str]  # by side
    writes: int
    last: Picture
    late: int
    circumstance: Circumstance

    @property
    def removals(self) -> Removals:
        return removals(self.before, self.after) | removals(self.before, self.last)

    def _links(self, links: Iterable[Link]) -> set[Link]:
        """Return links as this day tells them apart."""
        shared = self.circumstance.shared
        return {replace(link, origin=Origin.ADOPTED) if shared else link for link in links}

    def faults(self, stage: Stage) -> list[str]:
        """Say what of the stage is not as this day leaves it."""
        found = [f"{name} exists twice" for name in stage.duplicates()]
        if stage.picture() != self.last:
            found.append(f"the account differs: {difference(self.last, stage.picture())}")
        links, pending = stage.links_and_pending()
        if self._links(nameless(links.values())) != self._links(self.links):
            found.append("the links differ")
        if any(stage.directory.kind_of(link.target_id) is None for link in links.values()):
            found.append("a link leads nowhere")
        if pending:
            found.append(f"{len(pending)} writes are still open in the journal")
        return found


def play(stage: Stage, circumstance: Circumstance = ORDINARY) -> tuple[Day, Day]:
    """Sync both days without any fault, the second one under a circumstance."""
    world = first_day()
    circumstance.founded(world)
    stage.show(world)
    stage.configure(**circumstance.given)
    first = _synced(stage, ORDINARY)
    second_day(stage.box.world)
    circumstance.before(stage)
    second = _synced(stage, circumstance)
    stage.box.log.clear()
    assert exit_code(stage.sync()) == 0
    assert stage.box.log.writes("databricks") == ()
    return first, second


def _synced(stage: Stage, circumstance: Circumstance) -> Day:
    scene, before, mark = stage.save(), stage.picture(), stage.box.log.mark()
    circumstance.begin(stage)
    code = exit_code(stage.sync())
    after = stage.picture()
    requests = Counter(entry.side for entry in stage.box.log.select(after=mark, auth=False))
    writes = stage.box.log.writes(after=mark)
    circumstance.end(stage)
    between = stage.box.log.mark()
    assert exit_code(stage.sync()) == 0
    late = stage.box.log.writes(after=between)
    links = nameless(stage.links_and_pending()[0].values())
    last = stage.picture()
    return Day(
        scene, before, after, code, links, requests, len(writes), last, len(late), circumstance
    )


DayOf = Callable[[str, str], tuple[Stage, Day]]


def days_by_name(new_stage: Callable[[str], Stage]) -> DayOf:
    """Return what finds a day by its place and name, and its stage: played when it is first asked for."""

    @functools.cache
    def played(place: str, circumstance: Circumstance) -> tuple[Stage, tuple[Day, Day]]:
        stage = new_stage(place)
        return stage, play(stage, circumstance)

    def find(place: str, name: str) -> tuple[Stage, Day]:
        stage, (first, second) = played(place, CIRCUMSTANCES.get(name, ORDINARY))
        return stage, first if name == FIRST else second

    return find


def run(stage: Stage) -> tuple[int, str]:
    """Sync, and return the exit code of a command that did, and what it said."""
    try:
        report = stage.sync()
    except AadsyncError as error:
        return error.exit_code, str(error)
    except Exception as error:  # noqa: BLE001 - a defect, told together with the others
        return -1, f"{type(error).__name__}: {error}"
    said = [
        *(f"{o.change.action.value} {o.change.name}: {o.reason}" for o in report.failed),
        *(
            f"{one.name}: {one.reason}"
            for t in report.targets
            for one in (*t.on_hold, *t.in_quarantine)
        ),
    ]
    return exit_code(report), "; ".join(said)


def nameless(links: Iterable[Link]) -> frozenset[Link]:
    """Return links without the target's ids, which depend on who comes first."""
    return frozenset(replace(link, target_id="") for link in links)


def difference(expected: Picture, found: Picture) -> str:
    """Say which objects differ."""
    return "; ".join(
        f"{kind[:-1]} {name}: {found[kind].get(name)} instead of {expected[kind].get(name)}"
        for kind in expected
        for name in sorted(expected[kind].keys() | found[kind].keys())
        if expected[kind].get(name) != found[kind].get(name)
    )
