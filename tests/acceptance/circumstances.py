"""What else goes on while a company changes: listings lag, nobody hears a write, a clock jumps, another sync works."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aadsync_lib.sandbox import World
from tests.acceptance.stage import Stage
from tests.acceptance.worlds import DAN, EVE, FAY, GUS, OPS
from tests.clock import FakeClock

DAY = 86_400.0
SALES = "11111111-0000-4000-8000-000000000009"
F = "fay@contoso.com"


@dataclass(frozen=True, eq=False)
class Circumstance:
    """``given`` are settings, ``founded`` is there in Entra from the first day. ``before`` happens on the second
    day, ahead of its run, ``after`` between that and the next one. The clock of the run is ``ahead`` (seconds).
    Where the account is ``shared``, it is open which of two syncs makes whom after a kill, and so is the origin of links.
    """

    given: Mapping[str, Any] = field(default_factory=dict)
    founded: Callable[[World], None] = lambda _: None
    before: Callable[[Stage], None] = lambda _: None
    after: Callable[[Stage], None] = lambda _: None
    ahead: float = 0.0
    shared: bool = False

    def begin(self, stage: Stage) -> None:
        """Let the run of the day begin under it."""
        _set_clock(stage, self.ahead)

    def end(self, stage: Stage) -> None:
        """Let it be over before the next run."""
        _set_clock(stage, -self.ahead)
        self.after(stage)


def _set_clock(stage: Stage, ahead: float) -> None:
    assert isinstance(stage.clock, FakeClock)
    if ahead:
        stage.clock.set_wall(stage.clock.now() + ahead)


def _turn(stage: Stage, **switches: Any) -> None:
    for name, value in switches.items():
        stage.box.world.databricks.switches.turn(name, value)


# Who moves, who leaves, a group that is renamed and another one, and whoever else is the newest.
LAGGING = {
    "unlisted": ["dan@contoso.com", F, "Ops", "ETL"],
    "list_lag": {"Users": 1, "Groups": 1, "ServicePrincipals": 1},
}
DEAF = {
    "deaf": {"members.remove": -1, "active": -1, "displayName": -1, "group.displayName": -1},
    "deaf_objects": ["dbx-all", "ETL", F, "cyd@contoso.com", "Ops"],
}


def _capitalise(stage: Stage) -> None:
    stage.box.world.databricks.capitalise_external_ids()


def _found_sales(world: World) -> None:
    world.entra.add("group", {"id": SALES, "displayName": "Sales"})
    for member in (EVE, FAY, DAN):
        world.entra.add_member(SALES, member)


def _sell(stage: Stage) -> None:
    """Let the other sync run on the evening of the first day, and let people move between the two."""
    _other_sync(stage)
    entra = stage.box.world.entra
    entra.add_member(SALES, GUS)
    entra.remove_member(SALES, DAN)
    entra.remove_member(OPS, EVE)


def _other_sync(stage: Stage) -> None:
    """Sync people of both by another sync of the same store, which calls the account by another name."""
    folder = stage.folder / "other"
    folder.mkdir(exist_ok=True)
    other = Stage(stage.box, folder, clock=stage.clock)
    other.configure(
        name="sales",
        scope={"groups": [{"id": SALES}]},
        targets={"name": "prod"},
        store={"sqlite": str(stage.store_file)},
    )
    other.sync()


ORDINARY = Circumstance()
CIRCUMSTANCES = {
    "listings lag": Circumstance(
        before=lambda stage: _turn(stage, **LAGGING),
        after=lambda stage: _turn(stage, unlisted=[], list_lag={}),
    ),
    "deaf to some writes": Circumstance(
        before=lambda stage: _turn(stage, **DEAF),
        after=lambda stage: _turn(stage, deaf={}, deaf_objects=[]),
    ),
    "ids in capitals": Circumstance(before=_capitalise),
    "clock jumps": Circumstance({"policy": {"grace_days": 7}}, ahead=400 * DAY),
    "another sync": Circumstance(
        founded=_found_sales, before=_sell, after=_other_sync, shared=True
    ),
}
