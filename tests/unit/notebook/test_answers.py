"""Answers of ``01_setup``: completed, checked, saved, and found by the other notebooks."""

from types import SimpleNamespace

import pytest

from aadsync_lib.config.load import load_settings
from aadsync_lib.errors import SettingsError, UsageError
from aadsync_lib.notebook import Notebook
from aadsync_lib.notebook.answers import Place, methods_of_file, take_answers
from aadsync_lib.notebook.checks import checks_sentence
from aadsync_lib.notebook.platform import Platform
from aadsync_lib.notebook.settings_file import path_in, read_settings, usual_place, usual_reports
from aadsync_lib.notebook.widgets import FIRST, MODELS, widgets_of
from tests.unit.notebook.test_parameters import ENOUGH
from tests.unit.notebook.test_widgets import EVERY_LOGIN
from tests.workspace_lab.process.widgets import Widgets

ID = "5f0a0000-0000-4000-8000-000000000001"
FEW = {
    "source.tenant_id": ID,
    "source.auth.method": "client_secret",
    "source.auth.client_id": ID,
    "scope.groups": "dbx-*, Data Platform",
    "targets.0.account_id": ID,
    "targets.0.auth.client_id": ID,
    "policy.protected.users": "breakglass@contoso.com, second@contoso.com",
}
PLACE = Place("adb-1.2.azuredatabricks.net", "main")
GIVEN = {"token": "{secret: a/b}", "access_token": "{secret: a/b}", "name": "graph"}


def answer(path, place=PLACE, **more):
    values = {**FEW, "config": str(path), **more}
    return take_answers({name: value for name, value in values.items() if value}, place)


def statuses(answered):
    return {finding.check: finding.status for finding in answered.findings}


def test_seven_answers_are_a_whole_settings_file(tmp_path):
    path = tmp_path / "conf" / "aadsync.yml"
    answered = answer(path)
    assert statuses(answered) == {"settings file": "ok"}
    settings = load_settings(path)
    assert settings.model_dump() == answered.settings.model_dump()
    assert (settings.name, settings.store.delta) == ("entra", "main.aadsync")
    assert [str(group) for group in settings.scope.groups] == ["prefix 'dbx-'", "name 'Data Platform'"]  # fmt: skip
    assert settings.policy.protected.users == ("breakglass@contoso.com", "second@contoso.com")
    assert str(settings.source.auth.client_secret) == "secret aadsync/entra-client-secret"
    [target] = settings.targets
    assert (target.name, target.host) == ("account", "https://accounts.azuredatabricks.net")
    assert str(target.auth.client_secret) == "secret aadsync/databricks-client-secret"


@pytest.mark.parametrize(("side", "method"), EVERY_LOGIN)
def test_what_the_widgets_of_a_login_ask_is_enough_for_it(tmp_path, side, method):
    widgets = widgets_of("setup", methods={**FIRST, side: method})
    keys = [w.name for w in widgets if w.name.startswith(f"{side}.") and w.name[-6:] != "method"]
    own = {name: value for name, value in FEW.items() if not name.startswith(f"{side}.")}
    login = {name: GIVEN.get(name.rpartition(".")[2], ID) for name in keys}
    values = {**own, **login, f"{side}.method": method, "config": str(tmp_path / "a.yml")}
    answered = take_answers(values, PLACE)
    assert statuses(answered) == {"settings file": "ok"}
    assert methods_of_file(str(tmp_path / "a.yml"))[side] == method


@pytest.mark.parametrize(
    ("cloud", "host", "console"),
    [
        (None, None, "accounts.azuredatabricks.net"),
        ("usgov", None, "accounts.azuredatabricks.us"),
        ("usgov-dod", "adb-1.2.azuredatabricks.net", "accounts.azuredatabricks.us"),
        ("china", None, "accounts.azuredatabricks.cn"),
        (None, "adb-1.2.databricks.azure.us", "accounts.azuredatabricks.us"),
        (None, "x.cloud.databricks.com", "accounts.cloud.databricks.com"),
        (None, "127.0.0.1:8000", "accounts.azuredatabricks.net"),
    ],
)
def test_the_accounts_host_is_that_of_the_cloud(tmp_path, cloud, host, console):
    path = tmp_path / "a.yml"
    answered = answer(path, Place(host, "main"), **{"source.cloud": cloud or ""})
    assert answered.settings.targets[0].host == f"https://{console}"
    government = host is not None and host.endswith(".us")
    assert answered.settings.source.cloud == (cloud or ("usgov" if government else "public"))


