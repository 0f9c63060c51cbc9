"""``aadsync install`` and ``uninstall``, with a stand-in for the program that deploys.

``tests/workspace/bundle/test_install.py`` has the real one.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from aadsync_lib.cli import main
from aadsync_lib.config.load import load_settings

GUID = "5f0a1c1e-0000-4000-8000-00000000000{}"
BUNDLE = {"--run-as": GUID.format(9), "--notify": "identity@contoso.com"}
ANSWERS = {
    "--tenant-id": GUID.format(1), "--account-id": GUID.format(2), "--prefix": "dbx-",
    "--source-client-id": GUID.format(3), "--target-client-id": GUID.format(4),
}  # fmt: skip
STANDIN = """#!{python} -IS
import json, pathlib, sys
words, folder = sys.argv[1:], pathlib.Path({folder!r})
with (folder / "log").open("a") as log:
    log.write(json.dumps(words) + "\\n")
state = json.loads((folder / "state.json").read_text())
if " ".join(words).startswith(state["fails"]):
    sys.exit("Error: it was told to fail")
bound = state["bound"] or any(json.loads(line)[:2] == ["bundle", "deploy"] for line in (folder / "log").open())
def resource(ident, **more):
    return {{**more, **({{"id": ident}} if bound else {{}})}}
if words[:2] == ["bundle", "summary"]:
    print(json.dumps({{"workspace": {{"file_path": "/Workspace/Users/sp/files"}}, "resources": {{
        "jobs": {{"sync": {{"url": "https://adb-1.2.azuredatabricks.net/jobs/7?w=1"}}}},
        "secret_scopes": {{"secrets": resource("aadsync", name="aadsync")}},
        "schemas": {{"store": resource("main.aadsync", name="aadsync", catalog_name="main")}},
        "volumes": {{"reports": resource("main.aadsync.reports", name="reports", schema_name="${{resources.schemas.store.name}}",
                                          catalog_name="main")}}}}}}))
if words[:2] == ["secrets", "list-scopes"]:
    print(json.dumps([{{"name": name}} for name in state["there"]]))
if words[:2] in (["schemas", "get"], ["volumes", "read"]) and words[2] not in state["there"]:
    sys.exit("Error: it does not exist")
