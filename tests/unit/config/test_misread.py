"""Unquoted text that YAML reads as something else is a problem where text belongs."""

from __future__ import annotations

import pytest

from aadsync_lib.config.load import load_settings, settings_from
from aadsync_lib.config.scope import Clause
from aadsync_lib.errors import SettingsError
from tests.unit.config.files import SMALL

MADE = {
    "NO": "false", "off": "false", "n0": None, "on": "true", "Yes": "true", "true": "a boolean",
    "5": "a number", "010": "the number 8", "0x1F": "the number 31", "1:30": "the number 90", "1_0": "the number 10",
    "1.50": "the number 1.5", "2.5": "a number", ".inf": "the number inf", "~": "nothing", "null": "nothing",
    "2024-01-01": "a date", "2024-01-01T10:00:00Z": "a date", "Norway": None, "12-34": None,
}  # fmt: skip
ODD = [text for text, made in MADE.items() if made]


def problems(text, where="aadsync.yml", **parameters) -> tuple[str, ...]:
    named = {name.replace("__", "."): value for name, value in parameters.items()}
    try:
        settings_from(text, where, named)
    except SettingsError as error:
        return error.problems
    return ()


def with_users(users) -> str:
    return SMALL.replace("scope:\n", f"scope:\n  users: {users}\n")


def quote(key, text, line=" (line 7)") -> str:
    return f"{key}: found {text}{line}, which YAML reads as {MADE[text]}; quote it: '{text}'"


@pytest.mark.parametrize("text", MADE)
@pytest.mark.parametrize(
    "operator", ["equals", "not_equals", "starts_with", "ends_with", "contains"]
)
def test_value_of_a_clause_is_text_or_says_what_to_quote(text, operator):
    told = problems(with_users(f"[[{{attribute: country, operator: {operator}, value: {text}}}]]"))
    assert told == ((quote("scope.users.0.0.value", text),) if MADE[text] else ())
    quoted = f"[[{{attribute: country, operator: {operator}, value: '{text}'}}]]"
    assert problems(with_users(quoted)) == ()


@pytest.mark.parametrize("text", MADE)
@pytest.mark.parametrize("operator", ["in", "not_in"])
def test_item_of_a_list_is_text_or_says_what_to_quote(text, operator):
    users = f"[[{{attribute: country, operator: {operator}, value: [SE, {text}, 'NO']}}]]"
    told = problems(with_users(users))
    assert told == ((quote("scope.users.0.0.value.1", text),) if MADE[text] else ())


@pytest.mark.parametrize("text", ODD)
@pytest.mark.parametrize(
    ("name", "given", "key"),
    [
        ("scope.users.0.0.value", "{}", "scope.users.0.0.value"),
        ("scope.users.0.0", "{{attribute: a, operator: in, value: [b, {}]}}", "scope.users.0.0.value.1"),
        ("scope.users.0", "[{{attribute: a, value: {}}}]", "scope.users.0.0.value"),
        ("scope.users", "[[{{attribute: a, value: {}}}]]", "scope.users.0.0.value"),
    ],
)  # fmt: skip
def test_parameter_is_read_as_the_file_is(text, name, given, key):
    file = with_users("[[{attribute: a, value: NO}]]")
    with pytest.raises(SettingsError) as caught:
        settings_from(file, "f", {name: given.format(text)})
    assert caught.value.problems == (quote(key, text, line=""),)
    assert settings_from(file, "f", {name: given.format(f"'{text}'")}).scope.users


@pytest.mark.parametrize(
    "attribute", ["accountEnabled", "accountenabled", "onPremisesSyncEnabled", "isResourceAccount"]
)
@pytest.mark.parametrize("text", ["true", "off", "'true'"])
def test_boolean_of_graph_is_compared_with_a_boolean(attribute, text):
    assert problems(with_users(f"[[{{attribute: {attribute}, value: {text}}}]]")) == ()


def test_a_clause_that_no_file_made_is_checked_as_well():
    assert Clause(attribute="accountEnabled", value=False).value is False
    with pytest.raises(ValueError, match="found false; expected text in quotes"):
        Clause(attribute="country", value=False)


