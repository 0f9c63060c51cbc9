"""What each key takes, and what it is when it is left out."""

from __future__ import annotations

import pytest

from aadsync_lib.config.load import load_settings
from aadsync_lib.config.policy import Limit
from aadsync_lib.config.scope import GroupSelector
from aadsync_lib.config.settings import Settings
from aadsync_lib.errors import SettingsError
from aadsync_lib.model.identity import Kind
from tests.unit.config.files import ACCOUNT, CLIENT, FULL, GROUP, SMALL, small


def loads(write, tree) -> Settings:
    return load_settings(write(tree))


def refused(write, tree) -> str:
    with pytest.raises(SettingsError) as caught:
        load_settings(write(tree))
    return "\n".join(caught.value.problems)


def test_the_file_of_the_contract_loads_whole(write):
    settings = load_settings(write(FULL))
    assert [selector.by for selector in settings.scope.groups] == [
        "id", "name", "prefix", "filter", "application", "application",
    ]  # fmt: skip
    assert settings.scope.users[0][1].value == ("Data", "AI")
    assert settings.targets[0].workspaces[0].assign[1].permission == "admin"
    assert str(settings.scope.groups[1]) == "name 'Data Platform'"
    assert str(settings.source.auth.client_secret) == "secret aadsync/entra-client-secret"


def test_every_default_is_the_one_of_the_contract(write):
    given, full = loads(write, SMALL), loads(write, FULL)
    assert given.version == 1
    assert given.policy == full.policy.model_copy(update={"protected": given.policy.protected})
    assert given.mapping == full.mapping
    assert given.store == full.store
    assert given.scope.model_dump(exclude={"groups", "users"}) == full.scope.model_dump(
        exclude={"groups", "users"}
    )
    assert (given.scope.users, given.targets[0].workspaces) == ((), ())
    assert (given.source.cloud, given.source.endpoint) == ("public", None)
    assert (given.targets[0].level, given.targets[0].pace) == ("account", 1.0)
    assert given.targets[0].auth.method == "default"
    assert given.policy.protected.model_dump() == {
        "users": (), "groups": (), "service_principals": (),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "count", "share"),
    [
        ("users_deprovisioned", 20, 0.10),
        ("groups_removed", 5, 0.10),
        ("members_removed", 200, 0.20),
        ("access_removed", 5, 0.10),
        ("groups_emptied", 0, None),
    ],
)
def test_half_of_a_limit_leaves_the_other_half_at_its_default(write, name, count, share):
    def limit(given) -> Limit:
        return getattr(
            loads(write, {**small(), "policy": {"limits": {name: given}}}).policy.limits, name
        )

    assert (limit({}).count, limit({}).share, limit({}).floor) == (count, share, 3)
    assert (limit({"count": 7}).count, limit({"count": 7}).share) == (7, share)
    assert (limit({"share": 0.5}).count, limit({"share": 0.5}).share) == (count, 0.5)
    assert (limit({"floor": 9}).count, limit({"floor": 9}).floor) == (count, 9)
    assert limit({"count": None}).count is None


def test_one_limit_leaves_the_others_at_their_defaults(write):
    tree = {**small(), "policy": {"limits": {"groups_removed": {"count": 1}}}}
    assert loads(write, tree).policy.limits.users_deprovisioned.count == 20


def test_a_section_whose_every_line_is_a_comment_counts_as_not_given(write):
    settings = loads(write, SMALL + "policy:\n  # mode: mirror\nmapping:\nstore:\n")
    assert settings.policy.mode == "mirror"
    assert settings.store.sqlite == "./aadsync.db"


@pytest.mark.parametrize(
    ("text", "seconds"), [("30m", 1_800), ("24h", 86_400), ("7d", 604_800), ("0", 0), (0, 0)]
)
def test_a_period_is_minutes_hours_or_days_or_nothing(write, text, seconds):
    policy = loads(write, {**small(), "policy": {"full_every": text}}).policy
    assert policy.seconds_between_full == seconds


