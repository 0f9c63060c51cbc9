"""``aadsync connector compare`` against the sandbox."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aadsync_lib.sandbox import Fault
from tests.acceptance.worlds import ADA, BOB, DATA, ETL, ROOT
from tests.contract.connector.gallery import Gallery
from tests.contract.sandbox.connecting import Setup


def compared(gallery: Gallery) -> dict[str, Any]:
    done = gallery("compare", "--format", "json")
    assert done.exit_code == 0, done.output
    document = json.loads(done.stdout)
    assert document["kind"] == "connector_comparison"
    (target,) = document["targets"]
    return dict(target)


def whys(rows: list[dict[str, str]]) -> dict[str, str]:
    return {row["name"].removesuffix("@contoso.com"): row["why"] for row in rows}


def filtered(setup: Setup, kind: str, *clauses: tuple[str, str, str]) -> None:
    """Give the mapping of people or groups a scoping filter."""
    schema = setup.schema()
    (mapping,) = [
        mapping
        for rule in schema["synchronizationRules"]
        for mapping in rule["objectMappings"]
        if mapping["sourceObjectName"] == kind
    ]
    rows = [
        {"sourceOperandName": name, "operatorName": operator, "targetOperand": {"values": [value]}}
        for name, operator, value in clauses
    ]
    mapping["scope"] = {"groups": [{"name": "f", "clauses": rows}]}
    setup.graph.put(f"{setup.path}/schema", json=schema).raise_for_status()


class TestWhys:
    """Why somebody is on one side only."""

    def test_nested_ones_and_service_principals_are_the_syncs(self, gallery: Gallery) -> None:
        gallery.ready().assign(ROOT, BOB)
        target = compared(gallery)
        whys_of = whys(target["only_sync"])
        assert whys_of.keys() == {"Data", "ETL", "Ops", "cyd", "dan", "eve", "fay", "Robot"}
        assert whys_of["Robot"].startswith("service principal")
        for name in ("Data", "ETL", "Ops", "cyd", "dan", "eve", "fay"):
            assert whys_of[name].startswith("nested"), name
            assert "dbx-all" in whys_of[name]
        assert target["only_connector"] == []
        assert target["both"] == 3
        types = {row["name"]: row["type"] for row in target["only_sync"]}
        assert types["Robot"] == "service_principal"
        assert types["ETL"] == "group"

    def test_who_is_not_assigned_is_told(self, gallery: Gallery) -> None:
        gallery.ready().assign(ETL)
        whys_of = whys(compared(gallery)["only_sync"])
        assert whys_of["ada"].startswith("not assigned")
        assert whys_of["Data"].startswith("not assigned")

    def test_the_disabled_are_told(self, gallery: Gallery) -> None:
        gallery.entra.update(ADA, accountEnabled=False)
        gallery.ready().assign(ROOT)
        assert whys(compared(gallery)["only_sync"])["ada"].startswith("disabled")

    @pytest.mark.parametrize(
        ("values", "words"),
        [
            ({ADA: "data", BOB: "Data"}, "with regard to case"),
            ({ADA: None, BOB: "Data"}, "a clause on an empty attribute is false"),
            ({ADA: "Sales", BOB: "Data"}, "it is 'Sales'"),
        ],
    )
    def test_a_filter_is_named_with_what_it_sees(
        self, gallery: Gallery, values: dict[str, str | None], words: str
    ) -> None:
        for key, department in values.items():
            gallery.entra.update(key, department=department)
        setup = gallery.ready()
        setup.assign(ROOT, DATA)
        filtered(setup, "User", ("department", "EQUALS", "Data"))
        whys_of = whys(compared(gallery)["only_sync"])
        assert whys_of["ada"].startswith("filter")
        assert words in whys_of["ada"]
        assert "bob" not in whys_of

    def test_not_equals_is_false_on_an_empty_attribute(self, gallery: Gallery) -> None:
        setup = gallery.ready()
        setup.assign(ROOT)
        filtered(setup, "User", ("department", "NOT EQUALS", "Sales"))
        assert "empty" in whys(compared(gallery)["only_sync"])["ada"]

    def test_a_filter_of_groups_counts(self, gallery: Gallery) -> None:
        setup = gallery.ready()
        setup.assign(ROOT)
        filtered(setup, "Group", ("displayName", "EQUALS", "Dbx-all"))
        whys_of = whys(compared(gallery)["only_sync"])
        assert "with regard to case" in whys_of["dbx-all"]
        assert "ada" not in whys_of

    def test_whom_the_connector_alone_provisions(self, gallery: Gallery) -> None:
        gallery.entra.add("user", {"id": "f" * 8 + "-0000-4000-8000-000000000001",
                                   "userPrincipalName": "zed@contoso.com"})  # fmt: skip
        gallery.entra.add("group", {"id": "f" * 8 + "-0000-4000-8000-000000000002",
                                    "displayName": "Alone", "members": [ADA]})  # fmt: skip
        gallery.ready().assign(
            ROOT, "f" * 8 + "-0000-4000-8000-000000000001", "f" * 8 + "-0000-4000-8000-000000000002"
        )
        whys_of = whys(compared(gallery)["only_connector"])
        assert whys_of.keys() == {"zed", "Alone"}
        assert whys_of["zed"].startswith("in no group of this sync")
        assert "scope.groups" in whys_of["Alone"]

    def test_a_scope_of_the_sync_leaves_out(self, gallery: Gallery) -> None:
        gallery.stage.configure(
            scope={"users": [[{"attribute": "department", "value": "Data"}]], "nested": "direct"}
        )
        gallery.entra.update(ADA, department="sales")
        gallery.ready().assign(ROOT, DATA)
        whys_of = whys(compared(gallery)["only_connector"])
        assert whys_of["ada"].startswith("scope.users")
        assert "nested" in whys_of["Data"]


class TestState:
    """A connector that provisions nobody, or everybody."""

    def test_absent_is_the_why_of_all(self, gallery: Gallery) -> None:
        target = compared(gallery)
        assert target["both"] == 0
        assert len(target["only_sync"]) == 11
        assert all("aadsync connector setup" in row["why"] for row in target["only_sync"])

    def test_everybody_of_the_tenant(self, gallery: Gallery) -> None:
        gallery.entra.add("user", {"id": "f" * 8 + "-0000-4000-8000-000000000001",
                                   "userPrincipalName": "zed@contoso.com"})  # fmt: skip
        gallery.ready().save(SyncAll="true")
        target = compared(gallery)
        assert whys(target["only_connector"]).keys() == {"zed"}
        assert whys(target["only_sync"]).keys() == {"Robot"}
        assert target["both"] == 10

    def test_a_stopped_job_is_a_notice(self, gallery: Gallery) -> None:
        gallery.ready(started=False).assign(ROOT)
        done = gallery("compare")
        assert done.exit_code == 0
        assert "job is stopped" in done.stdout

    def test_it_writes_nothing(self, gallery: Gallery) -> None:
        gallery.ready().assign(ROOT)
        before = gallery.stage.box.world.to_json()
        compared(gallery)
        assert gallery.stage.box.world.to_json() == before
        assert not gallery.stage.store_file.exists()

    def test_half_a_reading_ends_with_3(self, gallery: Gallery) -> None:
        gallery.ready().assign(ROOT)
        path = f"/groups/{DATA}/members"
        gallery.stage.box.faults.add(Fault(kind="403", side="graph", path=path, count=None))
        done = gallery("compare")
        gallery.stage.box.faults.clear()
        assert done.exit_code == 3
        assert "Not all of Entra" in done.stdout
