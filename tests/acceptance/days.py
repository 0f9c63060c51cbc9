"""Two days of one company as a sync without faults carries them out, to compare others with."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace

from aadsync_lib.cli.sync import exit_code
from aadsync_lib.errors import AadsyncError
from aadsync_lib.model.link import Link
from tests.acceptance.stage import Picture, Scene, Stage, removals
from tests.acceptance.worlds import first_day, second_day

Removals = set[tuple[str, ...]]


@dataclass(frozen=True)
class Day:
    """What a sync of one day begins with, ends with and takes away."""

    scene: Scene
    before: Picture
    after: Picture
    links: frozenset[Link]
    requests: Counter[str]  # by side
    writes: int

    @property
    def removals(self) -> Removals:
        return removals(self.before, self.after)

    def faults(self, stage: Stage) -> list[str]:
        """Say what of the stage is not as this day leaves it."""
        found = [f"{name} exists twice" for name in stage.duplicates()]
        if stage.picture() != self.after:
            found.append(f"the account differs: {difference(self.after, stage.picture())}")
        links, pending = stage.links_and_pending()
        if nameless(links.values()) != self.links:
            found.append("the links differ")
        if any(stage.directory.kind_of(link.target_id) is None for link in links.values()):
            found.append("a link leads nowhere")
        if pending:
            found.append(f"{len(pending)} writes are still open in the journal")
        return found


def play(stage: Stage) -> tuple[Day, Day]:
    """Sync both days without any fault."""
    stage.show(first_day())
    first = _synced(stage)
    second_day(stage.box.world)
    second = _synced(stage)
    stage.box.log.clear()
    assert exit_code(stage.sync()) == 0
    assert stage.box.log.writes("databricks") == ()
    return first, second


def _synced(stage: Stage) -> Day:
    scene, before, mark = stage.save(), stage.picture(), stage.box.log.mark()
    assert exit_code(stage.sync()) == 0
    links = nameless(stage.links_and_pending()[0].values())
    requests = Counter(entry.side for entry in stage.box.log.select(after=mark, auth=False))
    writes = stage.box.log.writes(after=mark)
    return Day(scene, before, stage.picture(), links, requests, len(writes))


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
