"""The probe as data, and what is shown of it."""

from __future__ import annotations

import json

import pytest

from aadsync_lib.config.settings import Settings
from aadsync_lib.databricks.errors import Refusal
from aadsync_lib.doctor.probe.answers import Left, Row, TargetProbe
from aadsync_lib.doctor.probe.bench import Bench, effect, when
from aadsync_lib.doctor.probe.catalogue import CATALOGUE
from aadsync_lib.doctor.probe.report import announcement, exit_code, to_document, to_json
from aadsync_lib.doctor.probe.wordings import scrubbed
from aadsync_lib.model.identity import Attributes, Kind
from aadsync_lib.report.markdown import as_markdown
from aadsync_lib.report.terminal import as_text
from tests.clock import FakeClock
from tests.unit.report.golden import assert_golden

NOW = FakeClock().now()
PLACE = ("account", "https://accounts.azuredatabricks.net", "9c1d1c1e-0000-4000-8000-000000000002")
ASSUMED = Row("members.add", "PATCH that adds a member", "done", "done", "assumed")
SAFE = Row(
    "members.unknown",
    "a member id that nobody has",
    "answered as done",
    "refused (404)",
    "safe",
    "Halves.",
)
MATTERS = Row(
    "group.rename",
    "PATCH of the group's displayName",
    "done",
    "answered | as done",
    "matters",
    "Ask.",
)
UNCLEAR = Row(
    "group.trim", "a name with a space", "kept", "PATCH Groups/1: no answer", "unclear", "Again."
)
UNTRIED = Row("group.nested", "a group in another", "done", "not tried: no second group", "untried")
LEFT = Left(Kind.GROUP, "aadsync-probe-0a1b-a", "71", "DELETE Groups/71: 403 no")
LOST = Left(Kind.SERVICE_PRINCIPAL, "aadsync-probe-0a1b", None, "no answer")
EARLIER = Left(Kind.GROUP, "aadsync-probe-ffff-a", "12")


def result(*rows: Row, **more) -> TargetProbe:
    return TargetProbe(*PLACE, "2.0", rows, requests=89, seconds=21.26, **more)


FINE = result(ASSUMED, SAFE, UNTRIED)
SAMPLES = {
    "fine": FINE,
    "differs": result(
        ASSUMED, SAFE, MATTERS, UNCLEAR, UNTRIED, left=(LEFT, LOST), earlier=(EARLIER,)
    ),
    "failed": TargetProbe(*PLACE, error="the account could not be read."),
}


@pytest.mark.parametrize("name", SAMPLES)
def test_the_page_and_the_document_are_as_they_were(name):
    told = ("contoso", (SAMPLES[name],), NOW, "0.0.0")
    assert_golden(f"probe_{name}.txt", as_text(to_document(*told)))
    assert_golden(f"probe_{name}.md", as_markdown(to_document(*told)))
    assert_golden(f"probe_{name}.json", json.dumps(to_json(*told), indent=2) + "\n")


@pytest.mark.parametrize(
    ("results", "code"),
    [
        ((FINE,), 0),
        ((result(ASSUMED, MATTERS),), 3),
        ((result(ASSUMED, UNCLEAR),), 3),
        ((result(ASSUMED, left=(LEFT,)),), 3),
        ((result(ASSUMED, earlier=(EARLIER,)),), 0),
        ((FINE, SAMPLES["failed"]), 1),
        ((result(MATTERS), SAMPLES["failed"]), 1),
    ],
)
def test_the_exit_code_is_that_of_the_worst(results, code):
    assert exit_code(results) == code


@pytest.mark.parametrize("probe", CATALOGUE, ids=lambda probe: probe.name)
def test_every_probe_assumes_one_answer_and_says_what_the_others_mean(probe):
    statuses = [outcome.status for outcome in probe.outcomes.values()]
    assert statuses.count("assumed") == 1
    assert len(probe.outcomes) > 1
    for outcome in probe.outcomes.values():
        assert bool(outcome.meaning) == (outcome.status in {"safe", "matters"})


