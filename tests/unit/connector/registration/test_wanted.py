"""The least permissions with which everything in the settings works."""

from __future__ import annotations

import pytest

from aadsync_lib.config.settings import Settings
from aadsync_lib.connector.registration.wanted import permissions_for

TARGET = {
    "name": "account",
    "host": "https://accounts.azuredatabricks.net",
    "account_id": "9c1d0000-0000-4000-8000-000000000001",
}
SOURCE = {"tenant_id": "5f0a0000-0000-4000-8000-000000000001", "auth": {"method": "azure_cli"}}
CONNECTOR = {"name": "x", "token": {"env": "TOKEN"}}
SYNC = {"GroupMember.Read.All", "User.Read.All"}
APPLICATIONS = {"Application.Read.All"}
RUNS = {"Application.ReadWrite.OwnedBy", "ProvisioningLog.Read.All"}
ASSIGNS = {"AppRoleAssignment.ReadWrite.All"}
PREFIX = [{"prefix": "dbx-"}]


def needed(groups: dict, **target: object) -> dict[str, str]:
    settings = Settings.model_validate(
        {"name": "contoso", "source": SOURCE, "scope": groups, "targets": [{**TARGET, **target}]}
    )
    return {each.name: each.reason for each in permissions_for(settings)}


@pytest.mark.parametrize(
    ("scope", "target", "expected"),
    [
        ({"groups": PREFIX}, {}, SYNC | APPLICATIONS),
        ({"groups": PREFIX, "service_principals": False}, {}, SYNC),
        (
            {"groups": [{"application": "Databricks"}], "service_principals": False},
            {},
            SYNC | APPLICATIONS,
        ),
        (
            {"groups": PREFIX, "service_principals": False},
            {"scope": {"service_principals": True}},
            SYNC | APPLICATIONS,
        ),
        (
            {"groups": PREFIX, "service_principals": False},
            {"connector": CONNECTOR},
            SYNC | APPLICATIONS | RUNS,
        ),
        (
            {"groups": PREFIX},
            {"connector": {**CONNECTOR, "assign": {"users": ["ada@contoso.com"]}}},
            SYNC | APPLICATIONS | RUNS | ASSIGNS,
        ),
    ],
)
def test_what_is_needed_and_no_more(scope, target, expected):
    assert set(needed(scope, **target)) == expected


def test_each_has_all_its_reasons():
    reasons = needed({"groups": PREFIX}, connector=CONNECTOR)
    assert reasons["Application.Read.All"].count(" and ") >= 1
    assert all(reasons.values())
