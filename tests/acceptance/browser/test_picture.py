"""The nested groups as a picture in a real browser: where groups are, how they are coloured, what a search shows."""

from dataclasses import replace
from itertools import pairwise

import pytest

from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.plan import GroupNode
from aadsync_lib.report.html import plan_page
from tests.acceptance.browser.conftest import NARROW, WIDE
from tests.acceptance.browser.test_page import PAGES, SEARCH, SECOND, no_dialog
from tests.unit.report import pages, samples

NODES = """
return [...document.querySelectorAll('#picture .node')].map((node) => {
  const { x, y, right, bottom } = node.querySelector('rect').getBoundingClientRect();
  const texts = [...node.querySelectorAll('text')].map((one) => one.textContent);
  const color = getComputedStyle(node.querySelector('rect')).stroke;
  return { label: node.getAttribute('aria-label'), kind: node.getAttribute('class').trim(), texts, x, y, right, bottom, color };
});
"""
EDGES = """
return [...document.querySelectorAll('#picture .edge')]
  .map((edge) => [edge.querySelector('title').textContent, edge.getAttribute('class').trim()]);
"""
ALL = "document.getElementById('tree-changed')?.click();"


def nodes(browser):
    return {node["label"].split(",")[0].split(";")[0]: node for node in browser.js(NODES)}


def at(browser):
    return browser.focused.get_attribute("aria-label").split(",")[0].split(";")[0]


def words(browser):
    return browser.find("#picture-words").text


def nested(tree, *changes):
    return plan_page(replace(samples.plan(samples.target_plan(*changes)), tree=tree))


@pytest.fixture
def plan(browser):
    browser.open(PAGES["plan"]())
    return browser


@pytest.fixture(scope="module")
def three_hundred():
    return plan_page(pages.long_plan(1500))


@pytest.fixture(scope="module")
def thousands():
    return plan_page(pages.big_plan())


def test_groups_stand_to_the_right_of_what_contains_them_in_the_colour_of_their_changes(plan):
    found = nodes(plan)
    assert list(found) == ["Data Platform", "ML", "Night shift", "Sales", "Old"]
    assert found["Data Platform"]["right"] < found["ML"]["x"] == found["Sales"]["x"]
    assert found["Sales"]["right"] < found["Night shift"]["x"]
    assert found["Data Platform"]["texts"] == ["+", "Data Platform", "+8"]
    assert found["Sales"]["texts"] == ["~", "Sales", "+2", "\u22122"]
    kinds = {name: node["kind"] for name, node in found.items()}
    assert kinds == {
        "Data Platform": "node in", "ML": "node change", "Sales": "node change",
        "Night shift": "node out", "Old": "node out",
    }  # fmt: skip
    assert [said for said, _ in plan.js(EDGES)].count("Night shift is in Sales") == 1
    assert len(plan.js(EDGES)) == 4
    assert (
        "Sales, 17 people; adopt group; 2 members added; 2 members removed; in Data Platform"
        in (found["Sales"]["label"])
    )


@pytest.mark.parametrize("dark", [False, True])
def test_colours_are_those_of_the_changes_in_both_themes(browser, dark):
    browser.open(PAGES["plan"](), dark=dark)
    colors = {node["kind"].split()[-1]: node["color"] for node in browser.js(NODES)}
    for tone in ("in", "out", "change"):
        script = "return getComputedStyle(document.querySelector(arguments[0])).color"
        assert colors[tone] == browser.js(script, f"#changes .sign.{tone}")


def test_what_does_not_change_is_left_out_until_it_is_asked_for(plan):
    assert words(plan) == "The groups that change, and those that contain them: 5 of 6 groups."
    plan.find("#tree-changed").click()
    assert "Quiet" in nodes(plan)
    assert nodes(plan)["Quiet"]["kind"] == "node"


def test_a_nesting_that_comes_or_goes_has_its_colour(browser):
    tree = (GroupNode("a", "A", ("b",), 1), GroupNode("b", "B", (), 1), GroupNode("c", "C", (), 1))
    member = {key: (MemberRef(key, None, key.upper(), Kind.GROUP),) for key in "bc"}
    browser.open(nested(
        tree,
        Change(Action.ADD_MEMBERS, "a", "t", "A", "", members=member["b"]),
        Change(Action.REMOVE_MEMBERS, "a", "t", "A", "", members=member["c"]),
    ))  # fmt: skip
    browser.js(ALL)
    assert sorted(browser.js(EDGES)) == [
        ["B goes into A", "edge in"],
        ["C is taken out of A", "edge out"],
    ]


