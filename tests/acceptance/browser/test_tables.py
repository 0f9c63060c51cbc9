"""What leaves the tables of the page, and what must stay in one piece there, in a real browser."""

import csv
import io
from dataclasses import replace

import pytest

from aadsync_lib.model.plan import Quarantined
from aadsync_lib.report.history.view import runs_document
from aadsync_lib.report.html import history_page, plan_page
from tests.acceptance.browser.conftest import NARROW, WIDE
from tests.acceptance.browser.test_page import CHOOSE, PAGES, SEARCH, no_dialog
from tests.unit.report import pages, samples


@pytest.fixture
def saved(browser):
    """Click on a button for CSV; return the file that the browser has saved as text."""
    browser.cdp("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(browser.folder))

    def save(table):
        path = browser.folder / f"{table}.csv"
        path.unlink(missing_ok=True)
        browser.find(f"#{table} .save").click()
        for _ in range(200):
            if path.exists():
                return path.read_bytes().decode("utf-8")
            browser.driver.execute_async_script("setTimeout(arguments[0], 50)")
        raise AssertionError("nothing was saved")

    return save


def rows(text):
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline="")))


def test_csv_holds_what_is_filtered_with_ids_and_all_members(browser, saved):
    browser.open(PAGES["plan"]())
    assert len(rows(saved("changes"))) == 13
    browser.js(CHOOSE)
    found = rows(saved("changes"))
    assert [row["Name"] for row in found] == browser.texts("#changes tbody th") == [
        "Data Platform", "Sales", "Sales",
    ]  # fmt: skip
    assert found[0]["Members"] == "; ".join(f"{letter}@contoso.com" for letter in "abcdefgh")
    assert (found[0]["Object id in Entra"], found[0]["Target"]) == ("e-Data Platform", "account")
    assert set(found[0]) == {
        "Name", "Change", "Kind", "What", "Why", "Cause", "Target",
        "Object id in Entra", "Id on the target", "Members",
    }  # fmt: skip
    browser.js(SEARCH, "#changes input", "nobody")
    assert rows(saved("changes")) == []
    assert len(rows(saved("losing"))) == 3
    assert browser.complaints == []


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\uff1d"])
def test_no_cell_of_csv_begins_a_formula(browser, saved, begin):
    wicked = f'{begin}HYPERLINK("http://evil.example";"x"),\n'
    held = tuple(Quarantined("e", f"{wicked}{n}", wicked) for n in range(3))
    group = samples.members_of(f"{begin}1", add=("x",))[0]
    group = replace(group, members=(replace(group.members[0], name=wicked),))
    browser.open(plan_page(samples.plan(samples.target_plan(group, quarantined=held))))
    for table in ("changes", "quarantined"):
        cells = [cell for row in rows(saved(table)) for cell in row.values()]
        assert any(cell.startswith(f"'{begin}") for cell in cells)
        assert not [cell for cell in cells if cell.lstrip()[:1] in ("=", "+", "-", "@", "\uff1d")]
    assert rows(saved("quarantined"))[2]["Name"].replace("\\n", "\n") == f"'{wicked}2"


ADDRESSES = """
return [...document.querySelectorAll('main .whole')].filter((one) => one.getClientRects().length > 1
  || (one.scrollWidth > one.clientWidth + 1 && getComputedStyle(one).display !== 'inline'
      && getComputedStyle(one).overflowX === 'visible')).map((one) => one.textContent);
"""
COVERED = """
return [...document.querySelectorAll('main tbody td, main tbody th')].filter((cell) => {
  const { right } = cell.getBoundingClientRect();
  return [...cell.querySelectorAll('.whole')].some((one) => one.getBoundingClientRect().right > right + 1);
}).map((cell) => cell.textContent);
"""


@pytest.mark.parametrize("size", [WIDE, NARROW, (700, 900)], ids=["wide", "narrow", "between"])
def test_no_address_is_broken_or_runs_into_its_neighbour(browser, size):
    users = [
        samples.create_user(f"ann-marie.featherstonehaugh-{n}@subsidiary.contoso-emea.example")
        for n in range(3)
    ]
    group = samples.members_of("Data-" * 30, add=[f"jean-luc.van-der-berg-{n}" for n in range(3)])
    browser.open(plan_page(samples.plan(samples.target_plan(*users, *group))), size=size)
    browser.js("document.querySelectorAll('.opens').forEach((one) => one.click())")
    assert len(browser.all("main .whole")) > 10
    squeezed = (
        "return [...document.querySelectorAll('#changes tbody > tr:not(.detail) > :is(td, th)')]"
    )
    assert max(browser.js(f"{squeezed}.map((one) => one.offsetHeight)")) < 110
    assert browser.js(ADDRESSES) == []
    assert browser.js(COVERED) == []
    assert browser.js("return document.documentElement.scrollWidth") <= size[0]


def dated():
    return tuple(
        replace(run, run_id=f"2025061{n % 10}T150640Z-d69a{n:02}")
        for n, run in enumerate(pages.history())
    )


@pytest.mark.parametrize("scripts", [True, False])
def test_history_is_a_timeline_and_a_table_with_short_ids(browser, scripts):
    browser.open(history_page(runs_document("contoso", dated()), dated()), scripts=scripts)
    assert browser.texts("#table-runs tbody th")[:2] == ["d69a00", "d69a01"]
    title = (
        browser.js("return document.querySelector('#table-runs tbody th span').title")
        if scripts
        else None
    )
    assert title in (dated()[0].run_id, None)
    text = browser.find("#timeline").text
    assert "10 runs from 2025-06-16 15:06 to 2025-06-25 15:06 UTC" in text
    assert len(browser.all("#timeline .ended")) == 10
    assert len(browser.all("#timeline line")) == 9
    assert browser.complaints == []


def test_history_fits_a_phone_and_runs_no_name(browser):
    runs = tuple(replace(run, user=pages.SCRIPT, run_id=pages.HANDLER) for run in pages.history())
    browser.open(history_page(runs_document(pages.SCRIPT, runs), runs), size=NARROW)
    no_dialog(browser)
    assert browser.js("return document.documentElement.scrollWidth") <= NARROW[0]
    assert browser.complaints == []
