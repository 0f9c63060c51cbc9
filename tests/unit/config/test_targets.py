"""Scope, mapping and policy of one target, over those of the whole sync."""

from __future__ import annotations

from typing import Any

import pytest

from aadsync_lib.config.digest import settings_digest
from aadsync_lib.config.load import load_settings, settings_from
from aadsync_lib.config.overrides import covering
from aadsync_lib.config.policy import MembersRemoved
from aadsync_lib.config.scope import GroupSelector, Scope
from aadsync_lib.config.settings import Settings
from tests.unit.config.files import ACCOUNT, problems, small

OTHER = ACCOUNT.replace("9c1d", "aaaa")


def two(whole: dict[str, Any] | None = None, **own: Any) -> dict[str, Any]:
    """Settings with a plain target and one that has keys of its own."""
    tree = small() | (whole or {})
    host = "https://accounts.azuredatabricks.net"
    tree["targets"].append({"name": "sales", "host": host, "account_id": OTHER, **own})
    return tree


@pytest.fixture
def load(write):
    def loaded(whole: dict[str, Any] | None = None, **own: Any) -> Settings:
        return load_settings(write(two(whole, **own)))

    return loaded


def test_a_key_of_a_target_replaces_that_key_alone(load):
    settings = load(
        {"mapping": {"user_name": "mail"}},
        scope={"nested": "flatten"},
        mapping={"group_name": "sales-{displayName}"},
        policy={"mode": "additive", "leavers": "keep"},
    )
    sales, account = settings.for_target("sales"), settings.for_target("account")
    assert (sales.scope.nested, sales.scope.groups) == ("flatten", settings.scope.groups)
    assert (sales.mapping.group_name, sales.mapping.user_name) == ("sales-{displayName}", "mail")
    assert (sales.policy.mode, sales.policy.leavers) == ("additive", "keep")
    assert (account.scope, account.mapping, account.policy) == (
        settings.scope, settings.mapping, settings.policy,
    )  # fmt: skip
    assert [target.name for target in sales.targets] == ["sales"]


def test_a_default_that_a_target_writes_down_is_a_key_of_its_own(load):
    settings = load({"policy": {"mode": "additive"}}, policy={"mode": "mirror"})
    assert settings.for_target("sales").policy.mode == "mirror"


def test_limits_are_replaced_one_by_one(load):
    settings = load(
        {"policy": {"limits": {"members_removed": {"count": 7}, "groups_removed": {"count": 8}}}},
        policy={"limits": {"members_removed": {"share": 0.5}}},
    )
    limits = settings.limits()
    assert limits["sales"].members_removed == MembersRemoved(share=0.5)
    assert limits["sales"].groups_removed == limits["account"].groups_removed
    assert limits["account"].members_removed == MembersRemoved(count=7)


def test_who_is_protected_anywhere_is_protected_on_the_target(load):
    settings = load(
        {"policy": {"protected": {"users": ["ada@contoso.com"], "groups": ["Data"]}}},
        policy={"protected": {"users": ["bob@contoso.com", "ada@contoso.com"], "groups": []}},
    )
    protected = settings.for_target("sales").policy.protected
    assert (protected.users, protected.groups) == (
        ("ada@contoso.com", "bob@contoso.com"),
        ("Data",),
    )
    assert settings.for_target("account").policy.protected.users == ("ada@contoso.com",)


def test_a_parameter_sets_a_key_of_one_target(write):
    settings = load_settings(write(two()), {"targets.sales.policy.mode": "additive"})
    assert [own.policy.mode for own in settings.each()] == ["mirror", "additive"]


def test_groups_may_stand_in_the_targets_alone(write):
    tree = two(scope={"groups": [{"name": "Sales"}]})
    tree["targets"][0]["scope"] = {"groups": [{"prefix": "dbx-"}]}
    del tree["scope"]
    settings = load_settings(write(tree))
    assert [str(own.scope.groups[0]) for own in settings.each()] == [
        "prefix 'dbx-'",
        "name 'Sales'",
    ]


@pytest.mark.parametrize("scope", [None, {"nested": "flatten"}, {"groups": None}])
def test_a_target_without_groups_is_a_problem_beside_all_others(write, scope):
    tree = two(scope={"groups": [{"name": "Sales"}]}) | {"scope": scope, "nmae": "contoso"}
    found = problems(write(tree))
    assert any(line.startswith("targets.0.scope.groups: is missing") for line in found)
    assert any(line.startswith("nmae: unknown key") for line in found)


def test_no_groups_anywhere_is_one_problem(write):
    tree = two()
    del tree["scope"]
    assert [line for line in problems(write(tree)) if "groups" in line] == [
        "scope.groups: is missing; expected a list, such as [{prefix: dbx-}]"
    ]


