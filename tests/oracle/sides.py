"""One sync of two targets, each with settings of its own, and for each what the oracle has to remember."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import Any

from aadsync_lib.config.settings import Settings
from aadsync_lib.engine.refusal import RefusedError
from aadsync_lib.model.directory import Selected, Snapshot
from aadsync_lib.model.run import RunReport
from aadsync_lib.reconcile.guard import breaches
from tests.oracle.compare import broken_off
from tests.oracle.counts import EVERYTHING
from tests.oracle.days import Event, Scenery, pick
from tests.oracle.doubles import CountedSource, DoorTarget, NoOther
from tests.oracle.inline import one_thread
from tests.oracle.ledger import RunLog
from tests.oracle.other import OtherSync
from tests.oracle.own_settings import FILE_EVENTS, SettingsFile
from tests.oracle.tenant import UNREAD, Tenant, direct_members, without_services
from tests.oracle.watched import Scene
from tests.oracle.weeks import DAY, Company, none
from tests.unit.world import World

NAMES = ("account", "sales")
REROOT_BOTH = "reroot_both"  # a group enters or leaves what the line finds that both may have


class Side(Company):
    """One of the targets. In force there is what a file for it alone would say."""

    def __init__(self, both: Both, target: DoorTarget, other: OtherSync | NoOther) -> None:
        self.both, self.world, self.target, self.ledger = both, both.world, target, RunLog()
        self.other = other
        self.target.announced = self._announced
        self.target.on_write = lambda _: both.open_doors()
        self.roots: set[str] = set()  # that its own line finds
        self._ran_at, self.unheard = self.now, ()

    @property
    def name(self) -> str:
        return self.target.name

    @property
    def skew(self) -> float:
        return self.both.skew

    @property
    def tenant(self) -> Tenant:
        """Entra as it is, with what the lines of this target find."""
        return self.both.found_by(self.lines)

    @property
    def lines(self) -> Sequence[Mapping[str, str]]:
        own = self.both.file.own[self.name]["scope"]
        chosen: Sequence[Mapping[str, str]] = (self.both.file.whole["scope"] | own)["groups"]
        return chosen

    @property
    def config(self) -> Settings:
        return self.both.file.alone(self.name)

    def read(self) -> Snapshot:
        """Return what a read for this target alone would bring."""
        return self.both.reading(self.lines, direct=self.config.scope.nested == "direct")

    def configure(self, name: str, value: Any) -> None:
        self.both.configure(name, value, self.name)

    def happen_here(self, event: Event) -> None:
        """Let something happen in Entra or on this target."""
        tenant = replace(self.both.tenant, roots=self.roots)
        scenery = Scenery(
            tenant=tenant,
            target=self.target,
            configure=self.configure,
            advance=self.world.clock.advance,
            sync_other=self.both.sides[0]._sync_other,
            set_clock=self.both.set_clock,
            open=self._open,
        )
        event.happen(scenery)
        self.both.tenant.unseen |= tenant.unseen

    def expect_trouble(self) -> Callable[[bool, bool], None]:
        """Look at everything before a run in which something goes wrong; what is returned compares.

        It is told whether the run ``ended`` here, and whether an answer of this target may have been lost.
        """
        before, then, foretell, wishes = self.foretell()
        mark = len(self.target.effects)

        def compare(ended: bool, lost: bool) -> None:
            foretold, after = foretell(), self.target.scene()
            self.settle(mark, foretold, wishes, ended=ended, unanswered=lost)
            self.forbid(mark, foretold, then, before, wishes)
            none(broken_off(foretold, before, after))

        return compare

    def over(self, limits: Container[str], report: RunReport) -> Iterator[str]:
        """Yield which of these limits, all of them 0, a run has gone over that was not refused."""
        assert report.plan
        own = replace(report.plan, targets=(self._part(report.plan.targets),))
        for breach in breaches(own, EVERYTHING):
            if breach.limit in limits:
                yield f"{self.name} may have no {breach.limit}, and has {breach.count}"

    def untouched(self) -> Callable[[bool], None]:
        """Look at everything before a run that may write nothing here; what is returned compares.

        It is told whether the run counts as a read.
        """
        before, _, _, wishes = self.foretell()
        sent = len(self.target.log)

        def compare(read: bool) -> None:
            assert len(self.target.log) == sent
            assert self.target.scene() == before
            if read:
                self._missed(wishes)
            self.relink()

        return compare


@dataclass(frozen=True)
class Placed:
    """Something that happens, and to which of the targets or of their settings."""

    side: int
    event: Event


class Both:
    """Entra, two targets, the sync of them, and another one of the first target's place."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._stack.enter_context(one_thread())
        self.tenant, self.file = Tenant(), SettingsFile.of(NAMES)
        self.dark: set[str] = set()  # lines that cannot be read today
        self.common: set[str] = set()  # roots that the line finds which both may have
        self.skew = self._skew_before = 0.0
        targets = tuple(
            DoorTarget(name, salt=salt) for name, salt in zip(NAMES, ("", "of "), strict=True)
        )
        self.world = self._stack.enter_context(World(None, *targets, config=self.file.loaded()))
        self.source = CountedSource(self.tenant, self._read)
        self.world.source = self.source
        other = OtherSync(self.world, self.tenant, targets[0])
        self.sides = [Side(self, targets[0], other), Side(self, targets[1], NoOther())]

    def close(self) -> None:
        self._stack.close()

    # --- Entra, as it is read

    def found_by(self, some: Sequence[Mapping[str, str]], dark: bool = False) -> Tenant:
        """Return Entra with what these lines find, or what they find of it today."""
        keys = [one for one in some if not (dark and _word(one) in self.dark)]
        own = {side.name: side.roots for side in self.sides} | {"both": self.common}
        roots = {gid for one in keys if "prefix" in one for gid in own[one["prefix"]]}
        assigned = self.tenant.assigned if any("application" in one for one in keys) else set[str]()
        return replace(self.tenant, roots=roots & self.tenant.groups.keys(), assigned=set(assigned))

    def reading(self, some: Sequence[Mapping[str, str]], *, direct: bool) -> Snapshot:
        """Return what a read for these lines brings."""
        unread = tuple(UNREAD for one in some if _word(one) in self.dark)
        snapshot = replace(self.found_by(some, dark=True).read(), unread=unread)
        return direct_members(snapshot) if direct else snapshot

    def _read(self) -> Snapshot:
        """Return what the read brings that the settings ask for: one, for all targets of a run."""
        whole = self.world.settings.whole_scope([target.name for target in self.world.targets])
        some = [{line.by: getattr(line, line.by)} for line in whole.groups]
        snapshot = self.reading(some, direct=whole.nested == "direct")
        if not whole.service_principals:
            snapshot = without_services(snapshot)
        return replace(snapshot, selected=tuple(map(self._selected, some)))

    def _selected(self, one: Mapping[str, str]) -> Selected:
        found = self.found_by([one], dark=True)
        key, value = next(iter(one.items()))
        unread = (UNREAD,) if _word(one) in self.dark else ()
        return Selected(
            f"{key} {value!r}", frozenset(found.roots), frozenset(found.assigned), unread
        )

    # --- the days

    def happen(self, events: Sequence[Placed]) -> None:
        """Let a day pass; what was wrong on the one before is over."""
        self.tenant.unseen = False
        self._skew_before = self.skew
        self.set_clock(0.0)
        for side in self.sides:
            side.target.behind.clear()
        before = [side.target.scene() for side in self.sides]
        for one in events:
            self._happen(self.sides[one.side], one.event)
        for side, scene in zip(self.sides, before, strict=True):
            side.ledger.touched(scene, side.target.scene())
            side.relink()

    def _happen(self, side: Side, event: Event) -> None:
        gids = sorted(self.tenant.groups)
        if event.what == REROOT_BOTH:
            self.common ^= {pick(gids, event.a)} if gids else set()
        elif event.what in FILE_EVENTS:
            FILE_EVENTS[event.what](self.file, side.name, event.a, event.b)
            self.world.settings = self.file.loaded()
        else:
            side.happen_here(event)

    def configure(self, name: str, value: Any, target: str | None = None) -> None:
        self.file.put(name, value, target)
        self.world.settings = self.file.loaded()

    def set_clock(self, skew: float) -> None:
        """Set the clock wrong by so much; the wrong year is not believed the first time."""
        if skew < DAY or self._skew_before < DAY:
            self.world.clock.set_wall(self.world.clock.now() - self.skew + skew)
            self.skew = skew

    # --- the runs

    def sync(self, *, full: bool = True) -> RunReport:
        try:
            return self.world.runner().sync(full=full)
        finally:
            self.world.clock.advance(1.0)
            none([*self.source.twice()])

    def sync_as_foretold(self, *, full: bool = True) -> RunReport:
        compares = [side.expect(full=full) for side in self.sides]
        report = self.sync(full=full)
        for compare in compares:
            compare(report)
        return report

    def sync_unless_refused(self) -> RunReport | RefusedError:
        try:
            return self.sync_as_foretold()
        except RefusedError as error:
            return error

    def undo(self, run_id: str) -> RunReport:
        try:
            return self.world.runner().undo(run_id)
        finally:
            self.world.clock.advance(1.0)

    def open_doors(self) -> None:
        for side in self.sides:
            side.target.shut_at = None

    def scenes(self) -> list[Scene]:
        return [side.target.scene() for side in self.sides]


def _word(line: Mapping[str, str]) -> str:
    return next(iter(line.values()))