"""


class Place:
    """A clone with nothing in it but what ``install`` looks at, and the stand-in on the PATH."""

    def __init__(self, tmp_path, monkeypatch):
        self.folder, self.tools = tmp_path / "clone", tmp_path / "tools"
        for folder in (self.folder, self.tools):
            folder.mkdir()
        (self.folder / "databricks.yml").touch()
        program = self.tools / "databricks"
        program.write_text(STANDIN.format(python=sys.executable, folder=str(self.tools)))
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(self.tools))
        self.state()

    def state(self, *, there=(), bound=False, fails="never"):
        state = {"there": list(there), "bound": bound, "fails": fails}
        (self.tools / "state.json").write_text(json.dumps(state))

    def run(self, command, options=None, *flags, answers=""):
        words = [part for pair in (options or {}).items() for part in pair]
        given = [command, "--bundle", str(self.folder), "--profile", "lab", *words, *flags]
        return CliRunner().invoke(main, given, input=answers)

    @property
    def calls(self):
        log = self.tools / "log"
        lines = log.read_text().splitlines() if log.exists() else []
        return [" ".join(json.loads(line)) for line in lines]

    @property
    def variables(self):
        file = self.folder / ".databricks/bundle/prod/variable-overrides.json"
        return json.loads(file.read_text())


@pytest.fixture
def place(tmp_path, monkeypatch):
    return Place(tmp_path, monkeypatch)


def test_answers_become_settings_and_variables_and_the_bundle_is_deployed(place):
    done = place.run("install", {**ANSWERS, **BUNDLE, "--protect": "breakglass@contoso.com"})
    assert done.exit_code == 0, done.stderr
    settings = load_settings(place.folder / "aadsync.yml")
    assert settings.policy.protected.users == ("breakglass@contoso.com",)
    assert str(settings.source.auth.client_secret) == "secret aadsync/entra-client-secret"
    assert place.variables == {
        "run_as_sp": GUID.format(9), "notify_email": "identity@contoso.com",
        "config": "${workspace.file_path}/aadsync.yml",
    }  # fmt: skip
    assert "bundle deploy -t prod --profile lab" in place.calls
    assert not [call for call in place.calls if "bind" in call]
    page = "https://adb-1.2.azuredatabricks.net/#workspace/Users/sp/files/notebooks/00_quickstart"
    assert f"Quickstart: {page}" in done.stdout
    secret = "  databricks secrets put-secret aadsync entra-client-secret --profile lab"
    assert secret in done.stdout.splitlines()


def test_a_principal_and_a_recipient_that_can_be_none_stop_it_before_anything_is_written(place):
    wrong = {"--run-as": "job-runner", "--notify": "identity"}
    done = place.run("install", {**ANSWERS, **wrong})
    assert done.exit_code == 2
    assert "--run-as: found 'job-runner'; expected an application id" in done.stderr
    assert "--notify: found 'identity'; expected an e-mail address" in done.stderr
    assert [file.name for file in place.folder.iterdir()] == ["databricks.yml"]
    assert place.calls == []


def test_what_was_taken_away_is_paused_when_it_is_taken_up_again(place):
    place.run("install", {**ANSWERS, **BUNDLE}, "--unpause")
    assert place.run("uninstall", None, "--yes").exit_code == 0
    assert "Deployed, and paused" in place.run("install").stdout


def test_a_second_install_asks_nothing_and_keeps_the_settings(place):
    place.run("install", {**ANSWERS, **BUNDLE})
    before = (place.folder / "aadsync.yml").read_text()
    done = place.run("install")
    assert done.exit_code == 0, done.stderr
    assert (place.folder / "aadsync.yml").read_text() == before
    assert place.variables["notify_email"] == "identity@contoso.com"


def test_another_scope_and_catalog_are_those_of_settings_and_bundle_alike(place):
    names = {"--secret-scope": "identity", "--catalog": "governance"}
    assert place.run("install", {**ANSWERS, **BUNDLE, **names}).exit_code == 0
    assert (place.variables["secret_scope"], place.variables["catalog"]) == (
        "identity",
        "governance",
    )
    settings = load_settings(place.folder / "aadsync.yml")
    assert str(settings.targets[0].auth.client_secret) == "secret identity/databricks-client-secret"


def test_the_schedule_starts_when_it_is_told_to_and_stays_so(place):
    paused = place.run("install", {**ANSWERS, **BUNDLE})
    again = f"aadsync install --bundle {place.folder} --profile lab"
    assert paused.stdout.splitlines()[-1] == f"  {again} --unpause"
    assert "on its schedule" in place.run("install", None, "--unpause").stdout
    assert "on its schedule" in place.run("install").stdout
    assert place.variables["schedule_status"] == "UNPAUSED"
    assert "Deployed, and paused" in place.run("install", None, "--pause").stdout


def test_lines_to_copy_name_bundle_and_profile_where_they_are_not_the_usual_ones(
    place, monkeypatch
):
    elsewhere = place.run("install", {**ANSWERS, **BUNDLE}).stdout
    assert f"Next, in this order, in the folder {place.folder}:" in elsewhere
    again = f"aadsync install --bundle {place.folder} --profile lab takes it up again."
    assert again in place.run("uninstall").stdout
    monkeypatch.chdir(place.folder)
    assert "Next, in this order:" in place.run("install").stdout
    assert " aadsync install --profile lab takes it up again." in place.run("uninstall").stdout


def test_what_holds_data_and_is_there_already_is_taken_over(place):
    place.state(there=["aadsync", "main.aadsync", "main.aadsync.reports"])
    assert place.run("install", {**ANSWERS, **BUNDLE}).exit_code == 0
    bound = [call.split()[3:5] for call in place.calls if call.startswith("bundle deployment bind")]
    assert bound == [
        ["secrets", "aadsync"], ["store", "main.aadsync"], ["reports", "main.aadsync.reports"],
    ]  # fmt: skip


def test_everything_that_is_missing_is_named_at_once_and_nothing_is_written(place):
    done = place.run("install", {"--account-id": GUID.format(2)})
    assert done.exit_code == 2
    missing = "--tenant-id, --source-client-id, --target-client-id, --prefix, --run-as, --notify"
    assert f"Say also: {missing}" in done.stderr
    assert place.calls == []
    assert [path.name for path in place.folder.iterdir()] == ["databricks.yml"]


def test_what_is_missing_is_asked_for_on_a_terminal(place, monkeypatch):
    for module in ("questions", "install"):
        monkeypatch.setattr(f"aadsync_lib.cli.{module}.is_terminal", lambda: True)
    answers = [GUID.format(1), GUID.format(3), GUID.format(2), GUID.format(4), "dbx-",
               GUID.format(9), "it@contoso.com", "a@contoso.com, b@contoso.com", ""]  # fmt: skip
    done = place.run("install", answers="\n".join(answers))
    assert done.exit_code == 0, done.stderr
    protected = load_settings(place.folder / "aadsync.yml").policy.protected.users
    assert protected == ("a@contoso.com", "b@contoso.com")
    assert place.variables["run_as_sp"] == GUID.format(9)


@pytest.mark.parametrize("number", range(8))
def test_an_end_of_the_input_at_any_question_writes_and_deploys_nothing(place, monkeypatch, number):
    for module in ("questions", "install"):
        monkeypatch.setattr(f"aadsync_lib.cli.{module}.is_terminal", lambda: True)
    answers = [GUID.format(1), GUID.format(3), GUID.format(2), GUID.format(4), "dbx-",
               GUID.format(9), "it@contoso.com"]  # fmt: skip
    done = place.run("install", answers="".join(f"{answer}\n" for answer in answers[:number]))
    assert done.exit_code == 1
    assert done.stderr.endswith("aadsync: Stopped. Nothing was written, and nothing deployed.\n")
    assert place.calls == []
    assert [path.name for path in place.folder.iterdir()] == ["databricks.yml"]


def test_principal_and_recipient_are_asked_for_until_they_fit(place, monkeypatch):
    for module in ("questions", "install"):
        monkeypatch.setattr(f"aadsync_lib.cli.{module}.is_terminal", lambda: True)
    lines = ("sync", GUID.format(9), "nobody", "it@contoso.com", "")
    done = place.run("install", ANSWERS, answers="\n".join((*lines, "")))
    assert done.exit_code == 0, done.stderr
    assert done.stderr.count("That does not fit: ") == 2
    assert place.variables["notify_email"] == "it@contoso.com"


def test_wrong_answers_or_settings_are_deployed_nowhere(place):
    wrong = place.run("install", {**ANSWERS, **BUNDLE, "--tenant-id": "contoso"})
    assert (wrong.exit_code, "source.tenant_id" in wrong.stderr) == (2, True)
    assert not (place.folder / "aadsync.yml").exists()
    (place.folder / "aadsync.yml").write_text("name: contoso\n")
    broken = place.run("install", BUNDLE)
    assert (broken.exit_code, "source: is missing" in broken.stderr) == (1, True)
    assert place.calls == []


def test_a_deploy_that_fails_says_what_the_cli_said_and_what_to_do(place):
    place.state(fails="bundle deploy")
    done = place.run("install", {**ANSWERS, **BUNDLE})
    assert done.exit_code == 1
    assert "`databricks bundle deploy -t prod --profile lab` ended with 1" in done.stderr
    assert "Error: it was told to fail" in done.stderr


def test_without_a_clone_or_without_the_cli_nothing_is_changed(place, monkeypatch):
    (place.folder / "databricks.yml").unlink()
    done = place.run("install", {**ANSWERS, **BUNDLE})
    assert (done.exit_code, "--bundle DIR" in done.stderr) == (2, True)
    (place.folder / "databricks.yml").touch()
    monkeypatch.setenv("PATH", str(place.folder))
    for command in ("install", "uninstall"):
        done = place.run(command)
        assert done.exit_code == 1
        assert "https://docs.databricks.com/dev-tools/cli/install" in done.stderr


def test_uninstall_keeps_what_holds_data(place):
    place.run("install", {**ANSWERS, **BUNDLE})
    done = place.run("uninstall")
    assert done.exit_code == 0
    assert "What stays: aadsync, main.aadsync, main.aadsync.reports." in done.stdout
    unbound = [call.split()[3] for call in place.calls if "unbind" in call]
    assert unbound == ["secrets", "store", "reports"]
    assert place.calls[-1] == "bundle destroy -t prod --auto-approve --profile lab"
    assert (place.folder / "aadsync.yml").exists()


def test_uninstall_of_nothing_unbinds_nothing(place):
    done = place.run("uninstall", None, "--yes")
    assert done.exit_code == 0
    assert not [call for call in place.calls if "unbind" in call]


def test_uninstall_asks_on_a_terminal(place, monkeypatch):
    monkeypatch.setattr("aadsync_lib.cli.install.asks", lambda: True)
    done = place.run("uninstall", answers="n\n")
    assert (done.exit_code, "Nothing was changed" in done.stderr) == (1, True)
    assert place.calls == []


def test_an_end_of_the_input_uninstalls_nothing(place, monkeypatch):
    monkeypatch.setattr("aadsync_lib.cli.install.asks", lambda: True)
    done = place.run("uninstall")
    assert (done.exit_code, place.calls) == (1, [])
    assert done.stderr.endswith("aadsync: Stopped. Nothing was changed.\n")


def test_a_workspace_whose_address_is_not_told_is_a_path():
    from aadsync_lib.cli.install import _quickstart

    summary = {"workspace": {"file_path": "/Workspace/f"}, "resources": {"jobs": {"sync": {}}}}
    assert _quickstart(summary) == str(Path("/Workspace/f/notebooks/00_quickstart"))