def test_wrong_and_missing_answers_are_rows_with_their_widget_and_nothing_is_saved(tmp_path):
    path = tmp_path / "a.yml"
    widgets = widgets_of("setup")
    values = {"config": str(path), "source.tenant_id": "contoso", "scope.groups": "a, *"}
    answered = take_answers(values, PLACE, widgets)
    rows = {finding.check: finding for finding in answered.findings}
    assert answered.settings is None
    assert {row.status for row in rows.values()} == {"failed"}
    assert rows["source.tenant_id"].remedy == "Fill in 2 Entra tenant id."
    assert rows["targets.0.account_id"].remedy == "Fill in 6 Databricks account id."
    assert rows["source.auth.client_id"].remedy == "Fill in 4 Entra client id."
    assert "scope.groups" in rows
    assert not path.exists()


def test_without_a_path_nothing_is_saved_and_a_row_says_so():
    answered = take_answers(FEW, PLACE)
    assert answered.settings
    assert statuses(answered) == {"settings file": "warning"}


def test_without_a_schema_for_the_memory_there_are_no_settings(tmp_path):
    answered = answer(tmp_path / "a.yml", Place())
    assert "name store.delta" in answered.findings[0].detail


def test_the_same_answers_leave_the_file_as_it_is(tmp_path):
    path = tmp_path / "a.yml"
    answer(path)
    path.write_text(f"# ours\n{path.read_text()}")
    before = path.read_text()
    for more in ({}, dict.fromkeys(FEW, "")):
        assert "already" in answer(path, **more).findings[0].detail
        assert path.read_text() == before


def test_another_answer_changes_the_file_and_keeps_what_it_was(tmp_path):
    path = tmp_path / "a.yml"
    answer(path)
    text = path.read_text().replace("# grace_days: 0", "grace_days: 7")
    path.write_text(text)
    login = {"source.auth.method": "service_credential", "source.auth.name": "graph"}
    answered = answer(path, **{**dict.fromkeys(FEW, ""), **login})
    assert (tmp_path / "a.yml.before").read_text() == text
    settings = load_settings(path)
    assert answered.settings.model_dump() == settings.model_dump()
    assert settings.source.auth.name == "graph"
    assert settings.policy.grace_days == 7
    assert settings.policy.protected.users == ("breakglass@contoso.com", "second@contoso.com")


def test_a_secret_is_never_saved(tmp_path):
    path = tmp_path / "a.yml"
    answered = answer(path, **{"source.auth.client_secret": "hunter2"})
    assert answered.settings is None
    assert "hunter2" not in str(answered.findings)
    assert not path.exists()


def test_a_file_that_cannot_be_written_is_a_row(tmp_path):
    (tmp_path / "a.yml").mkdir()
    answered = answer(tmp_path / "a.yml")
    assert statuses(answered) == {"settings file": "failed"}


def test_the_other_notebooks_find_the_file_and_a_widget_beats_it(tmp_path):
    path = tmp_path / "aadsync.yml"
    values = {"config": str(path)}
    with pytest.raises(SettingsError, match="01_setup asks for the settings and writes this file"):
        read_settings(values, str(path))
    answer(path)
    assert path_in(values, str(path)) == str(path)
    settings = read_settings(values | {"policy.mode": "additive"}, str(path))
    assert (settings.name, settings.policy.mode) == ("entra", "additive")


def test_parameters_that_are_not_enough_say_that_there_is_no_file_either(tmp_path):
    usual = str(tmp_path / "a.yml")
    with pytest.raises(SettingsError) as caught:
        read_settings({"config": usual, "policy.mode": "additive"}, usual)
    first, *others = caught.value.problems
    assert first.startswith(f"config: {usual} is not there yet. 01_setup asks")
    assert any(problem.startswith("source: is missing") for problem in others)


