"""``aadsync doctor``."""

import json

import pytest

from aadsync_lib.doctor.examine import Finding

FINE = (Finding("settings", "ok", "the sync contoso."), Finding("scope", "warning", "No group."))
SICK = (*FINE, Finding("Graph | users", "failed", "403 \x1b[2J.", "Grant User.Read.All to @app."))


@pytest.fixture
def found(monkeypatch):
    findings = []
    monkeypatch.setattr(
        "aadsync_lib.doctor.examine.doctor", lambda settings, secrets: tuple(findings)
    )
    return findings


def test_all_well_ends_with_0_and_the_next_command(run, found):
    found += FINE
    result = run("doctor")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[-1] == "Next: aadsync plan shows what a sync would do."


def test_failed_check_ends_with_1_and_its_remedy(run, found):
    found += SICK
    result = run("doctor")
    assert result.exit_code == 1
    assert "failed   Graph | users  403 \\x1b[2J. Grant User.Read.All to @app." in result.stdout
    assert result.stdout.splitlines()[-1] == "Next: mend what failed (1), then run this again."


def test_json_is_exactly_one_document(run, found):
    found += SICK
    document = json.loads(run("doctor", "--format", "json", "--out", "d.json").stdout)
    assert (document["kind"], document["version"]) == ("doctor", 1)
    assert document["findings"][2] == {
        "check": "Graph | users",
        "status": "failed",
        "detail": "403 \x1b[2J.",
        "remedy": "Grant User.Read.All to @app.",
    }


def test_markdown_keeps_its_table_in_shape(run, found):
    found += SICK
    line = run("doctor", "--format", "markdown").stdout.splitlines()[4]
    assert line.count("|") == 4
    assert "@app" not in line