def test_a_period_that_is_none_is_told_with_what_it_may_be(write):
    problem = refused(write, {**small(), "policy": {"full_every": "daily"}})
    assert problem == (
        "policy.full_every: found 'daily'; expected minutes, hours or days, such as 30m, 24h or 7d, or 0"
    )


def test_an_id_of_digits_may_be_protected_without_quotes(write):
    tree = {**small(), "policy": {"protected": {"users": [8204759371, "ada@contoso.com"]}}}
    assert loads(write, tree).policy.protected.users == ("8204759371", "ada@contoso.com")
    tree["policy"]["adopt_names"] = [8204759371, "ada@contoso.com"]
    assert loads(write, tree).policy.adopt_names == ("8204759371", "ada@contoso.com")
    tree["policy"]["protected"]["users"] = [True]
    problem = refused(write, tree)
    assert problem.startswith("policy.protected.users.0: found true (line ")
    assert problem.endswith("), which YAML reads as a boolean; quote it: 'true'")


@pytest.mark.parametrize(
    ("where", "value"),
    [
        (("policy", "limits"), {"users_deprovisioned": {"count": True}}),
        (("policy", "limits"), {"users_deprovisioned": {"count": -1}}),
        (("policy", "limits"), {"users_deprovisioned": {"share": 10}}),
        (("policy", "limits"), {"users_deprovisioned": {"share": float("nan")}}),
        (("policy", "grace_days"), 1.5),
        (("policy", "adopt"), "always"),
        (("policy", "adopt"), ["never"]),
        (("policy", "adopt"), {"groups": "always"}),
        (("policy", "adopt"), {"teams": "never"}),
        (("policy", "drift"), "ignore"),
        (("policy", "user_name_change"), "rename"),
        (("policy", "quarantine_after"), 0),
        (("policy", "full_every"), 24),
        (("policy", "full_every"), "1.5h"),
        (("policy", "full_every"), "24 h"),
        (("policy", "full_every"), "0h"),
        (("policy", "full_every"), False),
        (("policy", "full_every"), None),
        (("policy", "protected"), {"groups": [""]}),
        (("scope", "max_depth"), 11),
        (("scope", "max_depth"), 0),
        (("scope", "guests"), 1),
        (("scope", "groups"), []),
        (("scope", "groups"), [{}]),
        (("scope", "groups"), [{"name": "a", "prefix": "b"}]),
        (("scope", "groups"), [{"name": "a", "default_access": False}]),
        (("scope", "groups"), [{"name": ""}]),
        (("scope", "groups"), [{"id": "not a guid"}]),
        (("scope", "users"), [[{"attribute": "a", "operator": "in", "value": "b"}]]),
        (("scope", "users"), [[{"attribute": "a", "operator": "in", "value": []}]]),
        (("scope", "users"), [[{"attribute": "a", "operator": "is_null", "value": "b"}]]),
        (("scope", "users"), [[{"attribute": "a", "operator": "equals", "value": ["b"]}]]),
        (("scope", "users"), [[{"attribute": "a", "operator": "equals"}]]),
        (("scope", "users"), [[{"attribute": "a", "operator": "contains", "value": True}]]),
        (("scope", "users"), [[{"attribute": "a or b", "value": "c"}]]),
        (("mapping", "group_name"), "all of us"),
        (("mapping", "group_name"), "{surname}"),
        (("source", "endpoint"), "http://graph.example.com"),
        (("source", "endpoint"), "https://ada:pw@graph.example.com"),
        (("source", "endpoint"), "https://graph.example.com?x=1"),
        (("source", "endpoint"), "https://graph .example.com"),
        (("source", "endpoint"), "https://[graph"),
        (("source", "endpoint"), "https://graph:port"),
        (("source", "endpoint"), "https://"),
        (("source", "endpoint"), "graph.microsoft.com"),
        (("store", "delta"), "main"),
        (("version",), 2),
        (("version",), True),
        (("name",), "Contoso"),
        (("name",), "x" * 41),
    ],
)  # fmt: skip
def test_a_value_that_is_not_allowed_is_one_problem(write, where, value):
    tree = small()
    section = tree
    for part in where[:-1]:
        section = section.setdefault(part, {})
    section[where[-1]] = value
    problem = refused(write, tree)
    assert problem.startswith(".".join(where))
    assert problem.count("\n") == 0


