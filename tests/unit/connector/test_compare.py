"""Who is on the connector's side, who on the sync's, and why not on both."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aadsync_lib.config.scope import MappingSettings, Scope
from aadsync_lib.connector.compare.as_json import comparison_to_json
from aadsync_lib.connector.compare.compare import SyncSide, compare
from aadsync_lib.connector.compare.document import comparison_document
from aadsync_lib.connector.compare.filters import attributes_of, failing, filter_of, holds
from aadsync_lib.connector.compare.model import Clause, Comparison, ConnectorScope, TargetComparison
from aadsync_lib.model.directory import Group, ServicePrincipal, Snapshot, User
from aadsync_lib.model.identity import Kind
from aadsync_lib.reconcile.desired.naming import desire
from aadsync_lib.report.terminal import as_text


def user(name: str, **more: Any) -> User:
    attributes = more.pop("attributes", {})
    return User(
        name, f"{name}@contoso.com", f"{name}@contoso.com", name, attributes=attributes, **more
    )


USERS = {
    each.id: each
    for each in (
        user("ada", attributes={"department": "Data"}),
        user("bob", attributes={"department": "data"}),
        user("cyd", attributes={"department": None}),
        user("dan", enabled=False, attributes={"department": "Data"}),
        user("eve", attributes={"department": "Data"}),
        user("gus", guest=True, attributes={"department": "Data"}),
    )
}
GROUPS = {
    "all": Group("all", "All", members=frozenset({"ada", "bob", "cyd", "dan", "inner", "robot"})),
    "inner": Group("inner", "Inner", members=frozenset({"eve"})),
    "other": Group("other", "Other", members=frozenset({"gus", "ada"})),
    "mail": Group("mail", "Mail", security_enabled=False, members=frozenset()),
}
ROBOT = ServicePrincipal("robot", "app-robot", "Robot")
WHOLE = Snapshot(frozenset({"all"}), USERS, {"robot": ROBOT}, GROUPS)
SCOPE = Scope.model_validate({"groups": [{"name": "All"}]})


def sync(scope: Scope = SCOPE, whole: Snapshot = WHOLE) -> SyncSide:
    """The sync's side: the group All and what is nested in it."""
    groups = {key: GROUPS[key] for key in ("all", "inner")}
    if scope.nested == "direct":
        groups = {"all": replace(GROUPS["all"], members=GROUPS["all"].members - {"inner"})}
    members = frozenset[str]().union(*(group.members for group in groups.values()))
    seen = replace(
        whole,
        groups=groups,
        users={uid: each for uid, each in whole.users.items() if uid in members},
    )
    return SyncSide(scope, seen, desire(seen, scope, MappingSettings()))


def compared(connector: ConnectorScope, scope: Scope = SCOPE) -> TargetComparison:
    return compare("account", connector, WHOLE, sync(scope))


def listed(differences: Any) -> dict[str, str]:
    return {difference.name: difference.why for difference in differences}


ALL = ConnectorScope("contoso-databricks", groups=frozenset({"all"}))
DATA = (((Clause("department", "EQUALS", ("Data",))),),)