def test_no_two_probes_have_one_name_or_one_title():
    assert len({probe.name for probe in CATALOGUE}) == len(CATALOGUE)
    assert len({probe.tried for probe in CATALOGUE}) == len(CATALOGUE)


def test_the_docs_explain_every_probe(pytestconfig):
    page = (pytestconfig.rootpath / "docs" / "probe.md").read_text(encoding="utf-8")
    assert [probe.name for probe in CATALOGUE if f"`{probe.name}`" not in page] == []


def test_the_announcement_says_where_and_what_is_made():
    settings = Settings.model_validate(
        {
            "name": "contoso",
            "source": {"tenant_id": PLACE[2], "auth": {"method": "azure_cli"}},
            "scope": {"groups": [{"prefix": "dbx-"}]},
            "targets": [
                {
                    "name": "account",
                    "host": PLACE[1],
                    "account_id": PLACE[2],
                    "auth": {"method": "azure_cli"},
                }
            ],
        }
    )
    said = announcement(settings.targets)
    assert "account (https://accounts.azuredatabricks.net)" in said
    assert "one group and one service principal" in said
    assert "aadsync-probe-" in said


class TestBench:
    """Nothing but its own objects."""

    @pytest.fixture
    def bench(self):
        bench = Bench(client=None, clock=FakeClock(), azure=True)
        bench.made["1"], bench.group = (Kind.GROUP, "g"), "1"
        return bench

    @pytest.mark.parametrize(
        "request_",
        [
            lambda bench: bench.add("4711"),
            lambda bench: bench.create(Kind.GROUP, Attributes(display_name="x"), ["4711"]),
        ],
        ids=["add", "create"],
    )
    def test_a_member_that_it_did_not_make_is_refused_before_anything_is_sent(
        self, bench, request_
    ):
        with pytest.raises(AssertionError, match="made none of"):
            request_(bench)

    @pytest.mark.parametrize("write", ["patch", "delete", "look"])
    def test_an_object_that_it_did_not_make_is_refused_before_anything_is_sent(self, bench, write):
        with pytest.raises(KeyError):
            getattr(bench, write)("4711")

    def test_one_good_read_before_a_stale_one_is_not_enough(self, bench):
        reads = iter([True, False, True, True])
        assert bench.until(lambda: next(reads)) == 1.0

    def test_it_gives_up_after_its_patience(self, bench):
        assert bench.until(lambda: False) is None
        assert 75 <= bench.clock.slept <= 90

    @pytest.mark.parametrize(
        ("fresh", "status", "looked_for"),
        [(True, 409, True), (False, 409, False), (True, 400, False)],
    )
    def test_a_conflict_on_a_fresh_name_means_that_a_try_before_was_done(
        self, bench, fresh, status, looked_for
    ):
        class Client:
            def post(self, resource, body):
                raise Refusal(f"POST {resource}", status, "", None)

        bench.client = Client()
        with pytest.raises(Refusal):
            bench.create(Kind.GROUP, Attributes(display_name="x"), fresh=fresh)
        assert bench.unanswered == ([(Kind.GROUP, "x")] if looked_for else [])

    def test_ids_of_probes_are_not_guessed(self):
        assert Bench(None, FakeClock(), True).name != Bench(None, FakeClock(), True).name


@pytest.mark.parametrize(("seconds", "key"), [(0.0, "at_once"), (2.0, "later"), (None, "never")])
def test_a_lag_has_three_answers(seconds, key):
    assert when(seconds).key == key


@pytest.mark.parametrize(("seconds", "key"), [(0.0, "done"), (2.0, "done"), (None, "deaf")])
def test_a_write_has_two(seconds, key):
    assert effect(seconds).key == key


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("User with email ada@contoso.com exists", "User with email …@… exists"),
        ("<Ada.L+x@sub.contoso.com>,'b@c.d'", "<…@…>,'…@…'"),
        ("members[value eq 1]", "members[value eq 1]"),
    ],
)
def test_addresses_are_taken_out(text, clean):
    assert scrubbed(text) == clean
