"""Lines to copy: what to write in the place of what does not fit."""

import pytest

from aadsync_lib.config.load import settings_from
from aadsync_lib.errors import SettingsError
from tests.unit.cli.conftest import CONFIG

HOST = "https://accounts.azuredatabricks.net"
WORKSPACE = "https://adb-1234567890123456.7.azuredatabricks.net"
CLAUSE = "{attribute: userType, operator: equals, value: Member}"


def problems(old, new):
    with pytest.raises(SettingsError) as caught:
        settings_from(CONFIG.replace(old, new), "f")
    return caught.value.problems


@pytest.mark.parametrize(
    ("new", "written"),
    [
        ("dbx-", "[{prefix: dbx-}]"),
        ("'dbx-*, Data Platform'", "[{prefix: dbx-}, {name: Data Platform}]"),
        ("1b2c0000-0000-4000-8000-000000000000", "[{id: 1b2c0000-0000-4000-8000-000000000000}]"),
        ("{name: Data Platform}", "[{name: Data Platform}]"),
        ("[dbx-]", "{prefix: dbx-}"),
        ("['Data: Platform']", "{name: 'Data: Platform'}"),
    ],
)
def test_groups_that_are_no_list_of_selectors(new, written):
    [problem] = problems("[{prefix: dbx-}]", new)
    assert problem.endswith(f"; write {written}")
    settings_from(
        CONFIG.replace("[{prefix: dbx-}]", written if "[" in written else f"[{written}]"), "f"
    )


@pytest.mark.parametrize("new", ["''", "7", "{}"])
def test_nothing_is_suggested_that_nobody_meant(new):
    [problem] = problems("[{prefix: dbx-}]", new)
    assert "; write" not in problem


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ("policy: {protected: {users: ada@contoso.com}}", "[ada@contoso.com]"),
        ("policy: {protected: {groups: Ops}}", "[Ops]"),
    ],
)
def test_a_text_where_a_list_of_text_belongs(line, written):
    [problem] = problems("scope:\n", f"{line}\nscope:\n")
    assert problem.endswith(f"expected a list of text; write {written}")


@pytest.mark.parametrize(
    ("users", "written"), [(CLAUSE, f"[[{CLAUSE}]]"), (f"[{CLAUSE}]", f"[{CLAUSE}]")]
)
def test_a_clause_without_its_lists(users, written):
    [problem] = problems("scope:\n", f"scope:\n  users: {users}\n")
    assert problem.endswith(f"expected a list; write {written}")


def test_a_target_without_its_dash():
    [problem] = problems("  - name: account\n", "    name: account\n")
    assert problem.endswith("write its first line with - before it, as an item of a list")


@pytest.mark.parametrize("host", ["", " ''"])
def test_an_empty_host(host):
    [problem] = problems(f" {HOST}", host)
    assert f"; write {HOST}, or for level workspace its own, such as {WORKSPACE}" in problem


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ("adb-1.azuredatabricks.net", "https://adb-1.azuredatabricks.net"),
        ("adb-1.7.azuredatabricks.net:443/", "https://adb-1.7.azuredatabricks.net:443"),
        ("http://adb-1.azuredatabricks.net", "https://adb-1.azuredatabricks.net"),
        ("https:/accounts.azuredatabricks.net", "https://accounts.azuredatabricks.net"),
        ("localhost:8080", "http://localhost:8080"),
        ("127.0.0.1", "http://127.0.0.1"),
    ],
)
def test_an_address_without_its_scheme_gets_a_line_to_copy(given, line):
    [problem] = problems(f" {HOST}", f" '{given}'")
    assert problem.endswith(f"found {given!r}; must be an https:// address, or http:// on this machine only; write {line}")  # fmt: skip
    settings_from(CONFIG.replace(f" {HOST}", f" {line}"), "f")


def test_so_do_graph_a_workspace_and_the_connector():
    workspace = (
        "    workspaces: [{workspace_id: 1, host: adb-1.7.azuredatabricks.net}]\n    host: https"
    )
    [problem] = problems("    host: https", workspace)
    assert problem.endswith("; write https://adb-1.7.azuredatabricks.net")
    [problem] = problems("source:\n", "source:\n  endpoint: graph.microsoft.com\n")
    assert problem.endswith("; write https://graph.microsoft.com")
    [problem] = problems(
        "    host: https",
        "    connector: {name: a, token: {env: T}, base_address: a.example/scim}\n    host: https",
    )
    assert problem.endswith("; write https://a.example/scim")


@pytest.mark.parametrize(
    "given", ["nonsense", "me@adb-1.azuredatabricks.net", "ftp://a.example", "a.example?x=1"]
)
def test_what_may_be_no_address_gets_none(given):
    [problem] = problems(f" {HOST}", f" '{given}'")
    assert "; write" not in problem


def test_an_empty_host_of_a_workspace_and_a_missing_one():
    given = "    workspaces: [{workspace_id: 1, host: ''}]\n    host: https"
    [problem] = problems("    host: https", given)
    assert problem.endswith(f"; write the workspace's own, such as {WORKSPACE}")
    [problem] = problems(f"    host: {HOST}\n", "")
    assert problem.startswith("targets.0.host: is missing; expected text; write https://accounts")


@pytest.mark.parametrize(
    ("old", "new", "written"),
    [
        ("  groups:", "\tgroups:", "'  groups: …'"),
        ("    host:", "\thost:", "'    host: …'"),
        ("    host:", "  \thost:", "'    host: …'"),
        ("  auth: {method: azure_cli}\nscope", "  auth:\n\t\tmethod: azure_cli\nscope", "'    method: …'"),
    ],
)  # fmt: skip
def test_a_tab_is_named_with_the_line_as_it_belongs_and_no_value(old, new, written):
    [problem] = problems(old, new)
    assert problem.endswith(f"a tab, where YAML takes spaces only; write {written}")


def test_no_secret_is_suggested():
    found = problems(
        "auth: {method: azure_cli}\nscope",
        "auth: {method: client_secret, client_id: x, client_secret: s3cret}\nscope",
    )
    assert "s3cret" not in "".join(found)
    assert found
