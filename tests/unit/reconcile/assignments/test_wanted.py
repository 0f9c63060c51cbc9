from __future__ import annotations

import unicodedata

import pytest

from aadsync_lib.model.assignment import AccessRule, ManagedWorkspace
from aadsync_lib.model.identity import Permission
from aadsync_lib.reconcile.assignments.wanted import wanted
from aadsync_lib.reconcile.desired.naming import desire
from tests.unit.build import directory, group, service, settings, user


def matched(*patterns, snapshot):
    config = settings()
    desired = desire(snapshot, config.scope, config.mapping)
    rule = AccessRule(patterns, Permission.USER)
    found = wanted(ManagedWorkspace(7, (rule,)), desired)
    return sorted(each.principal.name for each in found.values())


@pytest.mark.parametrize(
    ("pattern", "names"),
    [
        ("*", ["DBX-a", "dbx-b", "other"]),
        ("dbx-*", ["DBX-a", "dbx-b"]),
        ("DBX-?", ["DBX-a", "dbx-b"]),
        ("dbx-[!a]", ["dbx-b"]),
        ("dbx", []),
        ("*-a", ["DBX-a"]),
    ],
)
def test_patterns_are_those_of_a_shell_without_regard_to_case(pattern, names):
    snapshot = directory(group("DBX-a"), group("dbx-b"), group("other"))
    assert matched(pattern, snapshot=snapshot) == names


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_names_are_compared_in_one_unicode_form(form):
    snapshot = directory(group(unicodedata.normalize(form, "Café")))
    for pattern in ("caf?", unicodedata.normalize("NFD", "CAFÉ")):
        assert len(matched(pattern, snapshot=snapshot)) == 1


def test_the_names_are_those_on_the_target():
    config = settings(mapping={"group_name": "acme-{displayName}"})
    desired = desire(directory(group("data")), config.scope, config.mapping)
    rules = (AccessRule(("data",), Permission.USER), AccessRule(("acme-*",), Permission.ADMIN))
    (found,) = wanted(ManagedWorkspace(7, rules), desired).values()
    assert (found.permission, found.patterns) == (Permission.ADMIN, ("acme-*",))


def test_people_match_by_user_name_and_services_by_either_of_their_names():
    ada, bob, bot = user("ada"), user("bob"), service("bot")
    snapshot = directory(ada, bob, bot, group("data", [bob]), assigned=[ada, bot])
    assert matched("*@contoso.com", snapshot=snapshot) == ["ada@contoso.com"]
    assert matched("Bot", snapshot=snapshot) == matched("app-bot", snapshot=snapshot) == ["app-bot"]
