"""Plans and runs as a page for a browser: what is in it, and that names stay data."""

import base64
import hashlib
import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import aadsync_lib
from aadsync_lib.config.policy import Limits
from aadsync_lib.model.plan import GroupNode
from aadsync_lib.reconcile.guard import Verdict, judge
from aadsync_lib.report.html import plan_page, run_page
from aadsync_lib.report.html.changes import Line
from aadsync_lib.report.html.charts import action_bars, group_bars, run_bars
from aadsync_lib.report.html.grid import Column, Detail, Grid
from aadsync_lib.report.html.notes import LOOK, REASONS, WARNINGS, of_reason, of_warning
from aadsync_lib.report.html.packing import payload, safe_json
from aadsync_lib.report.html.tree import Tree, tree_of
from aadsync_lib.report.next_steps import InNotebook
from tests.unit.report import pages, samples
from tests.unit.report.golden import assert_golden
from tests.unit.report.test_summary import MARKUP, Page, everything, luminance
from tests.unit.report.written import plan_summary

ROOT = Path(aadsync_lib.__file__).parent
CORE = [
    path for folder in ("reconcile", "apply", "entra") for path in ROOT.glob(f"{folder}/**/*.py")
]
SOURCES = re.compile(r"<(style|script)>(.*?)</\1>", re.DOTALL)
PAGES = {
    "page_nested": plan_page(pages.nested_plan(), advice=pages.CALL, history=pages.history()),
    "page_refused": plan_page(pages.nested_plan(), verdict=pages.OVER_LIMITS, advice=pages.CALL),
    "page_empty": plan_page(samples.plan(samples.target_plan()), advice=pages.CALL),
    "page_wicked": plan_page(pages.wicked_plan(), advice=pages.CALL),
    "page_run": run_page(samples.partial(), pages.nested_plan(), advice=pages.CALL),
    "page_drifted": run_page(samples.drifted(), advice=pages.CALL),
    "page_run_refused": run_page(
        samples.refused(), pages.nested_plan(), verdict=pages.OVER_LIMITS, advice=pages.CALL
    ),
}


def structure(html):
    """The page without its style and its scripts, which are tested by a browser."""
    html = re.sub(r"sha256-[\w+/]+=", "sha256-…", html)
    html = SOURCES.sub(r"<\1>…</\1>", html)
    return pages.DATA.sub('<script type="application/json" id="data">…</script>', html)


def body_of(html):
    """The page as a parser without scripts reads it."""
    return Page(structure(html))


@pytest.mark.parametrize("name", PAGES)
def test_page_reads_as_agreed(name):
    assert_golden(f"{name}.html", structure(PAGES[name]))


@pytest.mark.parametrize("html", PAGES.values(), ids=list(PAGES))
def test_page_asks_for_nothing_and_has_no_inline_handler_or_style(html):
    page = body_of(html)
    attributes = {name for _, found in page.elements for name in found}
    assert not {name for name in attributes if name.startswith("on")}
    assert not attributes & {"style", "src", "srcset", "action", "data", "xlink:href"}
    links = [found["href"] for tag, found in page.elements if "href" in found]
    assert all(link.startswith("#") for link in links)
    assert not {tag for tag, _ in page.elements} & {
        "img",
        "link",
        "iframe",
        "form",
        "object",
        "base",
    }
    styles = "".join(text for tag, text in SOURCES.findall(html) if tag == "style")
    assert not re.search(r"url\(|@import|expression\(", styles)