def test_a_file_that_a_job_named_has_to_be_there_also_in_the_usual_place(tmp_path, monkeypatch):
    usual = str(tmp_path / "a.yml")
    monkeypatch.setattr("aadsync_lib.notebook.notebook.usual_place", lambda _: usual)
    parameters = {**ENOUGH, "config": usual}
    job = SimpleNamespace(widgets=Widgets(parameters, interactive=False), notebook=None)
    with pytest.raises(UsageError, match="cannot be read"):
        Notebook({"dbutils": job}, "plan").plan()
    alone = SimpleNamespace(widgets=Widgets({}, interactive=False), notebook=None)
    with pytest.raises(SettingsError, match="01_setup asks"):
        Notebook({"dbutils": alone}, "plan").plan()


def test_a_file_that_somebody_named_has_to_be_there(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        read_settings({"config": str(tmp_path / "other.yml"), **FEW}, str(tmp_path / "a.yml"))


def test_a_file_that_a_deploy_did_not_bring_is_put_beside_the_bundle(tmp_path):
    place = tmp_path / ".bundle" / "files"
    with pytest.raises(UsageError, match="brings it from beside databricks"):
        read_settings({"config": str(place / "aadsync.yml")}, None)
    place.mkdir(parents=True)
    (place / "aadsync.yml").write_bytes(b"\xff")
    with pytest.raises(UsageError, match="not UTF-8"):
        read_settings({"config": str(place / "aadsync.yml")}, None)


def test_reports_are_kept_in_the_volume_beside_the_tables_where_there_is_one(tmp_path, monkeypatch):
    path = tmp_path / "aadsync.yml"
    answer(path)
    assert usual_reports(str(path)) == ""
    there = "/Volumes/main/aadsync/reports"
    monkeypatch.setattr("aadsync_lib.notebook.settings_file.is_folder", there.__eq__)
    assert usual_reports(str(path)) == there
    path.write_text("store: {sqlite: a.db}")
    for other in (path, tmp_path / "none.yml"):
        assert usual_reports(str(other)) == ""
    assert usual_reports(None) == ""


def test_what_is_wrong_is_told_in_the_order_of_the_widgets_with_its_remedy(tmp_path):
    widgets = widgets_of("setup")
    findings = take_answers({"config": str(tmp_path / "a.yml")}, Place(), widgets).findings
    asked = [widget.name for widget in widgets]
    wrong = [finding.check for finding in findings if finding.check in asked]
    assert wrong == sorted(wrong, key=asked.index)
    assert all(finding.detail.endswith(".") for finding in findings)
    assert checks_sentence(findings).startswith("5 answers are missing. Fill in the widgets")
    remedies = {finding.check: finding.remedy for finding in findings}
    assert remedies["scope.groups"].startswith("Fill in 5 Groups: dbx-pilot")


def test_a_setting_without_a_widget_is_mended_by_a_parameter_or_in_the_file(tmp_path):
    path = tmp_path / "a.yml"
    [store] = answer(path, place=Place()).findings
    assert store.remedy == "Add a parameter store.delta (Edit, Add parameter), and fill it in."
    path.write_text("policy: {mode: mirrored}\n")
    wrong = {finding.check: finding.remedy for finding in answer(path).findings}
    assert wrong == {"policy.mode": f"Mend it in {path}."}


def test_the_usual_place_is_above_the_notebooks_or_in_the_home_of_the_user():
    somebody = SimpleNamespace(user="ada@contoso.com")
    folder = "/Workspace/Users/ada@contoso.com/aadsync"
    assert usual_place(somebody, f"{folder}/aadsync_lib/__init__.py") == f"{folder}/aadsync.yml"
    installed = "/local_disk0/lib/python3.12/site-packages/aadsync_lib/__init__.py"
    assert usual_place(somebody, installed) == "/Workspace/Users/ada@contoso.com/aadsync.yml"
    assert usual_place(Platform({}), installed) is None
    assert set(MODELS) == set(FIRST)
