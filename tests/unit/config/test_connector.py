"""Settings of a target's connector: defaults, addresses, and every problem at once."""

from __future__ import annotations

from typing import Any

import pytest

from aadsync_lib.config.digest import settings_digest
from aadsync_lib.config.load import load_settings
from aadsync_lib.connector.connectors import chosen, scim_root
from aadsync_lib.errors import AadsyncError, UsageError
from tests.unit.config.files import ACCOUNT, problems, small

LEAST = {"name": "contoso-databricks", "token": {"env": "SCIM_TOKEN"}}
GALLERY = "Azure Databricks SCIM Provisioning Connector"


def tree(**connector: Any) -> dict[str, Any]:
    settings = small()
    settings["targets"][0]["connector"] = LEAST | connector
    return settings


def test_all_but_name_and_token_has_a_default(write):
    connector = load_settings(write(tree())).targets[0].connector
    assert connector
    assert (connector.template, connector.scope, connector.enabled) == (GALLERY, "assigned", True)
    assert (connector.base_address, connector.notify, connector.delete_threshold) == (None,) * 3
    assert (connector.assign.groups, connector.assign.users, connector.assign.role) == (
        (),
        (),
        "User",
    )
    assert (connector.filters.users, connector.filters.groups) == (None, None)


def test_every_problem_is_listed_at_once(write):
    wrong = {
        "name": " x",
        "token": "hunter2",
        "scope": "some",
        "assign": {"groups": [{"prefix": "a", "name": "b"}], "roles": "User"},
        "mappings": {"users": {"title": "job title", "userName": "mail", "username": "mail"}},
        "filters": {
            "users": [[{"attribute": "proxyAddresses", "operator": "contains", "value": "x"}], []],
            "groups": [[{"attribute": "displayName", "operator": "equals", "value": ""}]],
        },
        "notify": "a@b.c, d@e.f",
        "delete_threshold": 0,
        "enabled": "yes please",
        "base_address": "ftp://x",
    }
    listed = "\n".join(problems(write(tree(**wrong))))
    for key in (
        "name", "token", "scope", "assign.groups", "assign.roles", "mappings.users", "filters.users",
        "filters.groups", "notify", "delete_threshold", "enabled", "base_address",
    ):  # fmt: skip
        assert f"targets.account.connector.{key}" in listed or f"connector.{key}" in listed, (
            key,
            listed,
        )
    assert "hunter2" not in listed


@pytest.mark.parametrize(
    "clause",
    [
        {"attribute": "memberOf", "value": "x"},
        {"attribute": "employeeOrgData.division", "value": "x"},
        {"attribute": "department", "operator": "in", "value": ["a", ""]},
    ],
)
def test_what_no_filter_of_entra_can_say_is_a_problem(write, clause):
    assert len(problems(write(tree(filters={"users": [[clause]]})))) == 1


@pytest.mark.parametrize(
    ("target", "root"),
    [
        ({}, f"https://accounts.azuredatabricks.net/api/2.1/accounts/{ACCOUNT}/scim/v2/"),
        (
            {"host": "https://adb-1.2.azuredatabricks.net"},
            f"https://accounts.azuredatabricks.net/api/2.1/accounts/{ACCOUNT}/scim/v2/",
        ),
        (
            {
                "host": "https://adb-1.2.azuredatabricks.net",
                "level": "workspace",
                "account_id": None,
            },
            "https://adb-1.2.azuredatabricks.net/api/2.0/preview/scim/v2",
        ),
    ],
)
def test_the_address_comes_from_the_target(write, target, root):
    settings = tree()
    settings["targets"][0] |= target
    assert scim_root(load_settings(write(settings)).targets[0]) == root


def test_a_sync_is_the_same_with_and_without_a_connector(write):
    assert settings_digest(load_settings(write(small()))) == settings_digest(
        load_settings(write(tree()))
    )


class TestChosen:
    """Targets that a command is about."""

    def test_those_with_a_connector(self, write):
        settings = load_settings(write(tree()))
        assert [t.name for t in chosen(settings, None)] == ["account"]
        assert [t.name for t in chosen(settings, "account")] == ["account"]
        with pytest.raises(UsageError, match="no such target"):
            chosen(settings, "sales")

    def test_none_is_an_error_that_says_where_to_name_one(self, write):
        settings = load_settings(write(small()))
        with pytest.raises(AadsyncError, match=r"targets\[\]\.connector"):
            chosen(settings, None)
        with pytest.raises(UsageError, match="has no connector"):
            chosen(settings, "account")

    def test_a_cloud_without_it_names_what_to_use(self, write):
        settings = tree()
        settings["source"]["cloud"] = "china"
        with pytest.raises(AadsyncError, match="aadsync sync"):
            chosen(load_settings(write(settings)), None)
