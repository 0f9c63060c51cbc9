"""What cannot be on the target as Entra has it is quarantined alone, and the rest goes on."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from aadsync_lib.model.plan import TargetPlan
from aadsync_lib.model.run import RunReport, Status
from aadsync_lib.sandbox import World
from tests.acceptance.stage import Stage


def group_id(number: int) -> str:
    return f"11111111-0000-4000-8000-{number:012}"


def user_id(number: int) -> str:
    return f"22222222-0000-4000-8000-{number:012}"


def world(groups: Iterable[dict[str, Any]], users: int = 3, **switches: Any) -> World:
    people = [
        {
            "id": user_id(n),
            "userPrincipalName": f"user{n}@contoso.com",
            "mail": f"user{n}@contoso.com",
        }
        for n in range(users)
    ]
    entra = {"users": people, "groups": list(groups)}
    return World.from_json({"entra": entra, "databricks": {"switches": switches}})


def group(number: int, name: str, *members: str, **more: Any) -> dict[str, Any]:
    return {"id": group_id(number), "displayName": name, "members": list(members), **more}


def held(report: RunReport) -> dict[str | None, str]:
    """What is quarantined, by object id; nothing may have failed beside."""
    target = report.targets[0]
    assert target.failed == ()
    return {one.external_id: one.reason for one in target.quarantined}


def again(stage: Stage) -> TargetPlan:
    """The plan after a run, which has nothing left to do."""
    plan = stage.plan().targets[0]
    assert plan.changes == ()
    return plan


@pytest.mark.parametrize("name", ["DBX-Data", "dbx-data ", " dbx-data"])
def test_groups_of_one_name_wait_and_a_template_solves_it(stage: Stage, name: str) -> None:
    stage.show(
        world(
            [
                group(0, "dbx-all", group_id(1), group_id(2), user_id(2)),
                group(1, "dbx-data", user_id(0), mailNickname="data"),
                group(2, name, user_id(1), mailNickname="data2"),
            ]
        )
    )

    reasons = held(stage.sync())

    assert set(reasons) == {group_id(1), group_id(2)}
    assert all("two Entra groups map to displayName" in one for one in reasons.values())
    assert set(stage.picture()["users"]) >= {f"user{n}@contoso.com" for n in range(3)}
    assert stage.picture()["groups"]["dbx-all"]["members"] == ["user2@contoso.com"]
    again(stage)

    stage.configure(mapping={"group_name": "{displayName} ({mailNickname})"})
    assert stage.sync().status is Status.SUCCEEDED
    groups = stage.picture()["groups"]
    assert groups["dbx-data (data)"]["members"] == ["user0@contoso.com"]
    second = next(one for one in groups if one.endswith("(data2)"))
    assert groups[second]["members"] == ["user1@contoso.com"]
    again(stage)


def test_a_quarantine_is_remembered_and_ends_when_its_cause_is_gone(stage: Stage) -> None:
    stage.show(world([group(1, "dbx-data", user_id(0)), group(2, "dbx-Data", user_id(1))]))
    for _ in range(3):
        stage.sync()
    records = quarantine(stage)
    assert {one.external_id for one in records} == {group_id(1), group_id(2)}
    assert {one.times for one in records} == {3}
    assert all(one.first_seen <= one.last_seen for one in records)

    stage.box.world.entra.rename_group(group_id(2), "dbx-other")

    assert stage.sync().status is Status.SUCCEEDED
    assert quarantine(stage) == ()
    assert stage.box.world.databricks.members("dbx-other") == {"user1@contoso.com"}


def quarantine(stage: Stage) -> Any:
    return stage.planner().reader.quarantine("account")


def test_people_of_one_user_name_wait_with_their_memberships(stage: Stage) -> None:
    made = world([group(1, "dbx-data", *(user_id(n) for n in range(3)))])
    made.entra.update_user(user_id(1), mail="USER0@contoso.com")
    stage.show(made)
    stage.configure(mapping={"user_name": "mail"})

    reasons = held(stage.sync())

    assert set(reasons) == {user_id(0), user_id(1)}
    assert "two Entra users map to userName" in reasons[user_id(0)]
    assert stage.picture()["groups"]["dbx-data"]["members"] == ["user2@contoso.com"]
    again(stage)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("admins", "is a group of Databricks itself"),
        ("Users", "is a group of Databricks itself"),
        ("ACCOUNT USERS ", "is a group of Databricks itself"),
        ("x" * 256, "has 256 characters; Databricks takes 255"),
    ],
)
def test_a_name_that_databricks_does_not_take_waits_alone(
    stage: Stage, name: str, reason: str
) -> None:
    groups = [
        group(0, "dbx-all", group_id(1), group_id(2)),
        group(1, name, user_id(0)),
        group(2, "y" * 255, user_id(1)),
    ]
    stage.show(world(groups))

    [(which, why)] = held(stage.sync()).items()

    assert which == group_id(1)
    assert reason in why
    groups_there = stage.picture()["groups"]
    assert groups_there["dbx-all"]["members"] == ["y" * 255]
    assert groups_there["y" * 255]["members"] == ["user1@contoso.com"]
    again(stage)

    stage.configure(mapping={"group_name": "{id}"})
    assert stage.sync().status is Status.SUCCEEDED
    assert stage.picture()["groups"][group_id(1)]["members"] == ["user0@contoso.com"]


def test_more_than_ten_levels_are_flattened_into_the_tenth_with_a_warning(stage: Stage) -> None:
    chain = [group(n, f"dbx-{n:02}", group_id(n + 1)) for n in range(12)]
    stage.show(world([*chain, group(12, "dbx-12", user_id(0), user_id(1))]))
    stage.configure(scope={"groups": [{"name": "dbx-00"}]})

    report = stage.sync()

    assert held(report) == {}
    assert {notice.code for notice in report.targets[0].warnings} & {"max_depth", "depth"}
    groups = stage.picture()["groups"]
    assert groups["dbx-09"]["members"] == ["user0@contoso.com", "user1@contoso.com"]
    again(stage)


def test_more_groups_than_fit_wait_last_by_name(stage: Stage) -> None:
    names = ["dbx-c", "dbx-a", "dbx-b", "dbx-d"]
    groups = [group(n, name, user_id(n % 3)) for n, name in enumerate(names)]
    groups.append(group(9, "dbx-a-all", *(group_id(n) for n in range(4))))
    stage.show(world(groups, max_groups=4))  # with the one that Databricks has itself
    stage.configure(targets={"capacity": {"groups": 4}})

    reasons = held(stage.sync())

    assert set(reasons) == {group_id(0), group_id(3)}
    assert "capacity.groups" in reasons[group_id(0)]
    assert stage.picture()["groups"]["dbx-a-all"]["members"] == ["dbx-a", "dbx-b"]
    again(stage)

    stage.box.world.databricks.switches.max_groups = 5000
    stage.configure(targets={"capacity": {"groups": None}})
    assert stage.sync().status is Status.SUCCEEDED
    assert sorted(stage.picture()["groups"]["dbx-a-all"]["members"]) == sorted(names)
    again(stage)


def test_more_people_than_fit_wait_with_their_memberships(stage: Stage) -> None:
    stage.show(world([group(1, "dbx-data", *(user_id(n) for n in range(6)))], users=6))
    account = stage.box.world.databricks
    room = len(account.users) + len(account.service_principals) + 4
    account.switches.max_principals = room
    stage.configure(targets={"capacity": {"principals": room}})

    reasons = held(stage.sync())

    assert set(reasons) == {user_id(4), user_id(5)}
    assert account.members("dbx-data") == {f"user{n}@contoso.com" for n in range(4)}
    again(stage)

    account.switches.max_principals = room + 2
    stage.configure(targets={"capacity": {"principals": room + 2}})
    assert stage.sync().status is Status.SUCCEEDED
    assert len(account.members("dbx-data")) == 6


def test_more_groups_than_one_can_be_in_lose_the_latest_memberships_only(stage: Stage) -> None:
    groups = [group(n, f"dbx-{n}", user_id(0), user_id(1)) for n in range(3)]
    stage.show(world(groups, users=2, max_direct_parents=3))
    stage.configure(targets={"capacity": {"direct_groups": 3}})
    assert stage.sync().status is Status.SUCCEEDED
    stage.box.world.entra.add("group", group(8, "dbx-a-new", user_id(0)))
    stage.box.world.entra.add_member(group_id(8), user_id(0))

    [(who, why)] = held(stage.sync()).items()

    assert who == user_id(0)
    assert "not added to dbx-a-new" in why
    there = stage.picture()["groups"]
    assert there["dbx-a-new"]["members"] == []
    assert all(len(there[f"dbx-{n}"]["members"]) == 2 for n in range(3))
    again(stage)

    stage.box.world.entra.remove_member(group_id(1), user_id(0))
    stage.sync()
    assert stage.sync().status is Status.SUCCEEDED
    assert stage.picture()["groups"]["dbx-a-new"]["members"] == ["user0@contoso.com"]
    again(stage)
