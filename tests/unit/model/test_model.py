from __future__ import annotations

import json

import pytest

from aadsync_lib.model.change import ACCESS, CONNECTOR, MEMBERS, Action, Change, MemberRef
from aadsync_lib.model.codec import change_from_json, change_to_json
from aadsync_lib.model.identity import Attributes, Kind, Permission, merged, same_name
from aadsync_lib.model.link import Link, Links, Origin
from aadsync_lib.model.plan import Plan, TargetPlan
from aadsync_lib.model.run import Outcome, Requests, Result, RunReport, Status, TargetReport

ADD = Change(
    Action.ADD_MEMBERS, "g1", "7", "Data", "members in Entra",
    members=(MemberRef("u1", None, "ada", Kind.USER), MemberRef(None, "9", "bob", Kind.USER)),
)  # fmt: skip
REMOVE = Change(
    Action.REMOVE_MEMBERS, "g1", "7", "Data", "not members in Entra",
    members=(MemberRef("s1", "8", "app", Kind.SERVICE_PRINCIPAL),),
)  # fmt: skip
CREATE = Change(
    Action.CREATE_USER,
    "u1",
    None,
    "ada",
    "in scope",
    None,
    Attributes(user_name="ada", active=True),
)


@pytest.mark.parametrize("action", list(Action))
def test_every_action_is_a_verb_on_a_kind(action):
    if action in (*MEMBERS, *ACCESS):
        assert action.kind is Kind.GROUP
    elif action in CONNECTOR:
        assert action.kind is Kind.SERVICE_PRINCIPAL
    else:
        assert Action.on(action.verb, action.kind) is action


@pytest.mark.parametrize("change", [ADD, REMOVE, CREATE])
def test_a_change_survives_json_and_back(change):
    raw = json.loads(json.dumps(change_to_json(change)))
    assert change_from_json(raw) == change
    assert ("members" in raw) is bool(change.members)


def test_the_digest_changes_with_any_change_of_any_target_and_not_otherwise():
    plans = [
        Plan("contoso", (TargetPlan("a", (ADD,)),)),
        Plan("contoso", (TargetPlan("b", (ADD,)),)),
        Plan("contoso", (TargetPlan("a", (ADD, REMOVE)),)),
        Plan("contoso", (TargetPlan("a", (ADD,)), TargetPlan("b", ()))),
    ]
    assert len({plan.digest for plan in plans}) == len(plans)
    assert Plan("contoso", (TargetPlan("a", (ADD,)),), complete=False).digest == plans[0].digest
    assert plans[0].digest.startswith("sha256:")


def test_a_plan_counts_its_changes_and_members():
    plan = TargetPlan("a", (CREATE, ADD, REMOVE))
    assert plan.counts == {"create_user": 1, "add_members": 1, "remove_members": 1}
    assert (plan.members_added, plan.members_removed) == (2, 1)


def test_a_plan_is_empty_when_no_target_has_changes():
    assert Plan("contoso", (TargetPlan("a"), TargetPlan("b"))).empty
    assert not Plan("contoso", (TargetPlan("a"), TargetPlan("b", (ADD,)))).empty


def test_a_plan_gives_the_part_of_one_target():
    part = TargetPlan("b", (ADD,))
    assert Plan("contoso", (TargetPlan("a"), part)).for_target("b") is part


def test_merging_takes_what_any_part_sets_and_the_last_one_wins():
    parts = [Attributes(active=False, display_name="A"), None, Attributes(display_name="B")]
    assert merged(parts) == Attributes(active=False, display_name="B")
    assert merged([None, Attributes()]) is None


@pytest.mark.parametrize(("left", "right"), [
    ("Data", "DATA"), ("Caf\u00e9", "CAFE\u0301"), ("\u212bngstr\u00f6m", "A\u030angstro\u0308m"),
])  # fmt: skip
def test_names_are_the_same_in_nfc_and_lower_case(left, right):
    assert same_name(left, right)


@pytest.mark.parametrize(("left", "right"), [
    ("Ma\u00dfe", "Masse"), ("\ufb01n", "fin"), ("Data", "Da ta"), ("Data", "Data "),
])  # fmt: skip
def test_names_that_only_folding_makes_the_same_are_two(left, right):
    assert not same_name(left, right)


def test_links_are_found_from_both_sides_and_by_kind_in_order():
    links = Links(
        Link(kind, oid, tid, Origin.CREATED, oid)
        for kind, oid, tid in (
            (Kind.USER, "u2", "2"), (Kind.GROUP, "g1", "3"), (Kind.USER, "u1", "1")
        )
    )  # fmt: skip
    assert len(links) == 3
    assert links.by_target["3"].external_id == "g1"
    assert [link.external_id for link in links.of_kind(Kind.USER)] == ["u1", "u2"]


def test_a_report_tells_what_was_done_from_what_was_not():
    outcomes = (
        Outcome(ADD, Result.DONE),
        Outcome(REMOVE, Result.DONE),
        Outcome(CREATE, Result.FAILED, "no"),
        Outcome(CREATE, Result.QUARANTINED, "taken"),
    )
    report = TargetReport("a", Status.PARTIAL, outcomes)
    assert report.applied == {"add_members": 1, "remove_members": 1}
    assert (report.members_added, report.members_removed) == (2, 1)
    assert report.failed == (outcomes[2],)


@pytest.mark.parametrize(
    ("statuses", "worst"),
    [
        ((), Status.SUCCEEDED),
        ((Status.SUCCEEDED, Status.PARTIAL), Status.PARTIAL),
        ((Status.REFUSED, Status.PARTIAL), Status.REFUSED),
        ((Status.FAILED, Status.SUCCEEDED, Status.PARTIAL), Status.FAILED),
    ],
)
def test_a_run_is_as_bad_as_its_worst_target(statuses, worst):
    targets = tuple(TargetReport("t", status) for status in statuses)
    assert RunReport("r", "s", "d", True, targets, Requests(), 0.0).status is worst


USER = Attributes(workspace_id=7, permission=Permission.USER)
ADMIN = Attributes(workspace_id=7, permission=Permission.ADMIN)


@pytest.mark.parametrize(
    ("action", "before", "after", "takes"),
    [
        (Action.ASSIGN_WORKSPACE, None, USER, False),
        (Action.ASSIGN_WORKSPACE, USER, ADMIN, False),
        (Action.ASSIGN_WORKSPACE, ADMIN, USER, True),
        (Action.UNASSIGN_WORKSPACE, USER, None, True),
        (Action.GRANT_ENTITLEMENTS, None, Attributes(entitlements=("a",)), False),
        (Action.REVOKE_ENTITLEMENTS, Attributes(entitlements=("a",)), None, True),
    ],
)
def test_access_is_taken_by_what_leaves_less_of_it(action, before, after, takes):
    change = Change(action, "g", "1", "dbx", "", before, after, principal=Kind.GROUP)
    assert change.takes_access is takes


@pytest.mark.parametrize("kind", Kind)
def test_a_change_of_access_survives_json_and_says_whose_it_is(kind):
    change = Change(
        Action.ASSIGN_WORKSPACE, "g", "1", "dbx", "why", USER, ADMIN, drift=True, principal=kind
    )
    raw = change_to_json(change)
    assert raw["type"] == kind.value
    assert raw["before"] == {"workspace_id": 7, "permission": "user"}
    assert raw["after"] == {"workspace_id": 7, "permission": "admin"}
    assert change_from_json(json.loads(json.dumps(raw))) == change
    assert change.kind is kind
