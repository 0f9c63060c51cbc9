"""Plans and runs as Markdown."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from aadsync_lib.model.plan import Quarantined
from aadsync_lib.report.escape import label, markdown_name, markdown_prose, visible
from aadsync_lib.report.next_steps import Call
from tests.unit.report import pages, samples
from tests.unit.report.golden import assert_golden
from tests.unit.report.test_text import PLANS, RUNS
from tests.unit.report.written import plan_markdown, run_markdown

GITHUB = MarkdownIt("commonmark").enable("table").enable("strikethrough")
MARKUP = "`|\\<>[]()*_~#@!&:-+=. \nabw\x1b\u202e"


def tokens(markdown):
    for token in GITHUB.parse(markdown):
        yield token
        yield from token.children or ()


def kinds(markdown):
    return {token.type for token in tokens(markdown)}


@pytest.mark.parametrize("name", PLANS)
def test_plan_reads_as_agreed(name):
    assert_golden(f"{name}.md", plan_markdown(PLANS[name], call=Call()))


@pytest.mark.parametrize("name", RUNS)
def test_run_reads_as_agreed(name):
    assert_golden(f"{name}.md", run_markdown(RUNS[name], call=Call()))


def test_names_bring_no_link_and_no_element_of_their_own():
    text = plan_markdown(samples.hostile_plan(), full=True)
    html = {token.content for token in tokens(text) if token.type == "html_inline"}
    assert html <= {"<br>", "<code>", "</code>", "<!-- -->"}
    assert kinds(text).isdisjoint({"link_open", "image", "html_block"})
    assert "@team" not in text


def test_hostile_names_keep_the_table_in_shape():
    for line in plan_markdown(samples.hostile_plan()).splitlines():
        if line.startswith("|"):
            assert line.count("|") in (2, 3, 4, 5)


@given(st.text(st.sampled_from(MARKUP), min_size=1, max_size=12))
def test_any_name_stays_one_cell_of_literal_code(name):
    table = f"| a | b |\n| --- | --- |\n| {markdown_name(name)} | end |"
    found = [token for token in tokens(table) if token.type == "inline"]
    assert [token.content for token in found[3:]] == ["end"]
    inside = {child.type for child in found[2].children}
    assert inside <= {"code_inline", "html_inline", "text", "text_special"}


@given(st.text(st.sampled_from(MARKUP), min_size=1, max_size=12))
def test_any_sentence_stays_text(sentence):
    line = f"x {markdown_prose(sentence)} y"
    inline = next(token for token in tokens(line) if token.type == "inline")
    rendered = [child for child in inline.children if child.type != "html_inline"]
    assert {child.type for child in rendered} <= {"text", "text_special"}
    html = {child.content for child in inline.children if child.type == "html_inline"}
    assert html <= {"<!-- -->"}


def open_lines(markdown):
    """Lines of tables and lists that are not folded."""
    shown, depth = [], 0
    for line in markdown.splitlines():
        depth += line.count("<details>") - line.count("</details>")
        if not depth and line.startswith(("|", "-", "  ")) and "---" not in line:
            shown.append(line)
    assert depth == 0
    return shown


def test_long_lists_are_folded_beyond_their_first_lines_and_whole():
    users = [samples.create_user(f"user{n}@contoso.com") for n in range(57)]
    held = tuple(Quarantined(None, f"held{n}", "why") for n in range(30))
    text = plan_markdown(samples.plan(samples.target_plan(*users, quarantined=held)), full=True)
    assert len(open_lines(text)) == 2 * (1 + 20)
    assert re.findall("<summary>(.*)</summary>", text) == ["37 more lines", "10 more lines"]
    assert all(f"`{user.name}`" in text for user in users)
    assert [token.content for token in tokens(text) if token.type == "html_block"] == [
        "<details><summary>37 more lines</summary>\n", "</details>\n",
        "<details><summary>10 more lines</summary>\n", "</details>\n",
    ]  # fmt: skip
    assert sum(token.type == "table_open" for token in tokens(text)) == 4


def test_many_members_are_folded_in_their_cell_and_stay_names():
    group = samples.members_of("Data", add=[f"<b>{n}" for n in range(21)], remove=("eve",))
    text = plan_markdown(samples.plan(samples.target_plan(*group)), full=True)
    [row] = [line for line in text.splitlines() if "<details>" in line]
    assert row.startswith("| `~` | `Data` | members +21 -1<br>`-` `eve@contoso.com`<br>")
    assert "<details><summary>+21</summary>`+` `<b>0@contoso.com`, " in row
    assert row.count("`<b>") == 21
    short = plan_markdown(samples.plan(samples.target_plan(*group)))
    assert "<details>" not in short


CONTEXTS = {
    "paragraph": "{}",
    "item": "- {}",
    "heading": "## {}",
    "cell": "| a | b |\n| --- | --- |\n| {} | end |",
}


def read(markdown):
    """The text that a reader sees, by inline part."""
    parts = [token.children for token in tokens(markdown) if token.type == "inline"]
    shown = {"text", "text_special", "code_inline"}
    return ["".join(child.content for child in part if child.type in shown) for part in parts]


@pytest.mark.parametrize("context", CONTEXTS)
@given(st.text(st.sampled_from(MARKUP + "123)$"), min_size=1, max_size=12))
def test_any_sentence_is_read_as_it_is_and_begins_nothing(context, sentence):
    shown = visible(sentence).strip() or "x"
    markdown = CONTEXTS[context].format(markdown_prose(shown))
    assert shown in read(markdown)
    plain = CONTEXTS[context].format("x")
    assert [token.type for token in GITHUB.parse(markdown)] == [
        token.type for token in GITHUB.parse(plain)
    ]


@given(st.text(st.sampled_from(MARKUP), min_size=1, max_size=12))
def test_any_name_is_read_as_it_is(name):
    for context in CONTEXTS.values():
        assert label(name) in read(context.format(markdown_name(name)))


@pytest.mark.parametrize(
    ("sentence", "written"),
    [
        ("file_name", r"file\_name"),
        ("a*b* [c](d) `e` <f> ~g~ h|i \\", r"a\*b\* \[c\](d) \`e\` &lt;f> \~g\~ h&#124;i \\"),
        ("AT&amp;T", r"AT\&amp;T"),
        ('displayName "ML (old)" -> "ML"', 'displayName "ML (old)" -> "ML"'),
        ("aadsync sync --approve sha256:d1", "aadsync sync --approve sha256:d1"),
        ("policy.adopt: unowned!", "policy.adopt: unowned!"),
        ("C# and 3 @ home", r"C\# and 3 @ home"),
        ("https://evil.example", r"https\://evil.example"),
        ("WWW.evil.example", r"WWW\.evil.example"),
        ("ada@contoso.com", "ada@<!-- -->contoso.com"),
        ("#7", "#<!-- -->7"),
        ("$x$", "&#36;x&#36;"),
        ("- a", r"\- a"),
        ("> a", r"\> a"),
        ("12. a", r"12\. a"),
        ("    code", "&#32;   code"),
    ],
)
def test_backslash_is_enough_where_nothing_reads_the_text_behind_it(sentence, written):
    assert markdown_prose(sentence) == written


def test_mentions_issues_and_addresses_in_sentences_are_broken_up():
    text = markdown_prose("ask @team about #7 at www.evil.example or https://evil.example")
    assert "@team" not in text
    assert "#7" not in text
    assert "www." not in text
    assert "https:/" not in text


def test_large_plan_is_summed_up_and_listed_on_demand():
    plan = samples.big_plan(300, 40)
    assert "`user7@contoso.com`" not in plan_markdown(plan)
    assert "`user7@contoso.com`" in plan_markdown(plan, full=True)


def test_plan_over_the_limits_says_so():
    text = plan_markdown(samples.full_plan(), verdict=pages.OVER_LIMITS, call=pages.CALL)
    assert "**Over the limits: sync will refuse this (1)**" in text


def test_long_lists_are_cut_with_their_number():
    many = samples.partial().targets[0].on_hold * 30
    assert "and 10 more lines" in run_markdown(samples.done(on_hold=many))


def test_without_a_command_line_no_command_is_named():
    for text in (plan_markdown(samples.full_plan()), run_markdown(samples.done())):
        assert "Next: " not in text
        assert "aadsync " not in text.replace(f"aadsync {samples.HEAD.version}", "")


def test_summary_without_groups_has_no_table_of_them():
    assert "Most affected" not in plan_markdown(samples.big_plan(300, 0))