def test_no_model_has_a_target_without_groups():
    with pytest.raises(ValueError, match=r"targets\.0\.scope\.groups: is missing"):
        Settings.model_validate({**two(scope={"groups": [{"name": "Sales"}]}), "scope": {}})


def test_a_wrong_value_names_the_target_it_stands_in(write):
    found = problems(write(two(policy={"mode": "mirorr"}, scope={"users": [[]]})))
    assert any(line.startswith("targets.1.policy.mode: found 'mirorr'") for line in found)
    assert any(line.startswith("targets.1.scope.users.0: found an empty list") for line in found)


def test_the_digest_follows_what_is_in_force(load, write):
    plain = settings_digest(load())
    assert plain == settings_digest(load(policy={"mode": "mirror"}, scope={"nested": "preserve"}))
    assert plain != settings_digest(load(policy={"mode": "additive"}))
    assert plain != settings_digest(
        load({"policy": {"mode": "additive"}}, policy={"mode": "mirror"})
    )


def selector(**given: Any) -> GroupSelector:
    return GroupSelector(**given)


def test_the_covering_scope_brings_whatever_any_scope_wants():
    data, sales = selector(name="Data"), selector(application="Databricks", default_access=False)
    clause = {"attribute": "department", "value": "Data"}
    first = Scope(groups=(data,), nested="direct", service_principals=False)
    second = Scope(groups=(sales, data), nested="flatten", groups_of_kind="all", users=((clause,),))
    whole = covering([first, second])
    assert whole.groups == (data, sales)
    assert (whole.nested, whole.groups_of_kind) == ("preserve", "all")
    assert whole.service_principals
    assert [part.attribute for clauses in whole.users for part in clauses] == ["department"]
    assert covering([first, first]) is first
    assert covering([first, Scope(groups=(sales,), nested="direct")]).nested == "direct"


def test_a_target_without_a_word_of_its_own_needs_no_scope_at_all():
    text = "name: contoso\n"
    with pytest.raises(Exception, match=r"targets: is missing"):
        settings_from(text, "aadsync.yml")


@pytest.mark.parametrize("template", ["Ada", "{id}", "{displayName", "", "{manager}"])
def test_a_display_name_is_a_template_of_known_properties(write, template):
    (problem,) = problems(write(small() | {"mapping": {"display_name": template}}))
    assert problem.startswith("mapping.display_name: ")


def test_the_properties_of_all_templates_are_read(load):
    settings = load(
        {"mapping": {"display_name": "{displayName} ({department})"}},
        mapping={"display_name": "{givenName} {surname}"},
    )
    assert settings.attributes() == ("displayName", "department", "givenName", "surname")
    assert settings.attributes(["sales"]) == ("givenName", "surname")


@pytest.mark.parametrize(
    ("cloud", "vault", "fits"),
    [
        ("public", "contoso.vault.azure.net", True),
        ("usgov", "contoso.vault.usgovcloudapi.net", True),
        ("usgov-dod", "contoso.vault.usgovcloudapi.net", True),
        ("china", "contoso.vault.azure.cn", True),
        ("public", "contoso.vault.azure.cn", False),
        ("china", "contoso.vault.azure.net", False),
    ],
)
def test_a_vault_is_of_the_cloud_of_the_source(write, cloud, vault, fits):
    tree = two()
    tree["source"]["cloud"] = cloud
    tree["targets"][1]["auth"] = {
        "method": "pat", "token": {"key_vault": f"https://{vault}/secrets/sales"},
    }  # fmt: skip
    if fits:
        assert load_settings(write(tree)).source.cloud == cloud
    else:
        (problem,) = problems(write(tree))
        assert problem.startswith(
            f"targets.sales.auth.token.key_vault: {vault} is of another cloud"
        )


def test_a_vault_of_another_cloud_is_told_with_every_other_problem(write):
    tree = two() | {"colour": "red"}
    vault = "https://contoso.vault.azure.cn/secrets/sales"
    tree["targets"][1]["auth"] = {"method": "pat", "token": {"key_vault": vault}}
    assert [problem.partition(":")[0] for problem in problems(write(tree))] == [
        "colour", "targets.sales.auth.token.key_vault",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("workspaces", "words"),
    [
        ([(7, "https://adb-8.1.azuredatabricks.net")], "is the address of workspace 8"),
        ([(7, "https://accounts.azuredatabricks.net")], "is the accounts console"),
        ([(7, "https://w.example.net"), (8, "https://w.example.net")], "has an address of its own"),
    ],
)
def test_a_workspace_is_not_taken_for_another_one(write, workspaces, words):
    tree = two()
    tree["targets"][0]["workspaces"] = [
        {"workspace_id": number, "host": host, "assign": []} for number, host in workspaces
    ]
    (problem,) = problems(write(tree))
    assert problem.startswith("targets.0.workspaces")
    assert words in problem
