"""The settings file that ``init`` writes."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aadsync_lib.config.load import load_settings
from aadsync_lib.config.text import parse
from aadsync_lib.errors import UsageError
from aadsync_lib.scaffold import Answers, starter, written
from tests.unit.config.files import FULL, SMALL

GUID = "5f0a0000-0000-4000-8000-000000000001"
ANSWERS = Answers(
    tenant_id=GUID,
    account_id=GUID,
    groups=("Data Platform",),
    source_client_id=GUID,
    service_credential="graph",
    target_client_id=GUID,
)


def loaded(tmp_path, text):
    path = tmp_path / "aadsync.yml"
    path.write_text(text, encoding="utf-8")
    return load_settings(path)


@pytest.mark.parametrize(
    "source",
    [
        "client_secret",
        "certificate",
        "managed_identity",
        "workload_identity",
        "azure_cli",
        "device_code",
        "service_credential",
        "access_token",
    ],
)
def test_it_loads_for_every_way_to_log_in_to_entra(tmp_path, source):
    text = starter(replace(ANSWERS, source_method=source))
    assert loaded(tmp_path, text).source.auth.method == source


@pytest.mark.parametrize(
    "target",
    ["oauth_m2m", "pat", "azure_client_secret", "azure_cli", "managed_identity", "default"],
)
def test_it_loads_for_every_way_to_log_in_to_databricks(tmp_path, target):
    text = starter(replace(ANSWERS, target_method=target))
    assert loaded(tmp_path, text).targets[0].auth.method == target


def test_it_holds_what_was_answered(tmp_path):
    text = starter(replace(ANSWERS, name="contoso", prefixes=("dbx-",), secret_scope="aadsync"))
    got = loaded(tmp_path, text)
    assert got.name == "contoso"
    assert [str(group) for group in got.scope.groups] == ["name 'Data Platform'", "prefix 'dbx-'"]
    assert str(got.source.auth.client_secret) == "secret aadsync/entra-client-secret"
    assert str(got.targets[0].auth.client_secret) == "secret aadsync/databricks-client-secret"


def test_without_a_scope_the_secrets_are_expected_in_the_environment(tmp_path):
    assert str(loaded(tmp_path, starter(ANSWERS)).source.auth.client_secret) == (
        "env AADSYNC_ENTRA_CLIENT_SECRET"
    )


def test_every_default_that_is_shown_is_the_default(tmp_path):
    """Taking away the # of any line, or of all of them, changes nothing."""
    text = starter(ANSWERS)
    default = loaded(tmp_path, text)
    commented = [line for line in text.splitlines() if re.match(r"\s*# \w+: ", line)]
    assert len(commented) > 25
    for line in commented:
        assert loaded(tmp_path, text.replace(line, line.replace("# ", "", 1))) == default, line
    assert loaded(tmp_path, re.sub(r"(?m)^(\s*)# (\w+: )", r"\1\2", text)) == default


def test_every_line_says_why(tmp_path):
    lines = [line for line in starter(ANSWERS).splitlines() if re.match(r"\s*# \w+: ", line)]
    assert [line for line in lines if "  # " not in line.lstrip()[2:]] == []


def test_every_key_of_the_contract_is_there():
    text = starter(ANSWERS)
    for key in ("cloud", "endpoint", "nested", "max_depth", "groups_of_kind", "guests", "users", "pace",
                "service_principals", "group_name", "workspaces", "mode", "members", "leavers", "delta",
                "retired_groups", "grace_days", "adopt", "adopt_names", "users_deprovisioned", "access_removed",
                "groups_emptied", "sqlite",
                "drift", "full_every", "user_name_change", "quarantine_after", "principals", "direct_groups"):  # fmt: skip
        assert re.search(rf"(?m)^\s*# {key}: ", text), key


@given(st.text(min_size=1), st.text(min_size=1))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None
)
def test_any_name_of_a_group_comes_back_as_it_was(tmp_path, name, prefix):
    text = starter(replace(ANSWERS, groups=(name,), prefixes=(prefix,)))
    assert [(g.name, g.prefix) for g in loaded(tmp_path, text).scope.groups] == [
        (name, None),
        (None, prefix),
    ]


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (replace(ANSWERS, groups=()), "at least one group"),
        (replace(ANSWERS, source_client_id=None), "entra: the method client_secret needs its client_id"),
        (replace(ANSWERS, target_client_id=None), "databricks: the method oauth_m2m needs its client_id"),
        (replace(ANSWERS, source_method="password"), "password: no such method; choose client_secret,"),
    ],
)  # fmt: skip
def test_a_missing_answer_is_a_usage_error(answers, message):
    with pytest.raises(UsageError, match=message):
        starter(answers)


@pytest.mark.parametrize("text", [SMALL, FULL, starter(ANSWERS)], ids=["small", "full", "starter"])
def test_whatever_a_file_says_is_written_as_it_was(tmp_path, text):
    tree = parse(text).value
    again = written(tree)
    assert loaded(tmp_path, again).model_dump() == loaded(tmp_path, text).model_dump()
    assert written(parse(again).value) == again


def test_a_target_keeps_sections_of_its_own(tmp_path):
    tree = parse(starter(ANSWERS)).value
    tree["targets"][0] |= {"policy": {"limits": {"groups_removed": {"count": 9}}}, "scope": None}
    tree["policy"] = None
    [target] = loaded(tmp_path, written(tree)).targets
    assert target.policy.limits.groups_removed.count == 9
