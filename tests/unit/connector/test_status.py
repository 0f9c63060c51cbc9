"""The state of connectors: what troubles, what is shown, and the watch of a cycle."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest

from aadsync_lib.connector.status.as_json import status_to_json
from aadsync_lib.connector.status.document import next_cycle, status_document
from aadsync_lib.connector.status.kept import NEWEST, records_of
from aadsync_lib.connector.status.model import (
    Application,
    ConnectorStatus,
    Cycle,
    Failure,
    Job,
    Quarantine,
    TargetStatus,
    Units,
)
from aadsync_lib.connector.status.watch import PATIENCE, POLL, under_way, watch
from aadsync_lib.report.document import Document, Part, Table
from aadsync_lib.report.html import document_page
from aadsync_lib.report.markdown import as_markdown
from aadsync_lib.report.terminal import as_text
from tests.clock import FakeClock

NOW = 1_796_000_000.0  # 2026-11-30 00:53 UTC
APPLICATION = Application("o1", "c1", "s1", "contoso-databricks")
CYCLE = Cycle("Succeeded", "2026-11-30T00:40:00Z", "2026-11-30T00:41:00Z", None)
RUNNING = Job(
    "dataBricks.t.1", "active", runs=True, last=CYCLE, last_success=CYCLE.ended,
    counts={"User": 10, "Group": 2}, interval=2400.0,
)  # fmt: skip
HELD = Quarantine(
    "TooManyDeletes", "2026-11-29T22:00:00Z", "2026-11-30T10:00:00Z", "E: no", "Too many", "Look"
)
FAILURES = tuple(
    Failure(f"user{n}", "create", "Conflict", "taken", "Change one", f"2026-11-30T00:0{n}:00Z")
    for n in range(5)
)


def target(job: Job | None = RUNNING, **changes: Any) -> TargetStatus:
    made = TargetStatus(
        "account", True, APPLICATION, job, {"users": 1, "groups": 2}, (), ()
    )  # fmt: skip
    return replace(made, **changes)


def status(*targets: TargetStatus) -> ConnectorStatus:
    return ConnectorStatus("contoso", targets, NOW)


class TestProblems:
    """When a person should look."""

    @pytest.mark.parametrize(
        "well",
        [
            target(),
            target(replace(RUNNING, runs=False, state="paused"), enabled=False),
            target(replace(RUNNING, state="not_run")),
            target(replace(RUNNING, state="not_configured", runs=False), enabled=False),
            target(replace(RUNNING, last=replace(CYCLE, state="EntryLevelErrors"))),
        ],
    )
    def test_as_the_settings_want_it_is_no_problem(self, well: TargetStatus) -> None:
        assert not well.problems
        assert status(well).healthy

    @pytest.mark.parametrize(
        ("ill", "words"),
        [
            (target(None, application=None), "not there"),
            (target(None), "no provisioning job"),
            (target(None, enabled=False), "no provisioning job"),
            (
                target(replace(RUNNING, quarantine=HELD, state="quarantine")),
                "in quarantine: TooMany",
            ),
            (target(replace(RUNNING, quarantine=replace(HELD, reason=None))), "no reason given"),
            (target(replace(RUNNING, runs=False, state="paused")), "is stopped (paused)"),
            (target(replace(RUNNING, runs=False, waits=True)), "paused the job after too many"),
            (target(enabled=False), "the settings want it stopped"),
            (target(replace(RUNNING, last=replace(CYCLE, state="Failed"))), "last cycle failed"),
            (target(failures=FAILURES[:1]), "1 object fails"),
            (target(failures=FAILURES), "5 objects fail"),
            (target(failures=None, unread=("the log: 403",)), "the log: 403"),
        ],
    )
    def test_anything_else_is_one(self, ill: TargetStatus, words: str) -> None:
        assert words in "; ".join(ill.problems)
        assert not status(target(), ill).healthy


class TestJson:
    """The public document."""

    def test_all_keys_are_there(self) -> None:
        job = replace(RUNNING, units=Units(4, 10), quarantine=HELD, state="quarantine")
        (shown,) = status_to_json(status(target(job, failures=FAILURES[:1])))["targets"]
        assert shown == {
            "target": "account", "state": "quarantine",
            "application": {
                "id": "o1", "app_id": "c1", "service_principal_id": "s1", "name": "contoso-databricks",
            },
            "job": "dataBricks.t.1", "assigned": {"users": 1, "groups": 2},
            "counts": {"User": 10, "Group": 2},
            "last": {
                "state": "Succeeded", "began": "2026-11-30T00:40:00Z", "ended": "2026-11-30T00:41:00Z",
                "error": None,
            },
            "last_success": "2026-11-30T00:41:00Z", "progress": 0.4, "interval_seconds": 2400,
            "quarantine": {
                "reason": "TooManyDeletes", "since": "2026-11-29T22:00:00Z",
                "next_attempt": "2026-11-30T10:00:00Z", "error": "E: no", "remedy": "Look",
            },
            "failures": [{
                "name": "user0", "action": "create", "code": "Conflict", "reason": "taken",
                "recommended": "Change one", "when": "2026-11-30T00:00:00Z",
            }],
        }  # fmt: skip

    def test_what_is_absent_is_null(self) -> None:
        absent = TargetStatus("account", True)
        document = status_to_json(status(absent, target(replace(RUNNING, last=None, interval=1.5))))
        assert (document["kind"], document["version"], document["sync"]) == (
            "connector_status", 1, "contoso",
        )  # fmt: skip
        gone, there = document["targets"]
        assert gone.keys() == there.keys()
        assert {key: value for key, value in gone.items() if value is not None} == {
            "target": "account", "state": "absent",
        }  # fmt: skip
        assert (there["last"], there["progress"], there["quarantine"]) == (None, None, None)
        assert (there["failures"], there["interval_seconds"]) == ([], 1.5)


class TestDocument:
    """The text that people read."""

    def text(self, *targets: TargetStatus) -> str:
        return as_text(status_document(status(*targets)))

    def test_a_running_connector(self) -> None:
        text = self.text(target(replace(RUNNING, units=Units(4, 10))))
        for words in (
            "account: active",
            "contoso-databricks (client id c1, service principal s1)",
            "Assigned: 1 person, 2 groups",
            "User 10, Group 2",
            "Succeeded, began 2026-11-30 00:40 UTC, ended 2026-11-30 00:41 UTC",
            "Cycle under way: 40%, 4 of 10 objects",
            "about 2026-11-30 01:20, every 40 min",
            "Next: nothing to do.",
        ):
            assert words in text

    def test_a_stopped_one_whose_cycle_goes_on(self) -> None:
        stopped = replace(RUNNING, runs=False, state="paused")
        assert "stopped; its last cycle may not be over yet" in self.text(
            target(replace(stopped, units=Units(4, 10)))
        )
        assert "may not be over yet" not in self.text(target(stopped))

    def test_a_quarantine_with_its_cause_and_remedy(self) -> None:
        text = self.text(target(replace(RUNNING, quarantine=HELD, state="quarantine")))
        for words in (
            "in quarantine",
            "TooManyDeletes",
            "Too many",
            "Look",
            "2026-11-29 22:00 UTC",
        ):
            assert words in text
        bare = replace(HELD, reason=None, since=None, error=None, next_attempt=None)
        text = self.text(target(replace(RUNNING, quarantine=bare)))
        assert "not known" in text
        assert "it does not say when" in text

    def test_failures_by_cause_with_what_is_recommended(self) -> None:
        lone = replace(
            FAILURES[0], name="eve", code=None, recommended=None, reason=None, when="then"
        )
        text = self.text(target(failures=(*FAILURES, lone)))
        assert "user0, user1, user2 and 2 more" in text
        assert "Change one" in text
        assert "Microsoft recommends nothing" in text
        assert "2026-11-30 00:03:00" in text

    def test_an_absent_one_says_what_makes_it(self) -> None:
        text = self.text(TargetStatus("account", True))
        assert "aadsync connector setup makes it" in text
        assert "aadsync connector plan" in text

    def test_what_was_not_read_and_who_waits_is_said(self) -> None:
        waiting = replace(RUNNING, runs=False, waits=True, state="paused", last=None, counts={})
        text = self.text(target(waiting, unread=("the log: 403",), assigned=None))
        assert "Not read: the log: 403" in text
        assert "--reset escrows" in text
        assert "Last cycle: none yet" in text

    def test_a_state_of_graph_that_is_not_known_and_an_application_without_a_job(self) -> None:
        assert "account: Hibernating" in self.text(target(replace(RUNNING, state="Hibernating")))
        assert "goes on with it" in self.text(
            target(None, application=replace(APPLICATION, app_id=None))
        )

    def test_names_are_data(self) -> None:
        evil = replace(FAILURES[0], name="<b>|`x\x1b[31m", reason="| [x](http://evil)")
        markdown = as_markdown(status_document(status(target(failures=(evil,)))))
        assert "\x1b" not in markdown
        assert "<b>" not in markdown


class TestPage:
    """The page for a browser."""

    def test_it_has_every_target_and_table_and_nothing_runs_in_it(self) -> None:
        held = target(replace(RUNNING, quarantine=HELD, state="quarantine"), target="sales")
        evil = replace(FAILURES[0], name="<script>alert(1)</script>")
        page = document_page(status_document(status(target(failures=(evil,)), held)))
        assert "<script>alert" not in page
        for words in (
            "Failures by cause",
            "Quarantine",
            "in quarantine",
            "TooManyDeletes",
            "Next cycle",
        ):
            assert words in page
        assert "Digest" not in page.split("</style>")[1].split("<script")[0]

    def test_a_line_that_is_a_sentence_stays_whole(self) -> None:
        document = status_document(status(target(replace(RUNNING, runs=False, waits=True))))
        assert "Entra met too many errors in the first cycle" in document_page(document)
        bare = Document(
            "Title", parts=(Part("account"),), tables=(Table("Rows", ("Name",), (("x",),)),)
        )
        assert "Rows" in document_page(bare)


class TestNextCycle:
    """When the next cycle is to be expected."""

    @pytest.mark.parametrize(
        ("job", "words"),
        [
            (RUNNING, "about 2026-11-30 01:20, every 40 min"),
            (replace(RUNNING, interval=600.0), "due since 2026-11-30 00:50, every 10 min"),
            (replace(RUNNING, last=None), "the first one, at any time; then every 40 min"),
            (replace(RUNNING, interval=None), "not known: the job has no interval"),
            (replace(RUNNING, runs=False), "none: the job is stopped"),
            (replace(RUNNING, quarantine=HELD), "tried at 2026-11-30 10:00 UTC"),
            (replace(RUNNING, quarantine=HELD, runs=False), "none: the job is stopped"),
        ],
    )
    def test_it_is_reckoned_from_the_interval(self, job: Job, words: str) -> None:
        assert next_cycle(job, NOW) == words


class Bar:
    """What a progress bar was told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, int]] = []

    def start(self, total: int, label: str) -> None:
        assert label
        self.told.append(("start", total))

    def advance(self, count: int) -> None:
        self.told.append(("advance", count))

    def done(self) -> None:
        self.told.append(("done", 0))


