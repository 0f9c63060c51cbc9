"""Rows of a store, written by hand: four days of a sync with two targets."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

NOW = datetime.now(UTC).replace(microsecond=0)
COLUMNS = {
    "runs": "run_id STRING, sync STRING, digest STRING, settings_digest STRING, full BOOLEAN,"
    " host STRING, user STRING, started_at TIMESTAMP, ended_at TIMESTAMP, status STRING,"
    " report STRING",
    "outcomes": "sync STRING, target STRING, entry BIGINT, run_id STRING, action STRING,"
    " external_id STRING, target_id STRING, name STRING, change STRING, result STRING,"
    " error STRING, announced_at TIMESTAMP, settled_at TIMESTAMP",
    "links": "sync STRING, target STRING, kind STRING, external_id STRING, target_id STRING,"
    " origin STRING, name STRING, linked_at TIMESTAMP, run_id STRING",
    "memberships": "sync STRING, target STRING, group_external_id STRING, member_target_id STRING,"
    " how STRING, since TIMESTAMP, run_id STRING, until TIMESTAMP",
    "quarantine": "sync STRING, target STRING, external_id STRING, name STRING, reason STRING,"
    " first_seen TIMESTAMP, last_seen TIMESTAMP, times BIGINT",
    "drift": "sync STRING, target STRING, run_id STRING, action STRING, name STRING, change STRING,"
    " result STRING, error STRING, settled_at TIMESTAMP",
    "connector_states": "sync STRING, target STRING, seen_at TIMESTAMP, state STRING, problems STRING,"
    " failing BIGINT, document STRING",
    "pending": "sync STRING, target STRING, entry BIGINT, run_id STRING, action STRING,"
    " external_id STRING, target_id STRING, name STRING, change STRING, announced_at TIMESTAMP",
}


def ago(**time: float) -> datetime:
    """Return a moment before now."""
    return NOW - timedelta(**time)


class Story:
    """Rows by table, added in the order in which things happen."""

    def __init__(self) -> None:
        self.rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in COLUMNS}
        self._entry = 0

    def run(
        self,
        run_id: str,
        at: datetime,
        status: str,
        *targets: dict[str, Any],
        ended: bool = True,
        digest: str = "sha256:d",
    ) -> None:
        """A run of ten seconds, with its report unless it never ended."""
        report = {
            "kind": "run", "version": 1, "run_id": run_id, "sync": "contoso", "status": status,
            "targets": list(targets), "requests": {"graph": 7, "databricks": 12}, "seconds": 10.0,
        }  # fmt: skip
        end = at + timedelta(seconds=10) if ended else None
        told = json.dumps(report) if ended else None
        who = (digest, "sha256:s", True, "worker", "svc")
        self.rows["runs"].append((run_id, "contoso", *who, at, end, status, told))

    def outcome(
        self,
        run_id: str,
        at: datetime,
        action: str,
        name: str,
        *members: str,
        target: str = "account",
        result: str | None = "done",
        drift: bool = False,
        workspace: str | None = None,
    ) -> None:
        """A change, sent and answered two seconds later; without a result it waits for an answer."""
        self._entry += 1
        change: dict[str, Any] = {
            "action": action,
            "external_id": f"e-{name}",
            "target_id": None,
            "name": name,
            "before": {"workspace_id": workspace} if workspace else None,
            "reason": "as in Entra",
        }
        if drift:
            change["drift"] = True
        if members:
            change["members"] = [
                {"external_id": f"e-{m}", "target_id": f"t-{m}", "name": m, "type": "user"}
                for m in members
            ]
        head = ("contoso", target, self._entry, run_id, action, f"e-{name}", None, name)
        if result is None:
            self.rows["pending"].append((*head, json.dumps(change), at))
            return
        settled = at + timedelta(seconds=2)
        self.rows["outcomes"].append((*head, json.dumps(change), result, None, at, settled))
        if drift:
            told = (json.dumps(change), result, None, settled)
            self.rows["drift"].append(("contoso", target, run_id, action, name, *told))

    def group(self, name: str, origin: str, at: datetime) -> None:
        """A linked group."""
        key = ("contoso", "account", "group", f"e-{name}")
        self.rows["links"].append((*key, f"t-{name}", origin, name, at, "r1"))

    def member(
        self,
        group: str,
        member: str,
        at: datetime,
        until: datetime | None = None,
        how: str = "added",
    ) -> None:
        """Somebody in a group for a while, or until now."""
        key = ("contoso", "account", f"e-{group}", f"t-{member}")
        self.rows["memberships"].append((*key, how, at, "r1", until))

    def held(self, name: str, first: datetime, last: datetime, times: int) -> None:
        """Somebody in quarantine."""
        key = ("contoso", "account", f"e-{name}", name, "two have this name")
        self.rows["quarantine"].append((*key, first, last, times))

    def seen(self, at: datetime, state: str, *failing: str, target: str = "account") -> None:
        """A look at the connector of a target."""
        held = {"reason": "TooManyDeletes", "remedy": "Look"} if state == "quarantine" else None
        failures = [
            {"name": name, "action": "create", "code": "Conflict", "reason": "taken",
             "recommended": None, "when": f"{at:%Y-%m-%dT%H:%M:%SZ}"}
            for name in failing
        ]  # fmt: skip
        document = json.dumps({"target": target, "quarantine": held, "failures": failures})
        problems = "look at it" if held or failing else None
        row = ("contoso", target, at, state, problems, len(failing), document)
        self.rows["connector_states"].append(row)

    def show(self, spark: Any) -> None:
        """Make all of it the tables that a query without a schema sees."""
        for table, columns in COLUMNS.items():
            spark.createDataFrame(self.rows[table], columns).createOrReplaceTempView(table)


def told(target: str, status: str, **found: list[str]) -> dict[str, Any]:
    """Return what a report says of a target: names of the failed, quarantined and held."""
    return {
        "target": target,
        "status": status,
        "applied": {},
        "members_added": 0,
        "members_removed": 0,
        "failed": [
            {"action": "update_user", "name": name, "error": "400 invalidValue"}
            for name in found.get("failed", [])
        ],
        "quarantined": [
            {"external_id": f"e-{name}", "name": name, "reason": "two have this name"}
            for name in found.get("quarantined", [])
        ],
        "held": [
            {"external_id": None, "name": n, "reason": "unread"} for n in found.get("held", [])
        ],
        "warnings": [],
    }


def four_days() -> Story:
    """A first sync, a day with drift and a failure, a refusal, and a run that died."""
    story = Story()
    first, second, third = ago(days=3), ago(days=2), ago(hours=3)
    story.run("r1", first, "partial", told("account", "partial", quarantined=["xen"]))
    story.outcome("r1", first, "create_user", "ada")
    story.outcome("r1", first, "create_group", "data")
    story.outcome("r1", first, "add_members", "data", "ada", "bob", "cy")
    story.outcome("r1", first, "adopt_group", "old")
    story.outcome("r1", first, "add_members", "old", "ada")
    story.group("data", "created", first)
    story.group("old", "adopted", first)
    for member, until in (("ada", None), ("bob", second), ("cy", second)):
        story.member("data", member, first, until)
    story.member("old", "ada", first)
    story.member("old", "zoe", first, second, how="foreign")
    for member in ("bob", "dan"):
        story.member("data", member, second)
    story.held("yul", second, third, 2)
    story.held("zed", third, third, 1)

    found = told("account", "partial", quarantined=["xen", "yul"], failed=["eve"], held=["ml"])
    story.run("r2", second, "partial", found)
    story.outcome("r2", second, "add_members", "data", "dan")
    story.outcome("r2", second, "add_members", "data", "bob", drift=True)  # somebody removed him
    story.outcome("r2", second, "remove_members", "data", "cy")
    story.outcome("r2", second, "remove_members", "data", "mal", drift=True)  # somebody added her
    story.outcome("r2", second, "remove_members", "old", "zoe", drift=True)
    story.outcome("r2", second, "rename_group", "data", drift=True, result="failed")
    story.outcome("r2", second, "update_user", "eve", result="failed")
    story.run("s1", ago(hours=30), "succeeded", told("second", "succeeded"))

    refused = told("account", "refused", quarantined=["yul", "zed"])
    refused["left"] = [
        {"action": "remove_members", "name": "old", "by": "managed", "drift": True,
         "members": [{"name": "una"}, {"name": "vic"}]},
        {"action": "deactivate_user", "name": "wim", "by": "additive"},
    ]  # fmt: skip
    story.run("r3", third, "refused", refused)
    story.run("r4", ago(hours=1), "running", ended=False)
    story.outcome("r4", ago(hours=1), "create_user", "fay", result=None)
    story.seen(ago(hours=5), "active")
    story.seen(ago(hours=3), "quarantine", "gus", "hal")
    story.seen(ago(hours=4), "paused", target="second")
    return story
