"""The beginning of a result: one sentence, a link where there is one, then rows."""

import re
import sys
from types import SimpleNamespace

import pytest

from aadsync_lib.config.policy import Limits
from aadsync_lib.doctor.examine import Finding
from aadsync_lib.errors import AadsyncError
from aadsync_lib.model.explanation import (
    Explanation,
    Identity,
    Path,
    Paths,
    Person,
    Place,
    Standing,
    Step,
)
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.plan import Plan, TargetPlan
from aadsync_lib.notebook.checks import checks_page, checks_sentence, checks_text
from aadsync_lib.notebook.display import show, summary_of
from aadsync_lib.notebook.links import link_to
from aadsync_lib.notebook.past import Past
from aadsync_lib.notebook.platform import Platform
from aadsync_lib.reconcile.guard import judge
from aadsync_lib.report.explain.parts import answer
from tests.unit.report import samples

HOST = "adb-1.2.azuredatabricks.net"
FINDINGS = (
    Finding("settings", "ok", "the sync contoso."),
    Finding("secret a/<b>", "failed", "is not there.", "Put it there: databricks secrets …"),
    Finding("limits", "warning", "are off.", "Give them a count."),
)


class Screen:
    """What a notebook shows, on a workspace of that host."""

    def __init__(self, monkeypatch):
        monkeypatch.setenv("DATABRICKS_HOST", f"https://{HOST}")
        self.shown = []
        names = {
            "displayHTML": self.shown.append,
            "display": self.shown.append,
        }
        self.platform = Platform(names)

    def of(self, result, kept=None):
        show(result, self.platform, lambda plan: judge(plan, Limits()), kept)
        return self.shown


def body(html):
    return re.sub(r"\s+", " ", html.partition('<main class="aadsync">')[2]).strip()


def test_a_plan_begins_with_one_sentence_and_a_link_and_its_rows_come_after(monkeypatch):
    path = "/Volumes/main/aadsync/reports/run=7/report.html"
    page, rows = Screen(monkeypatch).of(samples.full_plan(), path)
    first, _, rest = body(page).partition("</p>")
    assert first.startswith(
        '<p class="next">Plan for contoso: 12 changes on 2 targets, over the limits; '
    )
    assert (
        "; 2 people who lose access, 1 service principal that loses access, 1 person out" in first
    )
    link = f"https://{HOST}/explore/data/volumes/main/aadsync/reports?volumePath=%2FVolumes%2Fmain"
    assert f'href="{link}' in first
    assert "<article>" in rest
    assert len(rows)


@pytest.mark.parametrize(
    "result", [samples.partial(), samples.refused()], ids=["partial", "refused"]
)
def test_a_run_begins_with_one_sentence(monkeypatch, result):
    page, *_ = Screen(monkeypatch).of(result)
    assert body(page).startswith('<p class="next">')
    assert result.sync in body(page).partition("</p>")[0]
    assert "<a " not in body(page).partition("</p>")[0]


def test_a_plan_of_nothing_says_so_in_one_sentence(monkeypatch):
    page, *_ = Screen(monkeypatch).of(Plan("contoso", (TargetPlan("account"),), True, "sha256:s"))
    assert body(page).startswith('<p class="next">Plan for contoso: nothing to do.</p>')


def test_a_history_begins_with_its_sizes(monkeypatch):
    import pandas as pd

    one, none = pd.DataFrame([["r1"]], columns=["run_id"]), pd.DataFrame()
    shown = Screen(monkeypatch).of(Past("contoso", one, none, none, none, none))
    assert body(shown[0]).startswith('<p class="next">History of contoso: 1 run.</p>')
    shown = Screen(monkeypatch).of(Past("contoso", none, none, none, none, none))
    assert body(shown[0]).startswith('<p class="next">History of contoso: nothing yet.</p>')