def test_groups_that_contain_each_other_are_drawn_once(browser):
    tree = (
        GroupNode("a", "A", ("b",), 1), GroupNode("b", "B", ("c",), 1),
        GroupNode("c", "C", ("b", "c"), 1),
    )  # fmt: skip
    browser.open(nested(tree, *samples.members_of("Other", add=("ada",))))
    browser.js(ALL)
    assert list(nodes(browser)) == ["A", "B", "C", "Other"]
    assert len(browser.js(EDGES)) == 4
    assert browser.complaints == []


@pytest.mark.parametrize("size", [WIDE, NARROW], ids=["wide", "narrow"])
def test_three_hundred_groups_are_read_without_one_over_the_other(browser, three_hundred, size):
    browser.open(three_hundred, size=size)
    found = browser.js(NODES)
    assert len(found) == 300
    rows = {}
    for node in found:
        rows.setdefault(round(node["y"]), []).append((node["x"], node["right"]))
    assert (
        len(rows) == 1
        or min(b - a for a, b in zip(sorted(rows), sorted(rows)[1:], strict=False)) > 20
    )
    for row in rows.values():
        row.sort()
        assert all(left[1] < right[0] for left, right in pairwise(row))
    size_of = (
        "return parseFloat(getComputedStyle(document.querySelector('#picture .name')).fontSize)"
    )
    assert browser.js(size_of) >= 12
    assert browser.js("return document.documentElement.scrollWidth") <= size[0]


def test_beyond_that_a_search_shows_what_is_around_the_group_that_is_typed(browser, thousands):
    browser.open(thousands)
    assert browser.js(NODES) == []
    assert words(browser).startswith("2,000 groups are too many for one picture")
    assert browser.work(SEARCH, "#tree-search", "team 119") < SECOND
    found = nodes(browser)
    up = {"Team 119", "Team 29", "Team 7", "Team 1", "Team 0"}
    down = {f"Team {n}" for n in (*range(477, 481), *range(1909, 1925))}
    assert set(found) == up | down
    assert found["Team 119"]["kind"].endswith("middle")
    assert words(browser) == "What is around Team 119; 11 more groups with that in the name:"
    browser.js(SEARCH, "#tree-search", "team 0")
    assert len(nodes(browser)) == 300
    browser.js(SEARCH, "#tree-search", "nobody")
    assert words(browser) == "No group has that in its name."


def test_picture_is_walked_by_the_keyboard(plan):
    plan.js("document.querySelector('#tree-changed').focus()")
    plan.press("TAB")
    assert at(plan) == "Data Platform"
    plan.press("ARROW_RIGHT", "ARROW_DOWN", "ARROW_DOWN")
    assert at(plan) == "Sales"
    plan.press("ARROW_LEFT", "END")
    assert at(plan) == "Old"
    plan.press("HOME", "ARROW_RIGHT", "ENTER")
    assert at(plan) == "ML"
    assert list(nodes(plan)) == ["Data Platform", "ML", "Night shift"]
    assert words(plan) == "What is around ML:"
    assert plan.find("#picture-all").is_displayed()
    assert len(plan.all("#picture .node[tabindex='0']")) == 1
    plan.press("ESCAPE")
    assert at(plan) == "ML"
    assert len(nodes(plan)) == 5


def test_a_click_shows_what_is_around_a_group_and_back(plan):
    plan.all("#picture .node")[3].click()
    assert list(nodes(plan)) == ["Data Platform", "Sales", "Night shift"]
    plan.find("#picture-all").click()
    assert len(nodes(plan)) == 5


def test_names_that_are_markup_are_text_of_the_picture(browser):
    browser.open(PAGES["wicked"]())
    no_dialog(browser)
    labels = [node["label"] for node in browser.js(NODES)]
    assert any(label.startswith(f"{pages.SCRIPT}, 5 people; ") for label in labels)
    assert any(label.startswith(f"{pages.HANDLER}, 1 person; ") for label in labels)
    assert browser.complaints == []