def test_what_may_be_adopted_is_one_word_or_one_for_each_kind(write):
    one = loads(write, {**small(), "policy": {"adopt": "never"}}).policy.adopt
    assert [one.of(kind) for kind in Kind] == ["never"] * 3
    tree = {**small(), "policy": {"adopt": {"service_principals": "same_name", "groups": "never"}}}
    each = loads(write, tree).policy.adopt
    words = {kind: each.of(kind) for kind in Kind}
    assert words == {
        Kind.USER: "unowned", Kind.SERVICE_PRINCIPAL: "same_name", Kind.GROUP: "never",
    }  # fmt: skip


def test_one_word_and_that_word_for_each_kind_are_the_same_settings(write):
    kinds = ("users", "service_principals", "groups")
    word, each = (
        loads(write, {**small(), "policy": {"adopt": adopt}})
        for adopt in ("never", dict.fromkeys(kinds, "never"))
    )
    assert word == each
    assert word.policy.model_dump()["adopt"] == "never"
    mixed = loads(write, {**small(), "policy": {"adopt": {"groups": "never"}}}).policy
    assert mixed.model_dump()["adopt"] == dict.fromkeys(kinds, "unowned") | {"groups": "never"}
    assert type(mixed).model_validate(mixed.model_dump()) == mixed


def test_a_word_that_adopt_does_not_know_is_told_with_those_it_does(write):
    assert refused(write, {**small(), "policy": {"adopt": "always"}}) == (
        "policy.adopt: found 'always'; expected never, unowned or same_name, or one of them for each of "
        "users, service_principals and groups"
    )
    assert refused(write, {**small(), "policy": {"adopt": 7}}) == (
        "policy.adopt: found 7; expected never, unowned or same_name, or a section with users, "
        "service_principals or groups"
    )


def test_capacity_is_what_databricks_allows_unless_it_is_said_otherwise(write):
    tree = small()
    assert loads(write, tree).targets[0].capacity.model_dump() == {
        "groups": 5000, "principals": 10000, "direct_groups": 1500,
    }  # fmt: skip
    tree["targets"][0]["capacity"] = {"principals": 25000, "direct_groups": None}
    given = loads(write, tree).targets[0].capacity
    assert (given.groups, given.principals, given.direct_groups) == (5000, 25000, None)
    tree["targets"][0]["capacity"] = {"groups": -1}
    assert refused(write, tree) == "targets.0.capacity.groups: found -1; expected at least 0"


@pytest.mark.parametrize(
    "endpoint", ["http://127.0.0.1:8080/v1.0/", "http://[::1]:8080", "https://x.io"]
)
def test_plain_http_is_for_this_machine_only(write, endpoint):
    tree = small()
    tree["source"]["endpoint"] = endpoint
    assert loads(write, tree).source.endpoint == endpoint.rstrip("/")


def test_level_account_needs_an_account_id_and_says_so_beside_other_problems(write):
    tree = small()
    del tree["targets"][0]["account_id"]
    tree["targets"][0]["pace"] = 0
    assert refused(write, tree).splitlines() == [
        "targets.0.account_id: is required for level account",
        "targets.0.pace: found 0; expected at least 0.001",
    ]


def test_level_workspace_needs_no_account_id(write):
    tree = small()
    tree["targets"] = [
        {"name": "w", "level": "workspace", "host": "https://adb-1.azuredatabricks.net"}
    ]
    assert loads(write, tree).targets[0].account_id is None


def test_two_targets_of_one_name_are_a_problem(write):
    tree = small()
    tree["targets"].append({**tree["targets"][0], "account_id": CLIENT})
    assert refused(write, tree) == (
        "targets: has account twice; each target needs a name of its own"
    )


