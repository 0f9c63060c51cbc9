"""What many targets cost that share one tenant, planned in one run."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import yaml

from aadsync_lib.sandbox import World
from tests.bench.memory import peak
from tests.bench.served import Served, served
from tests.bench.table import Row, Section, section

TARGETS, EACH, SHARED = 30, 200, 20  # workspaces, people of each, people whom neighbours share
LARGEST = 400.0  # MiB
SPARED = 1.1  # requests to Graph, over what the union of all scopes takes alone


def measure() -> list[Section]:
    with served(_world()) as sandbox:
        tree = _settings(sandbox)
        one = _child(sandbox, {**tree, "targets": tree["targets"][:1]})
        whole = {"groups": [{"prefix": "dbx-"}]}
        union = _child(sandbox, {**tree, "targets": [tree["targets"][0] | {"scope": whole}]})
        every = _child(sandbox, tree)
    assert every["changes"] == TARGETS * (EACH + 1 + 1)
    spared = every["graph"] <= SPARED * union["graph"]
    rows = [
        Row(
            f"{TARGETS} workspaces of {EACH} people each: peak",
            f"{every['peak']:.0f} MiB",
            f"< {LARGEST:.0f} MiB",
            every["peak"] < LARGEST,
        ),
        Row("time", f"{every['seconds']:.1f} s"),
        Row(
            f"requests to Graph ({one['graph']} for one target, {union['graph']} for all groups by one)",
            f"{every['graph']}",
            f"<= {SPARED:.1f} of the latter",
            spared,
        ),
    ]
    note = (
        "A first plan of all of them in one process, over HTTP; the sandbox works in another one."
    )
    return [section("Many targets", note, rows)]


def _world() -> World:
    """A group for each workspace; each shares some people with the next."""
    count = TARGETS * (EACH - SHARED) + SHARED
    ids = [f"{n:08x}-aaaa-4bbb-8ccc-000000000000" for n in range(count)]
    users = [
        {"id": key, "userPrincipalName": f"user{n}@contoso.com", "displayName": f"User {n}"}
        for n, key in enumerate(ids)
    ]
    groups = [
        {
            "id": f"{n:08x}-dddd-4eee-8fff-000000000000",
            "displayName": f"dbx-{n:02}",
            "members": ids[n * (EACH - SHARED) :][:EACH],
        }
        for n in range(TARGETS)
    ]
    workspaces = [{"name": f"w{n:02}"} for n in range(TARGETS)]
    entra = {"users": users, "groups": groups}
    return World.from_json({"entra": entra, "workspaces": workspaces})


def _settings(sandbox: Served) -> dict[str, Any]:
    tree: dict[str, Any] = yaml.safe_load(sandbox.about["config"])
    targets = [
        {
            "name": host["name"],
            "level": "workspace",
            "host": host["url"],
            "auth": {"method": "pat", "token": {"env": f"TOKEN_{number}"}},
            "pace": 1000.0,
            "scope": {"groups": [{"name": f"dbx-{number:02}"}]},
        }
        for number, host in enumerate(sandbox.about["workspaces"])
    ]
    store = {"sqlite": str(sandbox.folder / "targets.db")}
    return {**tree, "targets": targets, "store": store}


def _child(sandbox: Served, tree: dict[str, Any]) -> dict[str, Any]:
    """Plan in a new process, whose memory is its own."""
    path = sandbox.folder / "targets.yml"
    path.write_text(yaml.safe_dump(tree), encoding="utf-8")
    hosts = sandbox.about["workspaces"]
    tokens = {f"TOKEN_{number}": host["token"] for number, host in enumerate(hosts)}
    command = [sys.executable, "-m", "tests.bench.targets", str(path)]
    variables = {**sandbox.about["environment"], **tokens}
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=variables)
    return dict(json.loads(done.stdout))


def main() -> None:
    from aadsync_lib.config.load import load_settings
    from aadsync_lib.wiring import open_planner

    began = time.perf_counter()
    planner = open_planner(load_settings(Path(sys.argv[1])))
    plan = planner.plan().plan
    told = {
        "seconds": time.perf_counter() - began,
        "changes": sum(len(target.changes) for target in plan.targets),
        "graph": planner.source.requests,
        "peak": peak(),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
