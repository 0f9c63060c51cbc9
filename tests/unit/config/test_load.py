"""Reading the file, the parameters of a run, and telling what is wrong."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aadsync_lib.config.digest import settings_digest
from aadsync_lib.config.load import load_settings, settings_from
from aadsync_lib.errors import SettingsError
from tests.unit.config.files import CLIENT, FULL, SMALL, problems, small


def test_all_problems_come_at_once_each_with_key_value_and_what_is_allowed(write):
    tree = small()
    tree["policy"] = {"mode": "miror", "leaver": "keep"}
    tree["source"]["tenant_id"] = "contoso"
    tree["scope"]["max_depth"] = "deep"
    del tree["name"]
    assert problems(write(tree)) == (
        "name: is missing; expected 1 to 40 of a-z, 0-9 and -",
        (
            "source.tenant_id: found 'contoso'; expected a GUID such as "
            "01234567-89ab-cdef-0123-456789abcdef"
        ),
        "scope.max_depth: found 'deep'; expected a whole number",
        "policy.mode: found 'miror'; expected mirror or additive",
        "policy.leaver: unknown key; did you mean `leavers`?",
    )


def test_the_message_says_which_file_and_that_nothing_was_done(write):
    path = write({**small(), "name": "X"})
    with pytest.raises(SettingsError) as caught:
        load_settings(path)
    assert str(caught.value).splitlines()[0] == f"{path}: 1 problem. Nothing was read or changed."
    assert caught.value.exit_code == 1


@pytest.mark.parametrize(
    ("key", "tree", "known"),
    [
        ("polcy", {"polcy": 1}, "did you mean `policy`?"),
        (
            "zzz",
            {"zzz": 1},
            "known here: version, name, source, scope, mapping, targets, policy and store",
        ),
        ("policy.mdoe", {"policy": {"mdoe": 1}}, "did you mean `mode`?"),
    ],
)
def test_an_unknown_key_names_the_nearest_key_of_its_section(write, key, tree, known):
    assert problems(write({**small(), **tree})) == (f"{key}: unknown key; {known}",)


def test_a_key_that_is_no_word_is_still_one_line(write):
    [first, second] = problems(write({**small(), "a\nb": 1, 5: 2}))
    assert first == (
        "'a\\nb': unknown key; known here: version, name, source, scope, mapping, targets, policy and store"
    )
    assert second.startswith("5: unknown key")


def test_a_key_that_takes_several_kinds_of_value_is_one_problem(write):
    tree = small()
    tree["scope"]["users"] = [[{"attribute": "department", "value": {"a": 1}}]]
    assert problems(write(tree)) == (
        "scope.users.0.0.value: found a section; expected true or false, text or a list of text",
    )


def test_a_long_value_is_cut_and_a_strange_one_written_out(write):
    tree = {**small(), "name": "x" * 100, "policy": {"mode": "a\u202eb"}}
    assert problems(write(tree)) == (
        f"name: found '{'x' * 60}…'; expected 1 to 40 of a-z, 0-9 and -",
        "policy.mode: found 'a\\u202eb'; expected mirror or additive",
    )


class TestLogin:
    """What stands under auth may be a secret."""

    def test_a_literal_where_a_reference_belongs_is_not_shown(self, write):
        tree = small()
        tree["source"]["auth"] = {
            "method": "client_secret", "client_id": CLIENT, "client_secret": "hunter2-hunter2",
        }  # fmt: skip
        assert problems(write(tree)) == (
            (
                "source.auth.client_secret: a literal value may not stand here; expected a reference: "
                "{secret: scope/key}, {env: NAME} or {key_vault: https://…/secrets/KEY}"
            ),
        )

    def test_a_method_that_does_not_exist_is_one_readable_problem(self, write):
        tree = small()
        tree["source"]["auth"] = {"method": "client-secret", "client_id": CLIENT}
        assert problems(write(tree)) == (
            (
                "source.auth.method: no such method; did you mean `client_secret`? expected "
                "client_secret, certificate, managed_identity, workload_identity, azure_cli, "
                "device_code, service_credential or access_token"
            ),
        )

    @pytest.mark.parametrize("auth", [{}, {"client_id": CLIENT}, {"method": None}])
    def test_a_method_that_is_missing_is_named(self, write, auth):
        tree = small()
        tree["targets"][0]["auth"] = auth
        [problem] = problems(write(tree))
        assert problem.startswith("targets.0.auth.method: ")
        assert "oauth_m2m, pat, azure_client_secret" in problem

    def test_no_section_at_all_is_one_problem(self, write):
        tree = small()
        tree["source"]["auth"] = "hunter2"
        [problem] = problems(write(tree))
        assert problem.startswith("source.auth: expected a section with method: client_secret,")

    def test_a_missing_key_says_what_belongs_there(self, write):
        tree = small()
        tree["source"]["auth"] = {"method": "access_token"}
        assert problems(write(tree)) == (
            (
                "source.auth.access_token: is missing; expected a reference: {secret: scope/key}, "
                "{env: NAME} or {key_vault: https://…/secrets/KEY}"
            ),
        )

    def test_an_unknown_key_is_named_only_when_it_is_a_key_of_some_method(self, write):
        tree = small()
        tree["source"]["auth"] = {"method": "azure_cli", "client_id": CLIENT, "hunter2": 1}
        assert problems(write(tree)) == (
            "source.auth.client_id: unknown key; known here: method",
            "source.auth.…: unknown key; known here: method",
        )

    def test_a_key_that_is_all_but_a_known_one_is_named(self, write):
        tree = small()
        tree["source"]["auth"] = {"method": "managed_identity", "clinet_id": CLIENT}
        assert problems(write(tree)) == (
            "source.auth.clinet_id: unknown key; did you mean `client_id`?",
        )

    def test_a_reference_in_the_wrong_form_says_which_forms_there_are(self, write):
        tree = small()
        vault = {"key_vault": "http://hunter2.vault.azure.net/secrets/KEY"}
        tree["source"]["auth"] = {"method": "access_token", "access_token": vault}
        [problem] = problems(write(tree))
        assert problem.startswith("source.auth.access_token.key_vault: expected a reference: {sec")

    @pytest.mark.parametrize(
        "text",
        ["hunter2-hunter2", "*hunter2-hunter2", "!hunter2-hunter2 x", "!h!hunter2-hunter2 x", "{hunter2-hunter2}",
         "{hunter2-hunter2: x}", "{secret: hunter2-hunter2}", "{env: hunter2-hunter2}", "{{hunter2-hunter2}}",
         "[hunter2-hunter2]", "'hunter2-hunter2", "\"hunter2-hunter2", "{key_vault: hunter2-hunter2}",
         "{hunter2-hunter2: a, hunter2-hunter2: b}", "&hunter2-hunter2 a", "%hunter2-hunter2", "@hunter2-hunter2",
         "hunter2-hunter2: a: b", "|hunter2-hunter2"],
    )  # fmt: skip
    def test_however_a_literal_is_written_it_is_not_shown(self, write, text):
        path = write(
            SMALL.replace(
                "{method: azure_cli}", f"\n    method: access_token\n    access_token: {text}"
            )
        )
        with pytest.raises(SettingsError) as caught:
            load_settings(path)
        assert "hunter2" not in str(caught.value)

    @given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc",)), min_size=8))
    @settings(
        suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None
    )
    def test_no_literal_ever_appears(self, tmp_path, secret):
        secret = f"Zq{secret}"
        tree = small()
        tree["source"]["auth"] = {
            "method": secret, "client_id": secret, "client_secret": secret, secret: secret,
        }  # fmt: skip
        tree["targets"][0]["auth"] = {
            "method": "pat", "client_id": secret, "token": {"env": secret, secret: secret},
        }  # fmt: skip
        path = tmp_path / "aadsync.yml"
        path.write_text(yaml.safe_dump(tree), encoding="utf-8")
        with pytest.raises(SettingsError) as caught:
            load_settings(path)
        assert secret not in str(caught.value)
        assert caught.value.__cause__ is None


class TestFile:
    """What can be wrong before there is anything to check."""

    def test_no_such_file(self, tmp_path):
        assert problems(tmp_path / "aadsync.yml") == (
            "no such file; `aadsync init` writes one to start from",
        )

    def test_a_folder(self, tmp_path):
        assert problems(tmp_path) == ("cannot be read: Is a directory",)

    @pytest.mark.parametrize("text", ["", "# nothing\n", "---\n"])
    def test_an_empty_file(self, write, text):
        assert problems(write(text)) == ("is empty; `aadsync init` writes a file to start from",)

    @pytest.mark.parametrize("text", ["just text", "[a, b]", "5"])
    def test_a_file_of_something_else(self, write, text):
        assert problems(write(text)) == (
            "holds no settings; expected keys such as source and scope",
        )

    def test_a_file_in_another_encoding(self, tmp_path):
        path = tmp_path / "aadsync.yml"
        path.write_bytes("name: Zürich".encode("latin-1"))
        assert problems(path) == ("not UTF-8 at byte 7; save it as UTF-8",)

    def test_a_byte_order_mark_is_no_problem(self, tmp_path):
        path = tmp_path / "aadsync.yml"
        path.write_bytes(SMALL.encode("utf-8-sig"))
        assert load_settings(path).name == "contoso"

    def test_a_character_that_yaml_does_not_allow(self, write):
        assert problems(write("name: a\x07b")) == ("character 7: not a character that YAML allows",)

    @pytest.mark.parametrize(
        ("text", "problem"),
        [
            ("name: [a\nb: c}", "line 2, column 2: not YAML: expected ',' or ']', but got ':'"),
            ("a: 1\n b: 2", "line 2, column 3: not YAML: mapping values are not allowed here"),
            ("a: 1\n---\nb: 2", "line 2, column 1: not YAML: but found another document"),
            ("a: *bc", "line 1, column 4: not YAML: found undefined alias a name"),
            ("? {a: 1}\n: b", "line 1, column 3: not YAML: found unhashable key"),
        ],
    )
    def test_what_is_not_yaml_is_found_by_line_and_column(self, write, text, problem):
        assert problems(write(text)) == (problem,)

    def test_a_key_named_twice_is_a_problem_at_every_level(self, write):
        text = SMALL + "policy: {mode: mirror, mode: additive}\nname: other\nname: third\n"
        assert problems(write(text)) == (
            "name: named twice, on lines 2 and 13",
            "name: named twice, on lines 2 and 14",
            "policy.mode: named twice, on lines 12 and 12",
        )

    def test_a_key_named_twice_in_a_list_has_its_position(self, write):
        [problem] = problems(write("targets:\n- {name: a}\n- {name: b,\n   name: c}\n"))
        assert problem == "targets.1.name: named twice, on lines 3 and 4"

    def test_anchors_and_merge_keys_work(self, write):
        text = (
            SMALL
            + "policy:\n  limits:\n    groups_removed: &one {count: 1}\n    members_removed: {<<: *one}\n"
        )
        assert load_settings(write(text)).policy.limits.members_removed.count == 1

    @pytest.mark.parametrize(
        "text", ["!!binary aGk=", "!!set {a}", "!!int x", "!x y", "!!python/name:os.system"]
    )
    def test_tags_are_a_problem(self, write, text):
        assert problems(write(f"name: {text}")) == ("line 1: tags (!…) are not used in this file",)

    def test_a_date_is_text(self, write):
        assert load_settings(write({**small(), "name": "2026-01-01"})).name == "2026-01-01"
        assert (
            load_settings(write(SMALL.replace("name: contoso", "name: 2026-01-01"))).name
            == "2026-01-01"
        )

    def test_a_number_that_python_will_not_read(self, write):
        assert problems(write(f"version: {'9' * 5000}")) == ("holds a number that cannot be read",)

    def test_nesting_without_end(self, write):
        assert problems(write("[" * 5000)) == ("nested too deep to be read",)

    def test_a_list_within_itself(self, write):
        [problem] = problems(write(SMALL.replace("groups: [", "groups: &a [*a, ")))
        assert problem.startswith("scope.groups.0: found a list; expected a section with id,")


class TestParameters:
    """Widgets and job parameters, by dotted name."""

    def load(self, write, text=SMALL, **overrides):
        return load_settings(
            write(text), {name.replace("__", "."): value for name, value in overrides.items()}
        )

    def test_a_parameter_wins_over_the_file(self, write):
        assert self.load(write, FULL, policy__mode="additive").policy.mode == "additive"

    @pytest.mark.parametrize("empty", ["", "  ", "\n"])
    def test_an_empty_parameter_counts_as_not_given(self, write, empty):
        assert self.load(write, policy__mode=empty).policy.mode == "mirror"

    def test_values_are_read_as_what_the_key_takes(self, write):
        settings = self.load(
            write,
            name="123",
            policy__grace_days="3",
            scope__guests="false",
            policy__limits__users_deprovisioned__share="null",
            source__auth="{method: access_token, access_token: {env: TOKEN}}",
            scope__groups='[{"prefix": "dbx-"}, {"name": "true"}]',
        )
        assert settings.name == "123"
        assert settings.policy.grace_days == 3
        assert settings.scope.guests is False
        assert settings.policy.limits.users_deprovisioned.share is None
        assert settings.policy.limits.users_deprovisioned.count == 20
        assert str(settings.source.auth.access_token) == "env TOKEN"
        assert [group.by for group in settings.scope.groups] == ["prefix", "name"]

    @pytest.mark.parametrize(
        "before", ["", "policy: {adopt: never}", "policy: {adopt: {users: never}}"]
    )
    def test_one_kind_is_adopted_otherwise_than_the_file_says(self, write, before):
        adopt = self.load(write, SMALL + before, policy__adopt__groups="same_name").policy.adopt
        assert adopt.groups == "same_name"
        assert adopt.users == ("never" if before else "unowned")
        adopt = self.load(write, SMALL + before, policy__adopt="never").policy.adopt
        assert {adopt.users, adopt.service_principals, adopt.groups} == {"never"}

    def test_a_target_is_named_or_counted(self, write):
        overrides = {"targets.account.pace": "0.5"}
        assert load_settings(write(SMALL), overrides).targets[0].pace == 0.5
        assert load_settings(write(SMALL), {"targets.0.pace": "2"}).targets[0].pace == 2

    def test_a_target_of_another_name_is_a_problem_that_lists_them(self, write):
        path = write(SMALL)
        with pytest.raises(SettingsError) as caught:
            load_settings(
                path, {"targets.acount.pace": "1", "targets.5.pace": "1", "policy.mode": "x"}
            )
        assert caught.value.problems == (
            "targets.acount.pace: there is no such item in the list; it has account",
            "targets.5.pace: there is no such item in the list; it has account",
            "policy.mode: found 'x'; expected mirror or additive",
        )

    def test_an_item_of_a_list_without_names_is_counted(self, write):
        with pytest.raises(SettingsError) as caught:
            load_settings(write(SMALL), {"scope.groups.x.prefix": "y"})
        assert caught.value.problems == (
            "scope.groups.x.prefix: there is no such item in the list; it has Data Platform",
        )
        with pytest.raises(SettingsError) as caught:
            load_settings(write(SMALL), {"scope.users.x": "y"})
        assert caught.value.problems == (
            "scope.users.x: there is no such item in the list; it has 0 to 0",
        )

    def test_an_unknown_parameter_names_the_nearest_key(self, write):
        with pytest.raises(SettingsError) as caught:
            load_settings(write(SMALL), {"policy.mdoe": "additive", "polcy.mode": "additive"})
        assert caught.value.problems == (
            "policy.mdoe: unknown key; did you mean `mode`?",
            "polcy: unknown key; did you mean `policy`?",
        )

    def test_a_parameter_below_a_value_is_a_problem(self, write):
        with pytest.raises(SettingsError) as caught:
            load_settings(write(SMALL), {"name.first": "a", "name.first.second": "b"})
        assert caught.value.problems == (
            "name.first: a part of this name is a value, not a section",
            "name.first.second: a part of this name is a value, not a section",
        )

    def test_a_parameter_that_is_not_yaml_is_a_problem(self, write):
        with pytest.raises(SettingsError) as caught:
            load_settings(write(SMALL), {"scope.groups": "[{name: a"})
        [problem] = caught.value.problems
        assert problem.startswith("scope.groups: line 1, column 10: not YAML: ")

    def test_what_yaml_shares_by_alias_is_changed_in_one_place_only(self, write):
        text = (
            SMALL
            + "policy:\n  limits:\n    groups_removed: &one {count: 1}\n    members_removed: *one\n"
        )
        settings = load_settings(write(text), {"policy.limits.groups_removed.count": "2"})
        assert settings.policy.limits.groups_removed.count == 2
        assert settings.policy.limits.members_removed.count == 1

    def test_parameters_alone_are_enough(self):
        tree = small()
        settings = load_settings(
            None,
            {
                "name": "contoso",
                "source.tenant_id": tree["source"]["tenant_id"],
                "source.auth.method": "azure_cli",
                "scope.groups.0.prefix": "dbx-",
                "targets.0.name": "account",
                "targets.account.host": "https://accounts.azuredatabricks.net",
                "targets.account.account_id": tree["targets"][0]["account_id"],
            },
        )
        assert settings.targets[0].name == "account"
        assert settings.scope.groups[0].prefix == "dbx-"

    def test_without_a_file_the_problems_are_those_of_the_settings(self):
        with pytest.raises(SettingsError, match=r"^settings: 5 problems"):
            load_settings(None, {"policy.mode": "x"})

    def test_an_empty_file_may_be_filled_by_parameters(self, write):
        with pytest.raises(SettingsError) as caught:
            load_settings(write(""), {"name": "contoso"})
        assert [problem.split(":")[0] for problem in caught.value.problems] == [
            "source",
            "targets",
            "scope.groups",
        ]

    def test_a_literal_secret_in_a_parameter_is_not_shown(self, write):
        with pytest.raises(SettingsError) as caught:
            load_settings(
                write(FULL),
                {"source.auth.client_secret": "hunter2", "source.auth.client_id": "hunter2"},
            )
        assert "hunter2" not in str(caught.value)
        assert len(caught.value.problems) == 2


LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9) | st.dates()
KEYS = st.sampled_from(
    ["name", "source", "auth", "method", "tenant_id", "scope", "groups", "targets", "policy", "limits", "users",
     "store", "sqlite", "version", "workspaces", "value", "attribute", "protected", "mapping", "group_name"]
) | st.text(max_size=5) | st.integers() | st.none()  # fmt: skip
TREES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=25,
)
SECTIONS = st.sampled_from(
    ["source", "scope", "mapping", "targets", "policy", "store", "version", "name"]
)


@given(st.dictionaries(SECTIONS, TREES, max_size=4))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None
)
def test_no_tree_makes_anything_but_settings_or_a_settings_error(tmp_path, tree):
    path = tmp_path / "aadsync.yml"
    path.write_text(yaml.safe_dump({**small(), **tree}, allow_unicode=True), encoding="utf-8")
    _settings_or_problems(path, {})


@given(st.text(max_size=80) | st.binary(max_size=80))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None
)
def test_no_file_makes_anything_but_settings_or_a_settings_error(tmp_path, content):
    path = tmp_path / "aadsync.yml"
    path.write_bytes(
        content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass")
    )
    _settings_or_problems(path, {})


NAMES = st.lists(
    st.sampled_from(
        [
            "targets",
            "account",
            "0",
            "9",
            "pace",
            "auth",
            "policy",
            "limits",
            "scope",
            "groups",
            "name",
            "",
        ]
    )
    | st.text(max_size=4),
    min_size=1,
    max_size=4,
).map(".".join)


@given(st.dictionaries(NAMES, st.text(max_size=12), max_size=3))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50, deadline=None
)
def test_no_parameter_makes_anything_but_settings_or_a_settings_error(tmp_path, overrides):
    path = tmp_path / "aadsync.yml"
    path.write_text(SMALL, encoding="utf-8")
    _settings_or_problems(path, overrides)


def _settings_or_problems(path, overrides):
    try:
        load_settings(path, overrides)
    except SettingsError as error:
        problems = error.problems
    else:
        return
    assert problems
    assert all(problem.isprintable() for problem in problems)


class TestFolder:
    """Where relative paths begin: at the file, wherever the command runs."""

    def test_it_is_the_folder_of_the_file_whole(self, tmp_path, monkeypatch):
        (tmp_path / "conf").mkdir()
        (tmp_path / "conf" / "aadsync.yml").write_text(SMALL, encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        settings = load_settings(Path("conf/aadsync.yml"), {"policy.mode": "additive"})
        monkeypatch.chdir("/")
        assert settings.folder == tmp_path / "conf"
        assert load_settings(tmp_path / "conf/aadsync.yml").folder == tmp_path / "conf"

    def test_without_a_file_it_is_the_current_one(self):
        assert settings_from(SMALL, "parameters").folder == Path()

    def test_the_digest_is_the_same_in_every_folder(self, write, tmp_path):
        here = load_settings(write(SMALL))
        there = here.found_in(tmp_path / "elsewhere")
        assert there.folder != here.folder
        assert settings_digest(there) == settings_digest(here)
        assert str(tmp_path) not in here.model_dump_json()
        assert there.model_copy(update={"name": "other"}).folder == there.folder


class TestDigest:
    """Two runs with the same digest had the same settings."""

    def test_a_default_that_is_written_down_changes_nothing(self, write):
        bare = settings_digest(load_settings(write(SMALL)))
        written = settings_digest(load_settings(write(SMALL + "policy: {mode: mirror}\n")))
        assert bare == written
        assert bare.startswith("sha256:")
        assert len(bare) == 71

    def test_any_other_value_changes_it(self, write):
        bare = settings_digest(load_settings(write(SMALL)))
        assert settings_digest(load_settings(write(SMALL + "policy: {mode: additive}\n"))) != bare


def test_reading_settings_loads_no_sdk():
    code = (
        "import sys, aadsync_lib.config.load; "
        "print(sorted({name.split('.')[0] for name in sys.modules} & "
        "{'azure', 'msgraph', 'databricks', 'pandas', 'requests', 'httpx', 'msal'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
