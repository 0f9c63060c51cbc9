"""The page of a plan or run in a real browser: it is read, searched, sorted and opened, and runs nothing else."""

from contextlib import suppress

import pytest
from selenium.common.exceptions import NoAlertPresentException

from aadsync_lib.report.html import plan_page, run_page
from tests.acceptance.browser.conftest import NARROW
from tests.unit.report import pages, samples

SECOND = 1.0
PAGES = {
    "plan": lambda: plan_page(pages.nested_plan(), advice=pages.CALL, history=pages.history()),
    "refused": lambda: plan_page(pages.nested_plan(), verdict=pages.OVER_LIMITS, advice=pages.CALL),
    "empty": lambda: plan_page(samples.plan(samples.target_plan()), advice=pages.CALL),
    "hostile": lambda: plan_page(samples.hostile_plan()),
    "wicked": lambda: plan_page(pages.wicked_plan()),
    "run": lambda: run_page(samples.partial(), pages.nested_plan(), history=pages.history()),
    "run_alone": lambda: run_page(samples.drifted()),
}
OPEN_ALL = """
document.querySelectorAll('.opens').forEach((one) => one.click());
document.getElementById('tree-open')?.click();
"""
SEARCH = """
const box = document.querySelector(arguments[0]);
box.value = arguments[1];
box.dispatchEvent(new Event('input', { bubbles: true }));
"""
CHOOSE = """
const choice = document.querySelector('#changes select');
choice.value = 'add members';
choice.dispatchEvent(new Event('change'));
"""


@pytest.fixture
def plan(browser):
    browser.open(PAGES["plan"]())
    return browser


@pytest.fixture(scope="module")
def big():
    return plan_page(pages.big_plan(), advice=pages.CALL, history=pages.history())


def no_dialog(browser):
    with suppress(NoAlertPresentException):
        assert not browser.driver.switch_to.alert.text


# Quiet, alone and whole.


@pytest.mark.parametrize("name", PAGES)
def test_page_says_nothing_on_the_console_and_asks_for_nothing(browser, name):
    browser.open(PAGES[name]())
    browser.js(OPEN_ALL)
    no_dialog(browser)
    assert browser.complaints == []
    assert browser.js("return performance.getEntriesByType('resource').length") == 0


def test_names_that_are_markup_are_shown_as_they_are(browser):
    browser.open(PAGES["wicked"]())
    browser.js(OPEN_ALL)
    no_dialog(browser)
    for selector in ("#changes tbody bdi", "#tree bdi"):
        assert pages.SCRIPT in browser.texts(selector)
        assert pages.HANDLER in browser.texts(selector)
    assert browser.all("main img, main script") == []
    assert browser.complaints == []


def test_the_policy_stops_what_a_forgotten_escape_would_let_in(browser):
    """The page is broken on purpose: this is what stands behind the escaping."""
    injected = "<script>alert(1)</script><img src=x onerror=alert(1)><b style='color:red'>b</b>"
    browser.open(PAGES["plan"]().replace("<main ", f"{injected}<main ", 1))
    no_dialog(browser)
    refused = " ".join(browser.complaints)
    assert refused.count("Content Security Policy") >= 3
    assert browser.texts("#changes output") == ["13 lines"]


def test_page_without_scripts_still_tells_everything_small(browser):
    browser.open(PAGES["refused"](), scripts=False)
    text = browser.find("body").text
    for words in (
        "Over the limits: sync will refuse this", "--approve sha256:", "Most affected groups",
        "ada@contoso.com", "two Entra users map to this", "policy.adopt.groups: unowned",
        "The tree needs JavaScript",
    ):  # fmt: skip
        assert words in text
    assert not browser.find("#theme").is_displayed()


# Light and dark.


def ground(browser):
    return browser.js("return getComputedStyle(document.body).backgroundColor")


def test_page_follows_the_system_and_keeps_what_was_chosen(browser):
    browser.open(PAGES["plan"](), dark=True)
    assert ground(browser) == "rgb(18, 24, 30)"
    browser.find("#theme").click()
    assert ground(browser) == "rgb(255, 255, 255)"
    browser.driver.refresh()
    assert ground(browser) == "rgb(255, 255, 255)"
    assert browser.find("#theme").text == "Dark"