class TestComparison:
    """One target."""

    def test_nested_ones_service_principals_and_the_disabled_are_missing_in_the_connector(
        self,
    ) -> None:
        result = compared(ALL)
        assert (result.both, result.only_connector) == (4, ())
        why = listed(result.only_sync)
        assert why.keys() == {"dan@contoso.com", "eve@contoso.com", "Inner", "Robot"}
        assert why["dan@contoso.com"].startswith("disabled in Entra")
        assert why["eve@contoso.com"].startswith("nested: it is in All")
        assert why["Inner"].startswith("nested in All")
        assert why["Robot"].startswith("service principal")

    def test_who_is_not_assigned_is_said_to_be_so(self) -> None:
        result = compared(ConnectorScope("c", users=frozenset({"ada"})))
        assert result.both == 1
        why = listed(result.only_sync)
        assert why["bob@contoso.com"].startswith("not assigned")
        assert why["All"].startswith("not assigned")

    def test_who_is_assigned_and_not_in_the_scope_is_missing_in_the_sync(self) -> None:
        connector = replace(ALL, groups=frozenset({"all", "other"}), users=frozenset({"eve"}))
        result = compared(connector)
        why = listed(result.only_connector)
        assert why.keys() == {"gus@contoso.com", "Other"}
        assert why["gus@contoso.com"] == (
            "in no group of this sync's scope.groups (member of Other, assigned to the connector's "
            "application)"
        )
        assert why["Other"].startswith("not in this sync's scope.groups (assigned")

    def test_a_guest_and_whoever_scope_users_leaves_out_are_named_by_the_filter(self) -> None:
        scope = Scope.model_validate({
            "groups": [{"name": "All"}], "guests": False, "nested": "direct",
            "users": [[{"attribute": "department", "operator": "is_not_null"}]],
        })  # fmt: skip
        connector = replace(ALL, groups=frozenset({"all", "other", "inner"}))
        why = listed(compared(connector, scope).only_connector)
        assert why["gus@contoso.com"].startswith("filter: it is a guest")
        assert why["cyd@contoso.com"].startswith("scope.users: department is_not_null")
        assert why["Inner"].startswith("nested: it is a nested group")
        assert "eve@contoso.com" in why

    def test_a_filter_differs_in_case_and_on_empty_values(self) -> None:
        why = listed(compared(replace(ALL, filters={Kind.USER: DATA})).only_sync)
        assert "compares with regard to case" in why["bob@contoso.com"]
        assert "'data'" in why["bob@contoso.com"]
        assert "empty attribute is false" in why["cyd@contoso.com"]
        assert "ada@contoso.com" not in why

    def test_a_filter_of_groups_and_groups_that_are_no_security_groups(self) -> None:
        names = (((Clause("displayName", "EQUALS", ("all",))),),)
        connector = ConnectorScope(
            "c", groups=frozenset({"all", "mail"}), filters={Kind.GROUP: names}
        )
        result = compared(connector)
        assert "regard to case" in listed(result.only_sync)["All"]
        assert "Mail" not in listed(result.only_connector)
        assert "ada@contoso.com" not in listed(result.only_sync), "its members are provisioned"

    def test_everybody_is_everybody(self) -> None:
        result = compared(ConnectorScope("c", everybody=True))
        assert "Inner" not in listed(result.only_sync)
        assert "everybody of the tenant" in listed(result.only_connector)["gus@contoso.com"]

    def test_a_mapping_that_is_switched_off_provisions_nobody(self) -> None:
        why = listed(compared(replace(ALL, kinds=frozenset({Kind.GROUP}))).only_sync)
        assert why["ada@contoso.com"] == "the connector's mapping of people is switched off"
        why = listed(compared(replace(ALL, kinds=frozenset())).only_sync)
        assert why["All"] == "the connector's mapping of groups is switched off"

    def test_without_a_connector_everything_is_missing_there(self) -> None:
        result = compared(replace(ALL, missing="there is no application"))
        assert result.both == 0
        assert set(listed(result.only_sync).values()) == {"there is no application"}

    def test_who_is_quarantined_by_the_sync_is_missing_there(self) -> None:
        users = USERS | {"ad2": replace(USERS["ada"], id="ad2")}
        group = replace(GROUPS["all"], members=GROUPS["all"].members | {"ad2"})
        whole = replace(WHOLE, users=users, groups=GROUPS | {"all": group})
        seen = replace(whole, groups={"all": group, "inner": GROUPS["inner"]})
        side = SyncSide(SCOPE, seen, desire(seen, SCOPE, MappingSettings()))
        result = compare("account", ALL, whole, side)
        assert (
            "quarantined by this sync: two Entra users"
            in listed(result.only_connector)["ada@contoso.com"]
        )

    def test_a_group_that_is_flattened_or_has_no_name_is_missing_in_the_sync(self) -> None:
        flat = Scope.model_validate({"groups": [{"name": "All"}], "nested": "flatten"})
        connector = replace(ALL, groups=frozenset({"all", "inner"}))
        why = listed(compared(connector, flat).only_connector)
        assert why["Inner"].startswith("nested: scope.nested is flatten")
        nameless = Snapshot(frozenset({"x"}), {}, {}, {"x": Group("x", "admins")})
        side = SyncSide(SCOPE, nameless, desire(nameless, SCOPE, MappingSettings()))
        result = compare("account", replace(ALL, groups=frozenset({"x"})), nameless, side)
        assert "quarantined by this sync" in listed(result.only_connector)["admins"]

    def test_what_only_entra_can_judge_is_said_and_leaves_nobody_out(self) -> None:
        odd = (
            (Clause("proxyAddresses", "EQUALS", ("x",)), Clause("department", "Resembles", ("x",))),
        )
        groups = ((Clause("onPremisesSamAccountName", "EQUALS", ("x",)),),)
        result = compared(
            replace(ALL, filters={Kind.USER: odd, Kind.GROUP: groups}, notices=("Paused.",))
        )
        assert result.both == 4
        assert len(result.notices) == 4
        assert result.notices[0] == "Paused."


