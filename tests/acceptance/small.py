"""A company of three people and two groups, and what is looked at in its reports."""

from __future__ import annotations

from aadsync_lib.model.plan import Plan
from aadsync_lib.model.run import RunReport
from aadsync_lib.sandbox import World

DATA, OPS = (f"11111111-0000-4000-8000-00000000000{n}" for n in range(1, 3))
ADA, BOB, CYD = (f"22222222-0000-4000-8000-00000000000{n}" for n in range(1, 4))
A, B, C = (f"{name}@contoso.com" for name in ("ada", "bob", "cyd"))
DAY = 86_400.0


def company() -> World:
    """Ada and Bob in dbx-data, Bob and Cyd in dbx-ops, and an account without anything."""
    names = {ADA: "ada", BOB: "bob", CYD: "cyd"}
    entra = {
        "users": [
            {"id": key, "userPrincipalName": f"{name}@contoso.com", "displayName": name.title()}
            for key, name in names.items()
        ],
        "groups": [
            {"id": DATA, "displayName": "dbx-data", "members": [ADA, BOB]},
            {"id": OPS, "displayName": "dbx-ops", "members": [BOB, CYD]},
        ],
    }
    return World.from_json({"entra": entra})


def changes(plan: Plan) -> list[tuple[str, str, str]]:
    """Return what a plan does to whom, and why."""
    return [(one.action.value, one.name, one.reason) for one in plan.targets[0].changes]


def actions(plan: Plan) -> list[tuple[str, str]]:
    """Return what a plan does to whom."""
    return [(one.action.value, one.name) for one in plan.targets[0].changes]


def applied(report: RunReport) -> dict[str, int]:
    """Return how often a run did what."""
    return dict(report.targets[0].applied)
