"""The head of every report, by the real command: when, by whom, from what, and where."""

import getpass
import json
import re

import pytest
from click.testing import CliRunner

from aadsync_lib import __version__
from aadsync_lib.cli import main
from aadsync_lib.sandbox import Sandbox, company
from aadsync_lib.sandbox.command import config, describe

REPORTS = (
    ("plan",),
    ("sync",),
    ("undo", "last"),
    ("aim", "report"),
    ("explain", "--group", "Data"),
    ("history",),
    ("history", "last"),
    ("doctor",),
)


@pytest.fixture(scope="module")
def box():
    with Sandbox(company(12, 3)) as sandbox:
        yield sandbox


@pytest.fixture
def cli(box, tmp_path, monkeypatch):
    (tmp_path / "contoso.yml").write_text(config(box), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    for name, value in describe(box)["environment"].items():
        monkeypatch.setenv(name, value)

    def run(*words):
        return CliRunner().invoke(main, (*words, "-c", "contoso.yml")).stdout

    return run


def targets_in(document):
    if isinstance(document, list):
        return [target for item in document for target in targets_in(item)]
    if not isinstance(document, dict):
        return []
    own = document.get("targets")
    placed = own if isinstance(own, list) else []
    return [*placed, *(target for value in document.values() for target in targets_in(value))]


def test_every_report_says_when_by_whom_from_what_and_where(cli, box):
    for words in REPORTS:
        document = json.loads(cli(*words, "--format", "json"))
        assert list(document)[:3] == ["kind", "version", "head"], words
        head = document["head"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", head["time"])
        assert {key: head[key] for key in ("settings", "tenant_id", "version")} == {
            "settings": "contoso.yml",
            "tenant_id": box.tenant_id,
            "version": __version__,
        }
        assert head["by"] == getpass.getuser()
        for target in targets_in(document):
            place = (target["host"], target["account_id"])
            assert place == (box.databricks_url, box.account_id), words
        if words != ("doctor",):
            assert targets_in(document) or words[0] in ("history", "explain")
        for form in ("text",) if words[0] != "plan" else ("text", "markdown", "html"):
            text = cli(*words, "--format", form).replace("\\", "")
            assert box.tenant_id in text, (words, form)
            assert "contoso.yml" in text
            assert box.account_id in text


def test_plans_of_two_places_have_two_digests(cli, box):
    here, there = (
        json.loads(cli("plan", "--format", "json", "--set", f"targets.0.host={host}"))["digest"]
        for host in (box.databricks_url, box.databricks_url.replace("127.0.0.1", "localhost"))
    )
    assert here != there