@pytest.mark.parametrize("users", ["[[]]", "[[], [{attribute: a, value: b}]]"])
def test_empty_list_of_clauses_would_let_everybody_in(users):
    told = problems(with_users(users))
    assert told == ("scope.users.0: found an empty list; expected at least one",)
    assert problems(SMALL, scope__users=users) == told
    assert problems(with_users("[]")) == ()


@pytest.mark.parametrize("text", [text for text in ODD if MADE[text] not in ("a date", "nothing")])
@pytest.mark.parametrize("key", ["name", "prefix", "filter", "application"])
def test_text_of_a_selector_says_what_to_quote(text, key):
    told = problems(SMALL.replace("name: Data Platform", f"{key}: {text}"))
    assert told == (quote(f"scope.groups.0.{key}", text),)


@pytest.mark.parametrize("key", ["adopt_names", "protected.users", "protected.groups"])
def test_name_or_id_may_be_digits_as_they_are_written(key):
    def listed(text):
        inner = f"[{text}]" if key == "adopt_names" else f"{{{key.split('.')[1]}: [{text}]}}"
        return problems(f"{SMALL}policy:\n  {key.split('.')[0]}: {inner}\n")

    assert listed("5, 2024-01-01, 'NO', '010'") == ()
    for text in ("010", "1:30", "0x1F", "1_0", "NO", "on", "2.5", "~"):
        assert listed(f"'a', {text}") == (quote(f"policy.{key}.1", text, " (line 13)"),)


@pytest.mark.parametrize(
    ("key", "text", "number"),
    [("grace_days", "010", 8), ("quarantine_after", "1:30", 90), ("grace_days", "0_7", 7)],
)
def test_number_that_is_not_the_one_it_looks_like_is_a_problem(key, text, number):
    told = problems(f"{SMALL}policy:\n  {key}: {text}\n")
    assert told == (
        f"policy.{key}: found {text} (line 13), which YAML reads as the number {number}; write {number}",
    )
    assert problems(f"{SMALL}policy:\n  {key}: {number}\n") == ()


def test_what_an_alias_and_a_merge_bring_is_told_at_each_of_its_places():
    users = "[[&a {attribute: country, value: 2024-01-01}], [*a], [{<<: *a, attribute: city}]]"
    assert problems(with_users(users)) == tuple(
        quote(f"scope.users.{number}.0.value", "2024-01-01") for number in range(3)
    )
    assert problems(with_users("[[&a {attribute: b, value: NO}], [{<<: *a, value: c}]]")) == (
        quote("scope.users.0.0.value", "NO"),
    )


def test_login_shows_nothing_of_what_stands_there():
    login = "method: workload_identity, client_id: 5, token_file: 0777"
    told = problems(SMALL.replace("method: azure_cli", login))
    assert [line.split(":")[0] for line in told] == [
        "source.auth.client_id",
        "source.auth.token_file",
    ]
    assert "0777" not in "".join(told)
    assert "511" not in "".join(told)


def test_aliases_of_aliases_end():
    lines = "".join(f"x{n}: &x{n} [{', '.join([f'*x{n - 1}'] * 9)}]\n" for n in range(1, 9))
    assert problems(f"x0: &x0 [NO]\n{lines}{SMALL}")[0].startswith("x0: unknown key")


def test_a_file_with_quotes_loads(write):
    path = write(with_users("[[{attribute: country, operator: in, value: ['NO', SE]}]]"))
    assert load_settings(path).scope.users[0][0].value == ("NO", "SE")


@pytest.mark.parametrize("text", ["24", "0x18", "1.5", "true", "~", "2024-01-01"])
@pytest.mark.parametrize(
    ("file", "key"),
    [
        (f"{SMALL}policy:\n  full_every: TEXT\n", "policy.full_every"),
        (f"{SMALL}    auth: {{method: default}}\n    level: TEXT\n", "targets.0.level"),
        (SMALL.replace("https://accounts.azuredatabricks.net", "TEXT"), "targets.0.host"),
        (SMALL.replace("tenant_id: ", "tenant_id: TEXT #"), "source.tenant_id"),
    ],
)
def test_nobody_is_told_to_quote_what_would_not_do_in_quotes_either(file, key, text):
    (problem,) = problems(file.replace("TEXT", text))
    assert problem.startswith(f"{key}: ")
    assert "quote it" not in problem
