"""The page of a real sync: the command, HTTP on both sides, and the browser that opens what came of it."""

import pytest
from click.testing import CliRunner

from aadsync_lib.cli import main
from aadsync_lib.sandbox import Sandbox, World
from aadsync_lib.sandbox.command import config, describe
from tests.acceptance.browser.test_page import OPEN_ALL, no_dialog, rows
from tests.unit.report.pages import SCRIPT

DATA, TEAM, ADA, BOB = (f"11111111-0000-4000-8000-00000000000{n}" for n in range(1, 5))


def company():
    """Ada in a group whose name is a script, which is nested in another one."""
    users = [
        {"id": key, "userPrincipalName": f"{name}@contoso.com", "displayName": name.title()}
        for key, name in ((ADA, "ada"), (BOB, "bob"))
    ]
    groups = [
        {"id": DATA, "displayName": "dbx-data", "members": [TEAM, BOB]},
        {"id": TEAM, "displayName": SCRIPT, "members": [ADA]},
    ]
    return World.from_json({"entra": {"users": users, "groups": groups}})


@pytest.fixture
def aadsync(tmp_path, monkeypatch):
    """Run a command line in a directory with the settings of a sandbox; return the page it wrote."""
    with Sandbox(company()) as box:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "aadsync.yml").write_text(config(box), encoding="utf-8")
        for name, value in describe(box)["environment"].items():
            monkeypatch.setenv(name, value)

        def run(*words, code=0):
            result = CliRunner().invoke(main, [*words, "--format", "html", "--out", "page.html"])
            assert result.exit_code == code, result.stderr
            return (tmp_path / "page.html").read_text(encoding="utf-8")

        run.world = box.world
        yield run


def test_plan_run_and_past_run_of_a_real_sync_are_pages_that_run_no_name(aadsync, browser):
    for words in (["plan"], ["sync"], ["history", "last"]):
        browser.open(aadsync(*words))
        browser.js(OPEN_ALL)
        no_dialog(browser)
        assert browser.complaints == []
        assert browser.texts("#changes output") == ["6 lines"]
        assert SCRIPT in rows(browser)


def test_tree_of_a_real_sync_nests_as_entra_does_and_the_history_grows(aadsync, browser):
    aadsync("sync")
    aadsync.world.entra.add_member(TEAM, BOB)
    browser.open(aadsync("sync"))
    assert browser.texts("#tree > li > .row b") == ["dbx-data"]
    browser.js(OPEN_ALL)
    assert rows(browser) == ["dbx-data", SCRIPT, "bob@contoso.com"]
    assert len(browser.all("svg.history rect")) == 2


def test_refused_sync_is_a_page_with_the_command_that_lets_it_through(aadsync, browser):
    aadsync("sync")
    aadsync.world.entra.remove_member(TEAM, ADA)
    browser.open(aadsync("sync", code=4))
    assert "groups_emptied is 1, allowed 0" in browser.find(".alert.bad").text
    approve = browser.find("#command").text.split(" --approve ")[1]
    browser.open(aadsync("sync", "--approve", approve))
    assert browser.texts(".pill")[0] == "Done"