@pytest.mark.parametrize("name", PAGES)
def test_page_fits_a_phone(browser, name):
    browser.open(PAGES[name](), size=NARROW)
    browser.js(OPEN_ALL)
    assert browser.js("return document.documentElement.scrollWidth") <= NARROW[0]


CLIPPED = """
return [...document.querySelectorAll('.facts.head .whole, .facts.head dd')]
  .filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.textContent);
"""


def test_ids_and_addresses_of_the_head_are_whole_on_a_phone(browser):
    browser.open(PAGES["refused"](), size=NARROW)
    assert browser.all(".facts.head .whole")
    assert browser.js(CLIPPED) == []


@pytest.mark.parametrize(("tile", "kind"), [
    ("People who lose access", "user"), ("Service principals that lose access", "service principal"),
])  # fmt: skip
def test_a_tile_of_losses_leads_to_the_lines_that_it_counts(browser, tile, kind):
    browser.open(plan_page(samples.full_plan()))
    link = next(one for one in browser.all(".tiles a") if one.text == tile)
    link.click()
    kinds = browser.texts("#losing td[data-title=Kind]")
    assert set(kinds) == {kind}
    assert browser.js(
        "return arguments[0].closest('div').querySelector('dd').textContent", link
    ) == str(len(kinds))


# Tables.


def shown(browser):
    return browser.texts("#changes tbody > tr:not(.detail) > th")


def test_search_finds_names_members_and_ids(plan):
    plan.js(SEARCH, "#changes input", "DATA platform")
    assert shown(plan) == ["ada@contoso.com", "Data Platform", "Data Platform"]
    plan.js(SEARCH, "#changes input", "h@contoso.com")
    assert shown(plan) == ["Data Platform"]
    plan.js(SEARCH, "#changes input", "t-old")
    assert shown(plan) == ["Old"]
    assert plan.texts("#changes output") == ["1 of 13 lines"]
    plan.js(SEARCH, "#changes input", "nobody")
    assert plan.texts("#changes tbody tr") == ["Nothing matches."]
    plan.find("#changes .clear").click()
    assert len(shown(plan)) == 13


@pytest.mark.parametrize(
    ("title", "value", "names"),
    [
        ("Change", "remove members", ["Sales", "Night shift"]),
        ("Kind", "service principal", ["9c1d"]),
        ("Cause", "by hand", ["Sales"]),
    ],
)
def test_a_filter_leaves_what_was_chosen(plan, title, value, names):
    plan.js(
        "const label = [...document.querySelectorAll('#changes .choice')]"
        ".find((one) => one.firstChild.textContent === arguments[0]);"
        "const choice = label.querySelector('select'); choice.value = arguments[1];"
        "choice.dispatchEvent(new Event('change'));",
        title, value,
    )  # fmt: skip
    assert shown(plan) == names


def test_results_of_a_run_can_be_chosen(browser):
    browser.open(PAGES["run"]())
    options = browser.texts("#changes select[data-column='3'] option")
    assert options == ["all", "done", "failed", "skipped", "unknown", "quarantined"]


def test_a_column_sorts_both_ways_by_the_keyboard_and_says_so(plan):
    header = plan.all("#changes thead button")[0]
    plan.js("arguments[0].focus()", header)
    plan.press("ENTER")
    assert shown(plan)[:2] == ["9c1d", "ada@contoso.com"]
    cell = plan.all("#changes thead th")[0]
    assert cell.get_attribute("aria-sort") == "ascending"
    plan.press("ENTER")
    assert shown(plan)[0] == "Sales"
    assert cell.get_attribute("aria-sort") == "descending"
    assert plan.focused.text == "Name"


def test_a_row_opens_to_its_ids_members_and_attributes(plan):
    button = plan.all("#changes .opens")[5]
    plan.js("arguments[0].focus()", button)
    plan.press("ENTER")
    assert button.get_attribute("aria-expanded") == "true"
    detail = plan.find(f"#{button.get_attribute('aria-controls')}")
    assert detail.text.splitlines() == [
        "Why", "display name differs", "Object id in Entra", "e-etl", "Id on the target", "t-etl",
        "Attribute Before After", "displayName ETL ETL nightly", "active no yes",
        "externalId \u2013 e-etl",
    ]  # fmt: skip
    plan.press("ENTER")
    assert button.get_attribute("aria-expanded") == "false"
    assert plan.all("#changes .detail") == []


