"""The SQL of dashboard and alerts on the tables that three real syncs have written."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from aadsync_lib.config.load import settings_from
from aadsync_lib.config.settings import Settings
from aadsync_lib.engine.refusal import RefusedError
from aadsync_lib.model.run import RunReport
from aadsync_lib.sandbox import Sandbox, World
from aadsync_lib.wiring import open_runner
from tests.clock import FakeClock
from tests.spark import connect
from tests.unit.bundle.files import alerts, datasets, widgets
from tests.workspace.bundle.sql import alert, dataset, rows, shown
from tests.workspace.bundle.story import COLUMNS

SCHEMA = "spark_catalog.bundle_synced"
DAY = 86400.0
ALL, DATA, OPS = (f"11111111-0000-4000-8000-00000000000{n}" for n in range(1, 4))
PEOPLE = {f"22222222-0000-4000-8000-00000000000{n}": name for n, name in enumerate(
    ("ada", "bob", "cy", "dan"))}  # fmt: skip
ADA, BOB, CY, DAN = PEOPLE
DRAWN = [widget for widget in widgets() if "queries" in widget]
SETTINGS = """
name: contoso
source:
  tenant_id: {tenant}
  endpoint: {graph}
  auth: {{method: access_token, access_token: {{env: BUNDLE_GRAPH_TOKEN}}}}
scope: {{groups: [{{prefix: dbx-}}]}}
targets:
  - name: account
    host: {databricks}
    account_id: {account}
    pace: 1000000.0
    auth: {{method: pat, token: {{env: BUNDLE_DATABRICKS_TOKEN}}}}