def test_checks_are_red_yellow_and_green_rows_with_the_remedy(monkeypatch):
    [page] = Screen(monkeypatch).of(FINDINGS, "/Workspace/Users/a/aadsync.yml")
    html = body(page)
    assert html.startswith('<p class="next">1 of 3 checks failed.')
    assert f'href="https://{HOST}/#workspace/Users/a/aadsync.yml"' in html
    tones = re.findall(r'<tr class="(\w+)"><td>(\w+)</td>', html)
    assert tones == [("bad", "failed"), ("warn", "warning"), ("good", "ok")]
    assert "Put it there: databricks secrets …" in html
    assert "a/&lt;b&gt;" in html
    assert "failed   secret a/<b>: is not there." in checks_text(FINDINGS)


def test_checks_that_are_well_say_what_to_do_next():
    assert checks_sentence(FINDINGS[:1]).endswith(
        "Next: 02_plan shows what a first sync would change."
    )
    assert "; 1 to look at" in checks_sentence((FINDINGS[0], FINDINGS[2]))
    assert "<a " not in checks_page(FINDINGS[:1], None)
    result = summary_of((FINDINGS[0], FINDINGS[2]), "/Workspace/a.yml")
    assert result == {"kind": "doctor", "ok": 1, "warnings": 1, "settings": "/Workspace/a.yml"}
    with pytest.raises(AadsyncError, match="secret a/<b>"):
        summary_of(FINDINGS, None)


@pytest.mark.parametrize(
    ("path", "host", "link"),
    [
        (None, HOST, None),
        ("/Volumes/main/aadsync/reports/run=7/report.html", None, None),
        ("dbfs:/Volumes/m/s/v w/r.html", HOST, f"https://{HOST}/explore/data/volumes/m/s/v%20w?volumePath=%2FVolumes%2Fm%2Fs%2Fv%20w"),
        ("/Workspace/Users/a@b.c/x.yml", HOST, f"https://{HOST}/#workspace/Users/a%40b.c/x.yml"),
        ("/tmp/reports/report.html", None, "file:///tmp/reports/report.html"),
        ("reports/report.html", HOST, None),
    ],
)  # fmt: skip
def test_a_link_leads_to_where_a_browser_shows_the_file(path, host, link):
    assert link_to(path, host) == link


ADA = Identity(Kind.USER, "ada@contoso.com", Place.IN_SCOPE, "u-1", "Ada")
ODD = Identity(Kind.GROUP, "In Entra", Place.OUT_OF_SCOPE, "g-1")
IN_IT = Paths((Path((Step("g-1", "In Entra", root=True),)),))


@pytest.mark.parametrize(
    ("explanation", "words"),
    [
        (
            Explanation(
                "contoso",
                True,
                people=(Person(ADA, ODD, IN_IT, False, (), (Standing("account"),)),),
            ),
            "In Entra: yes, by 1 path; On account: no, the group is in Entra, but not in scope",
        ),
        (
            Explanation("contoso", True, "x", unknown=("x",)),
            'Nothing of the name "x" was found.',
        ),
        (
            Explanation("contoso", True, people=(Person(ADA, None, IN_IT, False, (), ()),)),
            "every path of ada@contoso.com",
        ),
    ],
    ids=["in a group", "nobody", "a person"],
)
def test_an_explanation_begins_with_its_answer(explanation, words):
    assert answer(explanation) == words


class Spark:
    """A session that knows its current catalog."""

    def __init__(self, catalog):
        self.catalog = catalog

    def sql(self, _):
        return SimpleNamespace(first=lambda: [self.catalog])


def test_a_workspace_tells_its_host_and_its_catalog(monkeypatch):
    monkeypatch.delenv("DATABRICKS_HOST", raising=False)
    assert Platform({"spark": Spark("unity")}).catalog == "unity"
    assert Platform({"spark": Spark("hive_metastore")}).catalog == "main"
    assert (Platform({}).host, Platform({}).catalog) == (None, None)
    runtime = SimpleNamespace(get_context=lambda: SimpleNamespace(workspaceUrl=HOST))
    monkeypatch.setitem(sys.modules, "dbruntime", SimpleNamespace())
    monkeypatch.setitem(sys.modules, "dbruntime.databricks_repl_context", runtime)
    assert Platform({}).host == HOST
    assert Platform({}).interactive