def watched(*jobs: Job | None) -> tuple[ConnectorStatus, list[tuple[str, int]], FakeClock]:
    looks: Iterator[ConnectorStatus] = iter([status(target(job)) for job in jobs])
    clock, bar = FakeClock(), Bar()
    last = watch(lambda: next(looks), clock, bar)
    assert next(looks, None) is None, "it stopped looking too early"
    return last, bar.told, clock


class TestWatch:
    """The watch of a cycle."""

    OPEN: Mapping[str, Any] = {"last": replace(CYCLE, ended=None)}

    def test_it_follows_the_cycle_to_its_end(self) -> None:
        first, second = (replace(RUNNING, units=Units(done, 10)) for done in (2, 7))
        last, told, clock = watched(first, second, replace(RUNNING, units=Units(10, 10)))
        assert told == [("start", 10), ("advance", 2), ("advance", 5), ("advance", 3), ("done", 0)]
        assert clock.sleeps == (POLL, POLL)
        assert last.healthy

    def test_it_begins_the_bar_anew_when_there_is_more_to_do(self) -> None:
        first, second = replace(RUNNING, units=Units(2, 10)), replace(RUNNING, units=Units(3, 20))
        _, told, _ = watched(first, second, RUNNING)
        assert told == [
            ("start", 10), ("advance", 2), ("done", 0), ("start", 20), ("advance", 3), ("done", 0),
        ]  # fmt: skip

    def test_it_waits_for_the_first_cycle_and_for_one_without_an_end(self) -> None:
        _, told, clock = watched(
            replace(RUNNING, state="not_run"), replace(RUNNING, **self.OPEN), RUNNING
        )
        assert not told
        assert len(clock.sleeps) == 2

    @pytest.mark.parametrize(
        "idle",
        [
            None,
            RUNNING,
            replace(RUNNING, runs=False, state="not_run"),
            replace(RUNNING, quarantine=HELD, units=Units(1, 2)),
            replace(RUNNING, quarantine=HELD, runs=False, **OPEN),
        ],
    )
    def test_where_no_cycle_is_under_way_there_is_nothing_to_watch(self, idle: Job | None) -> None:
        assert not under_way(status(target(idle)))
        _, _, clock = watched(idle)
        assert not clock.sleeps

    @pytest.mark.parametrize("open_end", [{"units": Units(7, 10)}, OPEN, {"lingers": True}])
    def test_the_cycle_of_a_stopped_job_is_waited_for(self, open_end: Mapping[str, Any]) -> None:
        stopped = replace(RUNNING, runs=False, state="paused")
        _, _, clock = watched(replace(stopped, **open_end), stopped)
        assert clock.sleeps == (POLL,)

    def test_a_stopped_job_is_waited_for_while_it_changes_and_not_for_ever(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        stopped = replace(RUNNING, runs=False, state="paused")
        still = int(PATIENCE / POLL)
        slow = [replace(stopped, units=Units(done, 10)) for done in range(3) for _ in range(still)]
        last, _, clock = watched(*slow, slow[-1])
        assert under_way(last)
        assert len(clock.sleeps) == 3 * still
        assert "has not changed for 10 minutes" in caplog.text

    def test_beside_a_job_that_runs_nobody_is_given_up(self) -> None:
        stuck = target(replace(RUNNING, runs=False, state="paused", units=Units(1, 2)))
        first = target(replace(RUNNING, state="not_run"))
        looks = iter([*[status(stuck, first)] * 200, status(target(None), first), status(stuck)])
        clock = FakeClock()
        watch(lambda: next(looks, status(target())), clock, Bar())
        assert len(clock.sleeps) > 200

    def test_an_interruption_takes_the_bar_away(self) -> None:
        bar = Bar()

        def read() -> ConnectorStatus:
            if bar.told:
                raise KeyboardInterrupt
            return status(target(replace(RUNNING, units=Units(1, 2))))

        with pytest.raises(KeyboardInterrupt):
            watch(read, FakeClock(), bar)
        assert bar.told[-1] == ("done", 0)


class TestKept:
    """What a store keeps of a look."""

    def test_of_many_failures_the_newest_are_kept_and_all_are_counted(self) -> None:
        many = tuple(replace(FAILURES[0], name=f"user{n}") for n in range(NEWEST + 2))
        held = replace(RUNNING, quarantine=HELD, state="quarantine")
        unread = target(failures=None, unread=("403",))
        records = records_of(status(target(held, failures=many), unread, target(None)))
        assert [(r.target, r.seen_at, r.state, r.failing) for r in records] == [
            ("account", NOW, "quarantine", NEWEST + 2),
            ("account", NOW, "active", None),
            ("account", NOW, "not_configured", 0),
        ]
        assert (
            records[0].problems
            == f"the job is in quarantine: TooManyDeletes; {NEWEST + 2} objects fail to be provisioned"
        )
        document = json.loads(records[0].document)
        assert [row["name"] for row in document["failures"]] == [f.name for f in many[:NEWEST]]
        assert document["quarantine"]["remedy"] == "Look"
        assert json.loads(records[1].document)["failures"] is None

    def test_a_connector_that_is_well_has_no_problem(self) -> None:
        assert [record.problems for record in records_of(status(target()))] == [None]