store: {{delta: {schema}}}
"""


@dataclass(frozen=True)
class Synced:
    """What came of the syncs, and a session whose current schema holds their tables."""

    spark: Any
    reports: tuple[RunReport, ...]
    refused: RefusedError

    @property
    def done(self) -> Counter[str]:
        """Changes by action, each membership one."""
        counted: Counter[str] = Counter()
        for report in self.reports:
            for outcome in report.targets[0].outcomes:
                counted[outcome.change.action.value] += len(outcome.change.members) or 1
        return counted


def world() -> World:
    """Four people in two groups below a third."""
    entra = {
        "users": [
            {"id": key, "userPrincipalName": f"{name}@contoso.com", "displayName": name.title()}
            for key, name in PEOPLE.items()
        ],
        "groups": [
            {"id": ALL, "displayName": "dbx-all", "members": [DATA, OPS]},
            {"id": DATA, "displayName": "Data", "members": [ADA, BOB]},
            {"id": OPS, "displayName": "Ops", "members": [CY, DAN]},
        ],
    }
    return World.from_json({"entra": entra})


def meddle(box: Sandbox) -> None:
    """Somebody takes Bob out of a group on the target and puts Dan into it."""
    account = box.world.databricks
    with account.lock:
        ids = {user.user_name.partition("@")[0]: user.id for user in account.users.values()}
        [group] = [one.id for one in account.groups.values() if one.display_name == "Data"]
        account.remove_members(group, ids["bob"])
        account.add_members(group, ids["dan"])


@pytest.fixture(scope="module")
def synced(spark_url: str) -> Iterator[Synced]:
    """A first sync two days ago, one a day later after somebody meddled, and one just refused."""
    session = connect(spark_url)
    session.sql(f"CREATE SCHEMA {SCHEMA}").collect()
    with Sandbox(world()) as box, pytest.MonkeyPatch.context() as patch:
        patch.setenv("BUNDLE_GRAPH_TOKEN", box.graph_token)
        patch.setenv("BUNDLE_DATABRICKS_TOKEN", box.databricks_token)
        yield _three_days(box, session)


def _three_days(box: Sandbox, session: Any) -> Synced:
    clock, settings = FakeClock(time.time() - 2 * DAY), _settings(box)
    first = _sync(settings, clock, session)
    clock.advance(DAY)
    meddle(box)
    with box.world.entra.lock:
        box.world.entra.remove_member(OPS, CY)
    second = _sync(settings, clock, session)
    clock.advance(DAY - 600)
    with box.world.entra.lock:
        for person in (ADA, BOB):
            box.world.entra.remove_member(DATA, person)
    with pytest.raises(RefusedError) as refused:
        _sync(settings, clock, session)
    session.sql(f"USE {SCHEMA}").collect()
    return Synced(session, (first, second), refused.value)


def _settings(box: Sandbox) -> Settings:
    text = SETTINGS.format(
        tenant=box.tenant_id,
        graph=box.graph_url.removesuffix("/v1.0"),
        databricks=box.databricks_url,
        account=box.account_id,
        schema=SCHEMA,
    )
    return settings_from(text, "settings")


def _sync(settings: Settings, clock: FakeClock, session: Any) -> RunReport:
    with open_runner(settings, clock=clock, spark=session) as runner:
        return runner.sync()


def test_the_tables_have_the_columns_that_the_queries_were_tried_with(synced: Synced) -> None:
    for table, columns in COLUMNS.items():
        found = {f"{name} {kind.upper()}" for name, kind in synced.spark.table(table).dtypes}
        assert {column.strip() for column in columns.split(",")} <= found


def test_the_target_was_refused_and_its_last_good_run_is_a_day_old(synced: Synced) -> None:
    [account] = dataset(synced.spark, "targets")
    assert (account["status"], account["refused"]) == ("refused", 1)
    assert account["hours_since_good"] == pytest.approx(24, abs=0.5)


def test_every_run_is_there_with_its_requests(synced: Synced) -> None:
    found = dataset(synced.spark, "runs")
    assert [run["status"] for run in found] == ["refused", "succeeded", "succeeded"]
    assert found[2]["graph_requests"] == synced.reports[0].requests.graph
    assert found[0]["run_id"] == synced.refused.report.run_id


def test_changes_are_those_of_the_reports(synced: Synced) -> None:
    counted: Counter[str] = Counter()
    for one in dataset(synced.spark, "changes"):
        counted[one["action"]] += one["changes"]
    assert counted == synced.done
    assert counted["create_group"] == 3


def test_drift_is_what_somebody_did_by_hand_and_nothing_else(synced: Synced) -> None:
    found = {
        (one["name"], one["member"]): (one["action"], one["result"])
        for one in dataset(synced.spark, "drift")
    }
    assert found == {
        ("Data", "bob@contoso.com"): ("add_members", "mended"),
        ("Data", "dan@contoso.com"): ("remove_members", "mended"),
    }


def test_members_of_each_group_go_back_to_the_first_sync(synced: Synced) -> None:
    found: dict[str, list[int]] = {}
    for one in sorted(dataset(synced.spark, "members"), key=lambda one: one["day"]):
        found.setdefault(one["group_name"], []).append(one["members"])
    # Bob went out by hand and came back on the same day.
    assert {name: (seen[0], seen[-1]) for name, seen in found.items()} == {
        "dbx-all": (2, 2), "Data": (2, 2), "Ops": (2, 1),
    }  # fmt: skip


def test_speed_tells_each_run_of_the_target(synced: Synced) -> None:
    found = {one["run_id"]: one for one in dataset(synced.spark, "speed")}
    first = synced.reports[0]
    assert len(found) == 3
    assert found[first.run_id]["seconds"] == first.seconds
    assert found[first.run_id]["changes"] == len(first.targets[0].outcomes)


def test_what_did_not_happen_is_empty(synced: Synced) -> None:
    for name in ("failures", "pending", "quarantine", "connectors", "connector_failures"):
        assert dataset(synced.spark, name) == []


def test_alerts_see_the_refusal_and_a_day_without_a_good_run(synced: Synced) -> None:
    found = {key: alert(synced.spark, key, SCHEMA) for key in alerts()}
    assert found.pop("stale") == pytest.approx(24, abs=0.5)
    assert found == {
        "failures": 0, "quarantine_grows": 0, "refused": 1, "connector_quarantine": 0,
    }  # fmt: skip


@pytest.mark.parametrize("widget", DRAWN, ids=lambda widget: widget["name"])
def test_every_widget_can_be_drawn(synced: Synced, widget: dict[str, Any]) -> None:
    found = shown(synced.spark, widget)
    nobody_watched = {"choose_target_connector", "connectors", "connector_failures"}
    empty = widget["name"] in {"failures", "quarantine"} | nobody_watched
    assert bool(found) is not empty


def test_every_dataset_reads_the_tables_of_the_schema(synced: Synced) -> None:
    views = rows(synced.spark, "SHOW VIEWS")
    assert not [view for view in views if view["isTemporary"]]
    assert set(datasets()) == {widget["queries"][0]["query"]["datasetName"] for widget in DRAWN}
