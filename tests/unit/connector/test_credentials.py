"""Secrets of an application, and the keyed digest that tells tokens apart."""

from __future__ import annotations

import json

import pytest

from aadsync_lib.config.base import SecretRef
from aadsync_lib.config.connector import ConnectorSettings
from aadsync_lib.connector import credentials
from aadsync_lib.connector.connectors import Connector
from aadsync_lib.connector.credentials import Rules, digest_of, is_same
from aadsync_lib.secrets import Secret

TOKEN = Secret("dapi-of-nobody")


def connector(**settings: object) -> Connector:
    known = ConnectorSettings(name="x", token=SecretRef(env="T"), **settings)
    return Connector("account", "aadsync:a/account", known, "https://x/scim/v2/", lambda: TOKEN)


def pairs(stored: dict[str, str], **settings: object) -> dict[str, str]:
    rows = credentials.pairs(connector(**settings), TOKEN, stored)
    return {row["key"]: row["value"] for row in rows}


def test_a_digest_tells_the_token_and_is_another_one_each_time() -> None:
    first, second = digest_of(TOKEN), digest_of(TOKEN)
    assert first != second
    assert is_same(TOKEN, first)
    assert is_same(TOKEN, second)
    assert not is_same(Secret("another"), first)
    assert not is_same(TOKEN, None)
    assert not is_same(TOKEN, "")
    assert TOKEN.reveal() not in first


@pytest.mark.parametrize(
    ("settings", "rules"),
    [
        ({}, Rules("assigned", None, None)),
        ({"scope": "all", "notify": "it@a.b"}, Rules("all", "it@a.b", None)),
        ({"delete_threshold": 5}, Rules("assigned", None, 5)),
    ],
)
def test_what_is_stored_is_read_back_as_the_settings(
    settings: dict[str, object], rules: Rules
) -> None:
    assert Rules.of(pairs({}, **settings)) == Rules.wanted(connector(**settings)) == rules


def test_what_else_is_stored_stays_as_far_as_it_can_be_read() -> None:
    notice = json.dumps({"Enabled": "true", "Recipients": "a@b.c", "HumanResources": False})
    stored = {
        "SkipOutOfScopeDeletions": "True",
        "ClientSecret": "*",
        "SyncNotificationSettings": notice,
    }
    kept = pairs(stored)
    assert kept["SkipOutOfScopeDeletions"] == "True"
    assert "ClientSecret" not in kept
    assert credentials.lost(stored) == ["ClientSecret"]
    assert json.loads(kept["SyncNotificationSettings"]) == {
        "Enabled": False, "Recipients": "", "HumanResources": False, "DeleteThresholdEnabled": False,
    }  # fmt: skip
    assert Rules.of(stored).notify == "a@b.c"


@pytest.mark.parametrize("text", ["", "no json", "[]", '{"DeleteThresholdEnabled": true}'])
def test_settings_that_nobody_can_read_are_none(text: str) -> None:
    assert Rules.of({"SyncNotificationSettings": text}) == Rules("assigned", None, None)