def test_two_targets_in_one_place_are_a_problem(write):
    tree = small()
    tree["targets"].append({**tree["targets"][0], "name": "again"})
    assert refused(write, tree) == (
        f"targets: has accounts.azuredatabricks.net/{ACCOUNT} twice; "
        "two targets of one run may not be the same place"
    )


def test_two_targets_in_one_account_are_a_problem_whatever_their_hosts(write):
    tree = small()
    host = "https://adb-1.7.azuredatabricks.net"
    tree["targets"].append({**tree["targets"][0], "name": "again", "host": host})
    assert refused(write, tree) == (
        f"targets: has accounts.azuredatabricks.net/{ACCOUNT} twice; "
        "two targets of one run may not be the same place"
    )


ONE, ANOTHER = "https://adb-1.7.azuredatabricks.net", "https://adb-2.7.azuredatabricks.net"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"host": ONE}, {"host": "HTTPS://ADB-1.7.AzureDatabricks.net"}),
        ({"host": ONE}, {"host": f"{ONE}/"}),
        ({"host": ONE}, {"host": f"{ONE}:443"}),
        ({"host": ONE}, {"host": "https://adb-1.7.azuredatabricks.net./"}),
        ({"host": ONE}, {"account_id": ACCOUNT, "host": ONE}),
        ({"level": "account"}, {"level": "account", "host": ANOTHER}),
        ({"host": "http://localhost:80"}, {"host": "http://localhost"}),
        ({"level": "account", "account_id": ACCOUNT.upper()}, {"level": "account"}),
    ],
)
def test_a_place_is_the_same_however_it_is_spelled(write, first, second):
    assert len(places(write, first, second)) == 1
    tree = small()
    base = tree["targets"][0] | {"level": "workspace"}
    tree["targets"] = [base | first, base | {"name": "again"} | second]
    assert "two targets of one run may not be the same place" in refused(write, tree)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"host": ONE}, {"host": ANOTHER}),
        ({"host": ONE}, {"host": f"{ONE}:8443"}),
        ({"host": ONE}, {"host": ONE, "level": "account"}),
        ({"level": "account"}, {"level": "account", "account_id": CLIENT}),
        ({"level": "account"}, {"level": "account", "host": "https://accounts.azuredatabricks.us"}),
    ],
)
def test_other_places_are_not_the_same(write, first, second):
    assert len(places(write, first, second)) == 2


def places(write, *targets):
    """Return the places of targets that say this beside the defaults, each in a file of its own."""
    trees = [small() for _ in targets]
    for tree, target in zip(trees, targets, strict=True):
        tree["targets"][0] |= {"level": "workspace"} | target
    return {loads(write, tree).targets[0].place for tree in trees}


def test_a_workspace_named_twice_is_a_problem(write):
    tree = small()
    tree["targets"][0]["workspaces"] = [{"workspace_id": 1, "host": "https://w.io"}] * 2
    assert refused(write, tree) == "targets.0.workspaces: names workspace 1 twice"


@pytest.mark.parametrize("store", [{}, {"sqlite": None}, {"delta": None}, None])
def test_a_store_that_names_neither_is_the_default(write, store):
    assert loads(write, {**small(), "store": store}).store.sqlite == "./aadsync.db"