def test_a_tile_leaves_only_the_lines_that_it_counts(plan):
    tile = next(one for one in plan.all(".tiles a") if one.text == "Members removed")
    tile.click()
    assert set(plan.texts("#changes tbody tr td:nth-child(2)")) == {"\u2212remove members"}
    plan.find("#changes .clear").click()
    assert len(shown(plan)) > 2


def test_pages_hold_fifty_rows_and_turn(browser, big):
    browser.open(big)
    assert len(shown(browser)) == 50
    browser.find("#changes .following").click()
    assert shown(browser)[0] == "user50@contoso.com"
    assert browser.texts("#changes .page") == ["Page 2 of 200"]
    assert browser.find("#changes .previous").is_enabled()


# The tree.


def rows(browser):
    return browser.js(
        "return [...document.querySelectorAll('#tree [role=treeitem] > .row')]"
        ".map((one) => one.querySelector('bdi')?.textContent ?? one.textContent)"
    )


def at(browser):
    return browser.js("return document.activeElement.querySelector('bdi').textContent")


def test_tree_begins_with_the_groups_that_change_and_tells_how(plan):
    assert rows(plan) == ["Data Platform", "Old"]
    assert plan.texts("#tree > li > .row") == [
        "Data Platform42 peopleaccount:+ create group+8 memberschanges inside",
        "Oldaccount:\u2212 delete group",
    ]
    plan.find("#tree-changed").click()
    assert rows(plan) == ["Data Platform", "Old", "Quiet"]
    assert plan.texts("#tree-count") == ["6 groups"]


def test_tree_is_walked_by_the_keyboard(plan):
    plan.js("document.querySelector('#tree [tabindex=\"0\"]').focus()")
    assert at(plan) == "Data Platform"
    plan.press("ARROW_RIGHT")
    assert plan.focused.get_attribute("aria-expanded") == "true"
    plan.press("ARROW_RIGHT")
    assert at(plan) == "a@contoso.com"
    plan.press(*["ARROW_DOWN"] * 8)
    assert at(plan) == "ML"
    plan.press("ENTER", "ARROW_DOWN")
    assert at(plan) == "Night shift"
    assert plan.focused.get_attribute("aria-level") == "3"
    plan.press("ARROW_LEFT")
    assert at(plan) == "ML"
    plan.press("ARROW_LEFT")
    assert plan.focused.get_attribute("aria-expanded") == "false"
    plan.press("END")
    assert at(plan) == "Old"
    plan.press("HOME", "s")
    assert at(plan) == "Sales"
    plan.press("*")
    assert rows(plan).count("zoe@contoso.com") == 0
    plan.press("ARROW_LEFT", "ARROW_LEFT", "ARROW_LEFT")
    assert (at(plan), rows(plan)) == ("Data Platform", ["Data Platform", "Old"])


def test_exactly_one_item_of_the_tree_takes_the_tab_key(plan):
    plan.js(OPEN_ALL)
    plan.js("document.querySelector('#tree [tabindex=\"0\"]').focus()")
    plan.press("ARROW_DOWN", "ARROW_DOWN")
    assert len(plan.all("#tree [tabindex='0']")) == 1


def test_a_group_in_two_groups_shows_in_both(plan):
    plan.js(OPEN_ALL)
    assert rows(plan).count("Night shift") == 2
    assert rows(plan).count("zoe@contoso.com") == 2


def test_search_in_the_tree_shows_the_way_to_what_is_found(plan):
    plan.js(SEARCH, "#tree-search", "night")
    assert rows(plan)[0] == "Data Platform"
    assert rows(plan).count("Night shift") == 2
    assert "Old" not in rows(plan)
    assert plan.texts("#tree-count") == ["1 of 6 groups"]