class TestFilter:
    """One clause, as Entra judges it."""

    @pytest.mark.parametrize(
        ("operator", "values", "value", "held"),
        [
            ("EQUALS", ("Data",), "Data", True),
            ("EQUALS", ("Data",), "data", False),
            ("EQUALS", ("Data",), None, False),
            ("EQUALS", ("True",), True, True),
            ("EQUALS", ("true",), True, False),
            ("NOT EQUALS", ("Data",), "data", True),
            ("NOT EQUALS", ("Data",), None, False),
            ("NOT EQUALS", ("Data",), "", False),
            ("REGEX MATCH", ("^(?:Data|AI)$",), "AI", True),
            ("REGEX MATCH", ("^D",), None, False),
            ("NOT REGEX MATCH", ("^D",), "AI", True),
            ("NOT REGEX MATCH", ("^D",), None, False),
            ("REGEX MATCH", ("(?<a>[",), "AI", None),
            ("IS NULL", (), None, True),
            ("IS NULL", (), "", True),
            ("IS NOT NULL", (), "x", True),
            ("IS TRUE", (), True, True),
            ("IS TRUE", (), None, False),
            ("IS FALSE", (), False, True),
            ("ENDS_WITH", ("ta",), "Data", True),
            ("ENDS_WITH", ("TA",), "Data", False),
            ("Includes", ("at",), "Data", True),
            ("Starts_With", ("Da",), "Data", True),
            ("equals", ("x",), "x", True),
            ("Greater_Than", ("3",), "4", None),
        ],
    )
    def test_it_regards_case_and_is_false_on_nothing(
        self, operator: str, values: tuple[str, ...], value: Any, *, held: bool | None
    ) -> None:
        assert holds(Clause("a", operator, values), lambda _: value) is held

    def test_lists_are_or_and_their_clauses_and(self) -> None:
        clauses = [Clause("a", "EQUALS", (letter,)) for letter in "xyx"]
        either = ((clauses[0],), (clauses[1],))
        both = ((clauses[0], clauses[1]),)
        assert failing(either, lambda _: "y") is None
        assert "a EQUALS 'x' does not hold: it is 'y'" in str(failing(both, lambda _: "y"))
        assert failing((), lambda _: None) is None

    def test_it_is_read_from_a_mapping(self) -> None:
        clause = {
            "operatorName": "EQUALS", "sourceOperandName": "department", "targetOperand": {"values": ["Data"]},
        }  # fmt: skip
        bare = {"operatorName": "IS NULL", "sourceOperandName": "mobile", "targetOperand": None}
        groups = [{"name": "x", "clauses": [clause, bare]}, {"clauses": []}, "odd"]
        read = filter_of({"scope": {"groups": groups}})
        assert read == ((Clause("department", "EQUALS", ("Data",)), Clause("mobile", "IS NULL")),)
        assert attributes_of(read) == ("department", "mobilePhone")
        assert str(read[0][1]) == "mobile IS NULL"
        assert filter_of({"scope": None}) == filter_of({}) == filter_of({"scope": {}}) == ()


def test_it_is_shown_and_written_as_the_contract_says() -> None:
    result = Comparison("contoso", (compared(ALL), compared(replace(ALL, notices=("Stopped.",)))))
    document = comparison_to_json(result)
    assert (document["kind"], document["version"], document["sync"]) == (
        "connector_comparison", 1, "contoso",
    )  # fmt: skip
    first = document["targets"][0]
    assert (first["target"], first["both"], first["only_connector"]) == ("account", 4, [])
    assert {row["type"] for row in first["only_sync"]} == {"user", "group", "service_principal"}
    text = as_text(comparison_document(result))
    assert "4 identities on both sides, 0 only in contoso-databricks, 4 only in this sync" in text
    assert "Only this sync provisions (4)" in text
    assert "Stopped." in text
    part = as_text(comparison_document(replace(result, complete=False)))
    assert "may only be unread" in part
    same = TargetComparison("account", "c", 1)
    assert comparison_document(Comparison("s", (same,))).state == "the same"
