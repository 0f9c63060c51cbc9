"""Root groups as words of a widget or of a job parameter."""

import pytest

from aadsync_lib.config.load import load_settings
from aadsync_lib.errors import SettingsError
from tests.unit.notebook.test_parameters import ENOUGH

KEYS = ("scope.groups", "targets.0.scope.groups", "targets.account.scope.groups")


def selectors(text, key="scope.groups"):
    settings = load_settings(None, {**ENOUGH, key: text}).for_target("account")
    return [(group.by, getattr(group, group.by)) for group in settings.scope.groups]


def problems(text):
    with pytest.raises(SettingsError) as caught:
        load_settings(None, {**ENOUGH, "scope.groups": text})
    return caught.value.problems


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(
    "text",
    [
        "dbx-data, dbx-*",
        " dbx-data ,dbx-* ,",
        "dbx-data\ndbx-*",
        "[{name: dbx-data}, {prefix: dbx-}]",
    ],
)
def test_names_and_beginnings_are_the_selectors_that_they_stand_for(key, text):
    assert selectors(text, key) == [("name", "dbx-data"), ("prefix", "dbx-")]


def test_a_word_is_text_whatever_yaml_would_make_of_it():
    names = "Data Platform, 007, NO, Team #1, 2024-01-01, O'Hara & Söhne"
    assert selectors(names) == [("name", name) for name in names.split(", ")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("*", "'*' would be every group"),
        ("dbx-data, dbx-*-data", "'dbx-*-data': a * stands at the end only"),
        ("dbx-**", "a * stands at the end only"),
        ("dbx-data, prefix: dbx-", "neither a name nor a beginning"),
        ("dbx-data, {prefix: dbx-}", "neither a name nor a beginning"),
        ("prefix: dbx-", "scope.groups"),
    ],
)
def test_what_is_neither_words_nor_a_list_is_a_problem_of_its_key(text, says):
    (problem,) = problems(text)
    assert problem.startswith("scope.groups")
    assert says in problem


def test_a_wrong_word_stands_beside_every_other_problem():
    with pytest.raises(SettingsError) as caught:
        load_settings(None, {**ENOUGH, "scope.groups": "*", "policy.mode": "no"})
    assert {text.partition(":")[0] for text in caught.value.problems} == {
        "scope.groups",
        "policy.mode",
    }


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("breakglass@contoso.com", ["breakglass@contoso.com"]),
        (" a@contoso.com, 5f0a ,\nOps: on call,", ["a@contoso.com", "5f0a", "Ops: on call"]),
        ("[a@contoso.com, 42]", ["a@contoso.com", "42"]),
        ("- a@contoso.com\n- b@contoso.com", ["a@contoso.com", "b@contoso.com"]),
    ],
)
@pytest.mark.parametrize("key", ["protected.users", "protected.groups", "adopt_names"])
def test_names_are_written_as_they_are(key, text, names):
    policy = load_settings(None, {**ENOUGH, f"policy.{key}": text}).policy
    found = policy.adopt_names if key == "adopt_names" else getattr(policy.protected, key[10:])
    assert list(found) == names