def test_a_long_list_is_drawn_in_parts(browser):
    members = [f"m{number:03}" for number in range(450)]
    browser.open(
        plan_page(samples.plan(samples.target_plan(*samples.members_of("All", add=members))))
    )
    browser.js(OPEN_ALL)
    assert len(browser.all("#tree ul > li")) == 201
    more = browser.all("#tree ul > li")[-1]
    assert more.text == "Show 200 more of 250"
    more.click()
    assert len(browser.all("#tree ul > li")) == 401
    assert at(browser) == "m200@contoso.com"


# Keyboard and screen reader.


def test_first_the_tab_key_offers_to_skip_to_the_content(plan):
    plan.press("TAB")
    assert plan.focused.text == "Skip to the content"
    assert plan.focused.is_displayed()
    plan.press("ENTER")
    assert plan.focused.get_attribute("id") == "main"


def test_what_has_the_focus_is_seen(plan):
    for selector in ("#changes .opens", "#changes input", "#tree-open", ".toc a"):
        plan.press("TAB")  # so that the browser takes the focus for one by the keyboard
        plan.js("arguments[0].focus()", plan.all(selector)[0])
        outline = plan.js("return getComputedStyle(document.activeElement).outlineStyle")
        assert outline == "solid", selector


def test_screen_reader_finds_landmarks_and_a_name_for_everything_that_acts(plan):
    plan.js(OPEN_ALL)
    plan.cdp("Accessibility.enable")
    nodes = plan.cdp("Accessibility.getFullAXTree")["nodes"]
    seen = [
        (one["role"]["value"], one.get("name", {}).get("value", ""))
        for one in nodes
        if not one["ignored"]
    ]
    roles = {role for role, _ in seen}
    assert {
        "banner",
        "navigation",
        "main",
        "contentinfo",
        "tree",
        "treeitem",
        "table",
        "image",
    } <= roles
    acting = {
        "button",
        "link",
        "searchbox",
        "combobox",
        "checkbox",
        "tree",
        "treeitem",
        "table",
        "image",
    }
    assert [one for one in seen if one[0] in acting and not one[1]] == []
    items = [name for role, name in seen if role == "treeitem"]
    assert "Old account: \u2212 delete group" in [" ".join(name.split()) for name in items]
    assert any("zoe@contoso.com is removed" in " ".join(name.split()) for name in items)


def test_digest_and_command_of_a_refused_plan_can_be_copied(browser):
    browser.open(PAGES["refused"]())
    button = browser.find("#copy")
    button.click()
    browser.driver.execute_async_script("setTimeout(arguments[0], 0)")
    assert button.text in ("Copied", "Selected")
    selected = browser.js("return getSelection().toString()")
    assert selected == browser.find("#command").text
    assert "--approve sha256:" in selected


# Ten thousand changes, in CPU seconds of the page.


@pytest.mark.parametrize("kind", ["short", "long"])
def test_ten_thousand_changes_are_drawn_within_a_second(browser, big, kind):
    """Also when ids, names and addresses are as long as they are in companies."""
    browser.open(PAGES["empty"]())
    page = browser.folder / "big.html"
    html = big if kind == "short" else plan_page(pages.long_plan(10_000))
    page.write_text(html, encoding="utf-8")
    browser.driver.get(page.as_uri())
    browser.work("")  # until it is on the screen
    assert browser.cpu() < SECOND
    assert len(shown(browser)) == 50


@pytest.mark.parametrize(
    ("selector", "query", "count"),
    [
        ("#changes input", "user79", "111 of 10,000 lines"),
        ("#tree-search", "team 19", "139 of 2,000 groups"),
    ],
)
def test_ten_thousand_changes_are_searched_within_a_second(browser, big, selector, query, count):
    browser.open(big)
    assert browser.work(SEARCH, selector, query) < SECOND
    assert count in browser.texts("output")


@pytest.mark.parametrize(
    "script",
    [
        "document.querySelector('#changes thead button').click()",
        "document.getElementById('tree-open').click()",
        CHOOSE,
    ],
    ids=["sort", "tree", "filter"],
)
def test_ten_thousand_changes_are_sorted_opened_and_filtered_within_a_second(browser, big, script):
    browser.open(big)
    assert browser.work(script) < SECOND