def test_a_store_is_one_of_two(write):
    both = {**small(), "store": {"sqlite": "a.db", "delta": "main.aadsync"}}
    assert refused(write, both) == (
        "store: found sqlite and delta; name exactly one of sqlite, delta"
    )


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("source.endpoint", "http://graph.contoso.com", "found 'http://graph.contoso.com'; must be an"),
        ("source.endpoint", "ftp://ada:hunter2@h", "must be an https:// address"),
        ("source.endpoint", "https://ada:hunter2@h", "must be an address alone"),
        ("source.endpoint", "https://h/?sig=hunter2", "must be an address alone"),
        ("scope.groups", [{"name": "a", "prefix": "b"}], "found name and prefix; name exactly one of"),
        ("scope.groups", [{"default_access": True}], "name exactly one of"),
        ("scope.users", [[{"attribute": "city", "operator": "in", "value": "x"}]], "found 'x'; operator in"),
        ("scope.users", [[{"attribute": "city", "value": ["x"]}]], "found a list; operator equals"),
        ("scope.users", [[{"attribute": "city"}]], "found null; operator equals"),
        ("scope.users", [[{"attribute": "accountEnabled", "operator": "contains", "value": True}]],
         "found true; operator contains"),
        ("mapping.group_name", "static", "found 'static'; must hold"),
        ("mapping.display_name", "static", "found 'static'; must hold"),
        ("policy.full_every", 24, "found 24; expected minutes"),
        ("policy.full_every", "24", "found '24'; expected minutes"),
        ("policy.full_every", None, "found null; expected minutes"),
        ("source.auth", {"method": "access_token", "access_token": {"env": "A", "secret": "hunter2/b"}},
         "found secret and env; name exactly one of"),
    ],
)  # fmt: skip
def test_a_problem_shows_what_stands_there_unless_it_may_be_a_secret(write, key, value, problem):
    tree = small()
    section, name = key.split(".")
    tree.setdefault(section, {})[name] = value
    refusal = refused(write, tree)
    assert f": {problem}" in refusal
    assert "hunter2" not in refusal


@pytest.mark.parametrize(
    "reference",
    [{}, {"env": "A", "secret": "a/b"}, {"env": "A B"}, {"secret": "a"}, {"secret": "a/b/c"},
     {"key_vault": "https://evil.example.com/secrets/a"}, {"key_vault": "http://a.vault.azure.net/secrets/a"}],
)  # fmt: skip
def test_a_reference_names_one_place_in_its_form(write, reference):
    tree = small()
    tree["source"]["auth"] = {"method": "access_token", "access_token": reference}
    assert refused(write, tree).startswith("source.auth.access_token")


@pytest.mark.parametrize(
    "auth",
    [
        {"method": "client_secret", "client_id": CLIENT, "client_secret": {"env": "A"}},
        {"method": "certificate", "client_id": CLIENT, "certificate": {"env": "A"}, "password": {"env": "B"}},
        {"method": "certificate", "client_id": CLIENT, "certificate": {"env": "A"}},
        {"method": "managed_identity"},
        {"method": "managed_identity", "client_id": CLIENT},
        {"method": "workload_identity", "client_id": CLIENT, "token_file": "/run/token"},
        {"method": "azure_cli"},
        {"method": "device_code", "client_id": CLIENT},
        {"method": "service_credential", "name": "graph"},
        {"method": "access_token", "access_token": {"key_vault": "https://a.vault.azure.net/secrets/b/0c"}},
    ],
    ids=lambda auth: auth["method"],
)  # fmt: skip
def test_every_way_to_log_in_to_entra_loads(write, auth):
    tree = small()
    tree["source"]["auth"] = auth
    assert loads(write, tree).source.auth.method == auth["method"]


@pytest.mark.parametrize(
    "auth",
    [
        {"method": "oauth_m2m", "client_id": "c", "client_secret": {"env": "A"}},
        {"method": "pat", "token": {"env": "A"}},
        {"method": "azure_client_secret", "client_id": CLIENT, "client_secret": {"env": "A"}, "tenant_id": GROUP},
        {"method": "azure_cli"},
        {"method": "managed_identity"},
        {"method": "default"},
    ],
    ids=lambda auth: auth["method"],
)  # fmt: skip
def test_every_way_to_log_in_to_databricks_loads(write, auth):
    tree = small()
    tree["targets"][0]["auth"] = auth
    assert loads(write, tree).targets[0].auth.method == auth["method"]


def test_a_selector_says_what_it_is():
    assert str(GroupSelector(prefix="dbx-")) == "prefix 'dbx-'"
