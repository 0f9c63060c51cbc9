"""``aadsync doctor``."""

import json

import pytest

from aadsync_lib.doctor.examine import Finding
from aadsync_lib.doctor.probe.answers import Left, Row, TargetProbe
from aadsync_lib.model.identity import Kind

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
    lines = run("doctor", "--format", "markdown").stdout.splitlines()
    line = next(line for line in lines if line.startswith("| failed"))
    assert line.count("|") == 4
    assert "@app" not in line


class TestProbe:
    """What is said and asked around a probe."""

    PLACE = ("account", "https://accounts.azuredatabricks.net", "9c1d")

    @pytest.fixture
    def probed(self, monkeypatch):
        """Stand in for the probe: its results, and how often it ran."""
        results, calls = [TargetProbe(*self.PLACE, "2.0")], []

        def probe_all(settings, **given):
            calls.append(given)
            return tuple(results)

        monkeypatch.setattr("aadsync_lib.doctor.probe.run.probe_all", probe_all)
        return results, calls

    @pytest.fixture
    def terminal(self, monkeypatch):
        monkeypatch.setattr("aadsync_lib.cli.probe.asks", lambda: True)

    def test_it_says_first_what_it_makes_and_without_a_terminal_does_not_ask(self, run, probed):
        done = run("doctor", "--probe", "--format", "json")
        assert "one group and one service principal, both named aadsync-probe-" in done.stderr
        assert "account (https://accounts.azuredatabricks.net)" in done.stderr
        assert "Go on?" not in done.stderr
        assert json.loads(done.stdout)["kind"] == "probe"
        assert (done.exit_code, len(probed[1])) == (0, 1)

    def test_a_no_on_a_terminal_makes_nothing_and_ends_with_1(self, run, probed, terminal):
        done = run("doctor", "--probe", input="n\n")
        assert (done.exit_code, done.stdout, probed[1]) == (1, "", [])
        assert done.stderr.endswith("aadsync: nothing was made.\n")

    def test_the_end_of_the_input_makes_nothing_either(self, run, probed, terminal):
        done = run("doctor", "--probe", input="")
        assert (done.exit_code, done.stdout, probed[1]) == (1, "", [])
        assert done.stderr.endswith("aadsync: Stopped. Nothing was made.\n")

    @pytest.mark.parametrize("words", [("--yes",), ()])
    def test_a_yes_goes_on(self, run, probed, terminal, words):
        done = run("doctor", "--probe", *words, input="y\n")
        assert ("Go on?" in done.stderr) == (not words)
        assert (done.exit_code, len(probed[1])) == (0, 1)

    @pytest.mark.parametrize(
        ("more", "code"),
        [
            ({"rows": (Row("p", "t", "a", "s", "matters", "m"),)}, 3),
            ({"left": (Left(Kind.GROUP, "aadsync-probe-1", "1"),)}, 3),
            ({"error": "no login"}, 1),
        ],
    )
    def test_the_exit_code_tells_what_came_of_it(self, run, probed, more, code):
        probed[0][:] = [TargetProbe(*self.PLACE, "2.0", **more)]
        assert run("doctor", "--probe").exit_code == code

    def test_the_ordinary_checks_do_not_run_with_it(self, run, probed, found):
        found += SICK
        assert run("doctor", "--probe").exit_code == 0

    def test_without_it_nothing_is_probed(self, run, probed, found):
        found += FINE
        run("doctor", "--yes")
        assert probed[1] == []
