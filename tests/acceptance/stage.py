"""Both sides of a sync, its settings and its store, and runs of it in which nobody waits."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from aadsync_lib.config.load import load_settings
from aadsync_lib.engine.planner import Planner
from aadsync_lib.engine.runner import Runner
from aadsync_lib.model.link import Link
from aadsync_lib.model.plan import Plan
from aadsync_lib.model.run import RunReport
from aadsync_lib.ports import Clock, Pending
from aadsync_lib.sandbox import Sandbox, World
from aadsync_lib.sandbox.databricks.state import DatabricksState
from aadsync_lib.sandbox.identities import WORKSPACE_TOKEN
from aadsync_lib.sandbox.limits import classify
from aadsync_lib.sandbox.requestlog import Entry
from aadsync_lib.store.sqlite import SqliteStore
from aadsync_lib.wiring import open_planner, open_runner
from tests.clock import FakeClock

TARGET = "account"
GRAPH_TOKEN, DATABRICKS_TOKEN = "STAGE_GRAPH_TOKEN", "STAGE_DATABRICKS_TOKEN"  # names, not values
SALES_TOKEN = "STAGE_SALES_TOKEN"
MANAGER_TOKEN = "STAGE_MANAGER_TOKEN"
SALES = "sales"  # the workspace of a stage that has one
MANAGER = "token-of-a-group-manager"
NO_LIMIT = {"count": None, "share": None}
LIMITS = (
    "users_deprovisioned", "groups_removed", "members_removed", "access_removed", "groups_emptied",
)  # fmt: skip
NO_LIMITS = dict.fromkeys(LIMITS, NO_LIMIT)
Picture = dict[str, Any]


@dataclass(frozen=True)
class Scene:
    """Both sides and the store at one moment, to go back to."""

    world: dict[str, Any]
    store: bytes | None


@dataclass
class Stage:
    """A sandbox and one sync of it: ``folder`` holds settings and store.

    Every run reads both sides, unless ``full_every`` says otherwise.
    """

    box: Sandbox
    folder: Path
    pace: float = 1e6
    limits: Mapping[str, Any] = field(default_factory=lambda: NO_LIMITS)
    clock: Clock = field(default_factory=FakeClock)
    given: Mapping[str, Any] = field(default_factory=dict)
    full_every: str = "0"

    def __post_init__(self) -> None:
        self._configure()

    def _configure(self) -> None:
        tree = _with(self._settings(), self.given)
        self.settings_file.write_text(yaml.safe_dump(tree), encoding="utf-8")
        self.settings = load_settings(self.settings_file)

    @property
    def settings_file(self) -> Path:
        return self.folder / "aadsync.yml"

    @property
    def store_file(self) -> Path:
        return self.folder / "aadsync.db"

    @staticmethod
    def environment_of(box: Sandbox) -> dict[str, str]:
        """What the settings expect of the environment."""
        return {
            GRAPH_TOKEN: box.graph_token,
            DATABRICKS_TOKEN: box.databricks_token,
            SALES_TOKEN: WORKSPACE_TOKEN + SALES,
            MANAGER_TOKEN: MANAGER,
        }

    def _settings(self) -> dict[str, Any]:
        return {
            "name": "contoso",
            "source": {
                "tenant_id": self.box.tenant_id,
                "endpoint": self.box.graph_url.removesuffix("/v1.0"),
                "auth": {"method": "access_token", "access_token": {"env": GRAPH_TOKEN}},
            },
            "scope": {"groups": [{"prefix": "dbx-"}]},
            "targets": [{"name": TARGET, "pace": self.pace, **self._place()}],
            "policy": {"limits": dict(self.limits), "full_every": self.full_every},
            "store": {"sqlite": str(self.store_file)},
        }

    def _place(self) -> dict[str, Any]:
        return {
            "host": self.box.databricks_url,
            "account_id": self.box.account_id,
            "auth": {"method": "pat", "token": {"env": DATABRICKS_TOKEN}},
        }

    @property
    def directory(self) -> DatabricksState:
        """Who the target has."""
        return self.box.world.databricks

    def limit(self, limits: Mapping[str, Any]) -> None:
        """Set other limits; ``{}`` are the usual ones."""
        self.limits = limits
        self._configure()

    def configure(self, **given: Any) -> None:
        """Set these parts of the settings and leave the rest as it was: ``policy={"adopt": "never"}``."""
        self.given = _with(dict(self.given), given)
        self._configure()

    # What a person would do.

    def planner(self) -> Planner:
        return open_planner(self.settings, clock=self.clock)

    def runner(self) -> AbstractContextManager[Runner]:
        return open_runner(self.settings, clock=self.clock)

    def sync(self) -> RunReport:
        with self.runner() as runner:
            return runner.sync()

    def plan(self) -> Plan:
        return self.planner().plan().plan

    # Going back.

    def show(self, world: World) -> None:
        """Begin with this world, which has ids of its own, and without a store."""
        self.restore(Scene(world.to_json(), None))
        self._configure()

    def save(self) -> Scene:
        """Keep both sides and the store, which nobody may have open."""
        whole = self.store_file.read_bytes() if self.store_file.exists() else None
        return Scene(json.loads(json.dumps(self.box.world.to_json())), whole)

    def restore(self, scene: Scene) -> None:
        for leftover in self.folder.glob("aadsync.db*"):
            leftover.unlink()
        if scene.store is not None:
            self.store_file.write_bytes(scene.store)
        self.box.reset(World.from_json(json.loads(json.dumps(scene.world))))

    # What can be seen from outside.

    def picture(self) -> Picture:
        return self.directory.snapshot()

    def duplicates(self) -> list[str]:
        """Return the names that more than one object has, by kind."""
        account = self.directory
        with account.lock:
            names = [
                *(f"user {one.user_name}" for one in account.users.values()),
                *(f"application {one.application_id}" for one in account.service_principals.values()),
                *(f"group {one.display_name}" for one in account.groups.values()),
            ]  # fmt: skip
        return [name for name, count in Counter(names).items() if count > 1]

    def counts(self, *, after: int = 0) -> Counter[str]:
        """Count the requests since a mark: ``graph``, and those to Databricks by class of limit."""
        return Counter(_class_of(entry) for entry in self.box.log.select(after=after, auth=False))

    def links_and_pending(self) -> tuple[dict[str, Link], tuple[Pending, ...]]:
        """Return who is linked to what, and the writes without an outcome."""
        with self.store() as store:
            return dict(store.links(TARGET).by_external), store.pending(TARGET)

    def store(self) -> SqliteStore:
        """Open the store, which nobody else may have open."""
        return SqliteStore(self.store_file, self.settings.name, self.clock)


class WorkspaceStage(Stage):
    """The same, with a workspace without identity federation for its target."""

    def _place(self) -> dict[str, Any]:
        return {
            "level": "workspace",
            "host": self.box.workspaces[SALES].url,
            "auth": {"method": "pat", "token": {"env": SALES_TOKEN}},
        }

    @property
    def directory(self) -> DatabricksState:
        return self.box.world.workspace(SALES)

    def show(self, world: World) -> None:
        """Begin with this world, and an empty workspace if it has none."""
        super().show(with_workspace(world))


class ThroughWorkspace(Stage):
    """The account, as somebody reaches it who works in a workspace of it."""

    def _place(self) -> dict[str, Any]:
        return super()._place() | {
            "host": self.box.workspaces[SALES].url,
            "auth": {"method": "pat", "token": {"env": MANAGER_TOKEN}},
        }


def with_workspace(world: World, *, federated: bool = False) -> World:
    """Give a world the workspace of a stage, if it has none."""
    if not world.workspaces:
        world.add_workspace(SALES, federated=federated)
    return world


def _with(tree: dict[str, Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tree with what is given; a section for ``targets`` is about the only one."""
    found = dict(tree)
    for key, value in given.items():
        old = found.get(key)
        if key == "targets" and isinstance(old, list) and isinstance(value, Mapping):
            found[key] = [_with(old[0], value)]
        elif isinstance(old, Mapping) and isinstance(value, Mapping):
            found[key] = _with(dict(old), value)
        else:
            found[key] = value
    return found


def _class_of(entry: Entry) -> str:
    if entry.side != "databricks":
        return entry.side
    return classify(entry.method, entry.path) or "other"


def removals(before: Picture, after: Picture) -> set[tuple[str, ...]]:
    """Return everything that was taken from anybody between two pictures of an account."""
    lost = {
        (kind, name, "gone" if name not in after[kind] else "inactive")
        for kind in ("users", "service_principals")
        for name, one in before[kind].items()
        if name not in after[kind] or (one["active"] and not after[kind][name]["active"])
    }
    now = _memberships(after)
    return lost | {("member", *pair) for pair in _memberships(before) - now}


def _memberships(picture: Picture) -> set[tuple[str, str]]:
    """Return who is in which group, groups by the Entra object that they keep through a rename."""
    groups: Mapping[str, Any] = picture["groups"]
    ids = {name: group["externalId"] or name for name, group in groups.items()}
    return {
        (ids[name], ids.get(member, member))
        for name, group in groups.items()
        for member in group["members"]
    }


def text(lines: Sequence[str]) -> str:
    """Return failing cases for a message, not all of them when there are many."""
    return "\n".join(lines[:20]) + (f"\nand {len(lines) - 20} more" if len(lines) > 20 else "")
