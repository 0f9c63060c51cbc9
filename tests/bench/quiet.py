"""What a run costs in which nothing of the sync has changed, over three sizes of the directory."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml

from tests.bench.memory import peak
from tests.bench.served import Served, served
from tests.bench.table import Row, Section, section
from tests.bench.worlds import company_of

SIZES = ((1_000, 100), (10_000, 1_000), (100_000, 10_000))
EACH = 10  # members of a group
MOST = 3  # requests to Graph
SECONDS, LARGEST = 1.0, 250.0  # of CPU, MiB


def measure() -> list[Section]:
    rows = [row for users, groups in SIZES for row in _rows(users, groups)]
    note = (
        "A run in a process of its own, after one that read everything; CPU without the imports. "
        "Nothing is asked of Databricks, logins included."
    )
    return [section("A quiet run", note, rows)]


def _rows(users: int, groups: int) -> list[Row]:
    with served(company_of(users, groups, EACH)) as sandbox:
        sandbox.log()
        done = _child(sandbox, _settings(sandbox))
        asked = len(sandbox.log())
    cpu, peak, what = done["cpu"], done["peak"], f"{users:,} users, {groups:,} groups"
    return [
        Row(f"{what}: requests", f"{asked}", f"<= {MOST}", asked <= MOST and not done["full"]),
        Row(f"{what}: CPU", f"{cpu:.2f} s", f"< {SECONDS:.0f} s", cpu < SECONDS),
        Row(f"{what}: peak", f"{peak:.0f} MiB", f"< {LARGEST:.0f} MiB", peak < LARGEST),
    ]


def _settings(sandbox: Served) -> Path:
    tree = sandbox.settings.model_dump(mode="json", exclude_unset=True)
    path = sandbox.folder / "quiet.yml"
    path.write_text(yaml.safe_dump(tree), encoding="utf-8")
    return path


def _child(sandbox: Served, settings: Path) -> dict[str, Any]:
    """Let one process leave what a full run leaves, and another one run quietly."""
    told: dict[str, Any] = {}
    for step in ("leave", "run"):
        command = [sys.executable, "-m", "tests.bench.quiet", step, str(settings)]
        variables = sandbox.about["environment"]
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=variables)
        if step == "leave":
            sandbox.log()
        told = dict(json.loads(done.stdout))
    return told


def _leave(settings: Path) -> dict[str, Any]:
    """Record what a full run would, without the hours that the first one of so many people takes."""
    from aadsync_lib.config.load import load_settings
    from aadsync_lib.engine.incremental import Incremental
    from aadsync_lib.model.carried import Checkpoint
    from aadsync_lib.reconcile.incremental import Watched, watched_ids
    from aadsync_lib.wiring import open_runner

    loaded = load_settings(settings)
    with open_runner(loaded) as runner:
        planner, store = runner._planner, runner._store
        now, changes = planner.clock.now(), planner.source.changes()
        read = planner.source.read()
        watched = Watched.packed(watched_ids(read, loaded.whole_scope(), ()))
        made_for = Incremental(planner, store)._made_for
        assert changes.cursor
        store.begin_run("r1", "", "", full=True)
        left = Checkpoint(made_for, changes.cursor, now, now, watched)
        store.end_run("r1", "succeeded", "{}", left)
    return {}


def _run(settings: Path) -> dict[str, Any]:
    from aadsync_lib.config.load import load_settings
    from aadsync_lib.wiring import open_planner, open_runner

    open_planner(load_settings(settings))  # imports
    began, spent = time.perf_counter(), time.process_time()
    with open_runner(load_settings(settings)) as runner:
        report = runner.sync()
    return {
        "full": report.full,
        "seconds": time.perf_counter() - began,
        "cpu": time.process_time() - spent,
        "peak": peak(),
    }


if __name__ == "__main__":
    step = {"leave": _leave, "run": _run}[sys.argv[1]]
    print(json.dumps(step(Path(sys.argv[2]))))