@pytest.mark.parametrize("html", PAGES.values(), ids=list(PAGES))
def test_the_policy_allows_exactly_the_style_and_the_scripts_of_the_page(html):
    [policy] = [one["content"] for one in body_of_meta(html) if one.get("http-equiv")]
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    hashes = {"style": [], "script": []}
    for tag, text in SOURCES.findall(html):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        hashes[tag].append(f"'sha256-{digest}'")
    assert rules == {
        "default-src": "'none'",
        "style-src": " ".join(hashes["style"]),
        "script-src": " ".join(hashes["script"]),
        "img-src": "data:",
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    assert len(hashes["script"]) == 2


def body_of_meta(html):
    return Page(pages.DATA.sub("", SOURCES.sub("", html))).of("meta")


@pytest.mark.parametrize("html", PAGES.values(), ids=list(PAGES))
def test_every_link_of_the_page_leads_somewhere(html):
    page = body_of(html)
    ids = [found["id"] for _, found in page.elements if "id" in found]
    assert len(ids) == len(set(ids))
    named = [found["aria-labelledby"] for _, found in page.elements if "aria-labelledby" in found]
    links = [found["href"].removeprefix("#") for tag, found in page.elements if tag == "a"]
    assert {*named, *links} <= {*ids}


@pytest.mark.parametrize("html", PAGES.values(), ids=list(PAGES))
def test_every_header_cell_says_what_it_heads(html):
    assert {found.get("scope") for found in body_of(html).of("th")} <= {"col", "row"}
    assert body_of(html).of("html") == [{"lang": "en"}]


@given(st.text(st.sampled_from(MARKUP), min_size=1, max_size=16))
def test_any_name_stays_text(name):
    assert elements_of(name) == elements_of_a_calm_name()


def elements_of(name):
    return body_of(plan_page(everything(name, each=12))).elements


@cache
def elements_of_a_calm_name():
    return elements_of("name")


@given(st.text(st.sampled_from(MARKUP + "\u2028\u2029!-"), max_size=16))
def test_json_in_the_page_says_the_same_and_cannot_end_its_element(text):
    document = safe_json({text: [text]})
    assert json.loads(document) == {text: [text]}
    assert not set(document) & set("<>&\u2028\u2029")


@pytest.mark.parametrize("html", PAGES.values(), ids=list(PAGES))
def test_no_name_brings_a_character_that_steers_or_hides_text(html):
    assert {char for char in html if not char.isprintable()} == {"\n"}
    html.encode()


def test_rows_and_members_are_all_in_the_data_and_the_first_rows_in_the_page():
    html = plan_page(pages.big_plan())
    changes = pages.rows_of(html, "changes")
    assert len(changes) == 10_000
    assert sum(len(members) for _, (_, _, members) in changes) == 41_000
    rows = body_of(html).tables[-1]
    assert len(rows) == 1 + 50


def test_data_say_of_every_change_what_the_plan_says():
    plan = pages.long_plan(300)
    rows = pages.rows_of(plan_page(plan), "changes")
    said = {(name, what): opened for (name, what, *_), opened in rows}
    assert len(said) == len(plan.targets[0].changes)
    for change in plan.targets[0].changes:
        facts, changed, members = said[change.name, change.action.value.replace("_", " ")]
        assert facts["Object id in Entra"] == change.external_id
        assert facts.get("Id on the target") == change.target_id
        assert members == [member.name for member in change.members]
        if change.after:
            before = change.before.display_name if change.before else ""
            assert changed["displayName"] == (before, change.after.display_name)


@given(st.lists(st.text(st.sampled_from('ab@.c;," ->'), max_size=40), min_size=1, max_size=40))
def test_any_texts_are_read_from_the_data_as_they_were_put_in(texts):
    grid = Grid("changes", "", "", (Column("Name"),), tuple((text,) for text in texts),
                tuple(Detail(members=(text, text[::-1])) for text in texts))  # fmt: skip
    html = f'<script type="application/json" id="data">{payload((grid,), Tree((), ()))}</script>'
    assert pages.rows_of(html, "changes") == [
        ((text,), ({}, {}, [text, text[::-1]])) for text in texts
    ]


def test_page_of_ten_thousand_changes_has_a_bound():
    assert len(plan_page(pages.big_plan()).encode()) < 1_000_000
    assert len(plan_page(pages.long_plan(10_000)).encode()) < 2_000_000


def test_refused_plan_leads_with_the_limits_and_the_command_that_approves_it():
    plan = pages.nested_plan()
    text = body_of(plan_page(plan, verdict=pages.OVER_LIMITS, advice=pages.CALL)).text
    command = f"aadsync sync -c contoso.yml --approve {plan.digest}"
    assert str(pages.OVER) in text
    assert f"If so, approve exactly this plan: {command} Copy" in text
    assert text.index("approve exactly this plan") < text.index("Changes by action")


def test_nothing_offers_to_approve_what_is_protected():
    html = plan_page(pages.nested_plan(), Verdict("sha256:d1", (pages.OVER,)), pages.CALL)
    assert "--approve" not in html
    assert "what is protected stays as it is" in html


@pytest.mark.parametrize("approve", [None, "sha256:d0", "its own"])
@pytest.mark.parametrize("protected", [frozenset(), frozenset({"t-eve"})])
def test_page_and_summary_say_the_same_of_a_plan_over_the_limits(approve, protected):
    [target, _] = samples.full_plan().targets
    plan = samples.plan(replace(target, protected=protected))
    verdict = judge(plan, Limits(), plan.digest if approve == "its own" else approve)
    summary = Page(plan_summary(plan, verdict)).text
    page = body_of(plan_page(plan, verdict, InNotebook())).text
    for words in ("Approved", "Not applied yet", "Over the limits: sync will refuse this",
                  "Over the limits, and approved by its digest", "is of another plan",
                  "Next: 03_apply", "set approve", "what is protected stays", *verdict.objections):  # fmt: skip
        assert (words in page) == (words in summary), words
    assert ("Approved" in page) == (verdict.allowed)
    assert len(verdict.objections) == 1 + len(protected) + (approve == "sha256:d0")
    assert all(objection in page for objection in verdict.objections)


def test_refused_run_shows_what_would_have_been_done():
    html = run_page(
        samples.refused(), pages.nested_plan(), verdict=pages.OVER_LIMITS, advice=pages.CALL
    )
    text = body_of(html).text
    assert "The guard refused this plan. Nothing was changed." in text
    assert text.count("not done") >= 13
    assert 'id="copy"' in html


def test_changes_that_came_by_hand_are_told_apart():
    text = body_of(PAGES["page_nested"]).text
    assert "by hand" in text
    assert "policy.members: managed policy.members: exact would make it." in text
    assert "policy.drift: report policy.drift: repair would make it." in text


def test_a_target_is_named_only_where_there_are_several():
    one = body_of(plan_page(samples.plan(samples.target_plan(samples.create_user())))).text
    assert "Target " not in one.replace("Targets", "")
    assert "Why Cause Target" in body_of(PAGES["page_nested"]).text


# The tree.


def lines(*changes, target="account"):
    return [Line(target, change) for change in changes]


def test_tree_holds_the_nesting_and_what_changes_in_each_group():
    found = tree_of(pages.TREE, lines(*samples.changes()))
    named = {node.name: node for node in found.nodes}
    assert [found.nodes[place].name for place in found.roots] == ["Data Platform", "Old", "Quiet"]
    platform = named["Data Platform"]
    assert [found.nodes[place].name for place in platform.groups] == ["ML", "Sales"]
    assert (platform.people, len(platform.lines)) == (42, 2)
    assert (named["Old"].people, named["Old"].groups) == (None, ())
    assert found.changed == 5


def test_tree_of_a_cycle_is_reached_and_ends():
    groups = [
        GroupNode("a", "A", ("b",), 1), GroupNode("b", "B", ("c",), 1),
        GroupNode("c", "C", ("b",), 1), GroupNode("d", "D", ("d", "gone"), 1),
    ]  # fmt: skip
    found = tree_of(groups, [])
    assert [found.nodes[place].name for place in found.roots] == ["A", "D"]
    assert tree_of(groups[1:3], []).roots == (0,)


def test_group_changed_on_two_targets_is_one_node():
    both = lines(*samples.members_of("Sales", add=("ada",)))
    both += lines(*samples.members_of("Sales", add=("ada",)), target="second")
    [node] = tree_of((), both).nodes
    assert node.lines == (0, 1)


# The charts.


def test_bars_tell_numbers_memberships_and_what_was_not_done():
    bars = {bar.name: bar for bar in action_bars(lines(*samples.changes()))}
    assert bars["add members"].said == "2 (9 members)"
    assert bars["add members"].parts == (("in", 100.0),)
    assert bars["delete group"].parts == (("out", 50.0),)
    ended = [Line("account", one.change, one.result.value) for one in samples.outcomes()]
    assert {bar.name: bar.said for bar in action_bars(ended)}["rename group"] == "1 (1 not done)"


def test_bars_of_groups_begin_with_the_most_affected():
    bars = group_bars(lines(*samples.changes()))
    assert [(bar.name, bar.said) for bar in bars] == [
        ("Data Platform", "+8"), ("Sales", "+1 \u22122"), ("Night shift", "\u22121"),
    ]  # fmt: skip
    assert bars[1].parts == (("in", 12.5), ("out", 25.0))
    assert group_bars(lines(samples.create_user())) == ()


def test_history_is_told_in_words_oldest_first():
    found = run_bars(pages.history())
    assert [run.run_id for run in found.runs] == [f"r-{day}" for day in range(1, 11)]
    assert found.said == (
        "10 runs from 2025-06-16 15:06 to 2025-06-25 15:06 UTC: 2 did not end, 2 failed, 2 refused, "
        "nothing was changed, 2 done in part, 2 done. At most 999 changes in one run."
    )
    assert max(run.height for run in found.runs) == 100.0
    assert [run.changes for run in found.runs][:4] == [0, 99, 999, 0]


def test_no_history_is_no_chart():
    assert run_bars(()) is None
    assert "Run history" not in PAGES["page_refused"]
    assert "Run history" in PAGES["page_nested"]


# Remedies.


SOURCE = "\n".join(path.read_text(encoding="utf-8") for path in CORE)


@pytest.mark.parametrize("code", sorted(set(re.findall(r'[Nn]otice\(\s*"(\w+)"', SOURCE))))
def test_every_warning_that_there_is_says_what_to_do(code):
    assert of_warning(code) != LOOK


@pytest.mark.parametrize("words", [*WARNINGS, *REASONS])
def test_what_a_remedy_goes_by_is_still_said(words):
    said = re.sub(r'"\s+f?"', "", SOURCE)
    assert words in said


def test_what_is_not_known_sends_a_person_to_look():
    assert of_warning("new") == of_reason("something new") == LOOK


def test_every_text_has_enough_contrast_in_both_themes():
    found = re.findall(r"--(\w+): light-dark\(#(\w+), #(\w+)\)", PAGES["page_nested"])
    themes = [{name: pair[side] for name, *pair in found} for side in (0, 1)]
    for theme in themes:
        for text in ("text", "quiet", "in", "out", "warn", "calm"):
            for ground in ("ground", "soft"):
                light, dark = sorted((luminance(theme[text]), luminance(theme[ground])))[::-1]
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (text, ground)
