"""``aadsync connector provision`` against the sandbox, whose connector really provisions."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aadsync_lib.sandbox import Fault
from tests.acceptance.worlds import ADA, BOB, CYD, DATA, ETL, ROOT
from tests.contract.connector.gallery import Gallery

SHAPES = ("result", "status_info")


@pytest.fixture(params=SHAPES)
def shaped(request: pytest.FixtureRequest, gallery: Gallery) -> Gallery:
    """The connector, in each shape of the answer."""
    gallery.turn(on_demand=request.param)
    return gallery


def provisioned(gallery: Gallery, *words: str, code: int = 0) -> dict[str, Any]:
    done = gallery("provision", *words, "--format", "json")
    assert done.exit_code == code, done.output
    document = json.loads(done.stdout)
    assert (document["kind"], document["action"]) == ("connector_result", "provision")
    (target,) = document["targets"]
    return dict(target)


def details(target: dict[str, Any]) -> str:
    return " / ".join(step["detail"] for step in target["steps"])


def there(gallery: Gallery) -> tuple[set[str], dict[str, set[str]]]:
    """Who is on the account, and the members of its groups."""
    picture = gallery.stage.picture()
    members = {name: set(group["members"]) for name, group in picture["groups"].items()}
    return set(picture["users"]), members


class TestPerson:
    """One person."""

    @pytest.mark.parametrize("name", ["ada@contoso.com", "ADA@contoso.com", ADA])
    def test_by_name_or_id(self, shaped: Gallery, name: str) -> None:
        shaped.ready().assign(ADA)
        target = provisioned(shaped, "--user", name)
        assert target["status"] == "done"
        assert all(step["name"] and step["status"] for step in target["steps"])
        assert there(shaped)[0] == {"ada@contoso.com"}

    def test_by_mail(self, gallery: Gallery) -> None:
        gallery.entra.update(ADA, mail="ada.lovelace@contoso.com")
        gallery.ready().assign(ADA)
        assert provisioned(gallery, "--user", "ada.lovelace@contoso.com")["status"] == "done"

    def test_a_second_time_there_is_nothing_to_do(self, shaped: Gallery) -> None:
        shaped.ready().assign(ADA)
        provisioned(shaped, "--user", ADA)
        target = provisioned(shaped, "--user", ADA)
        assert target["status"] == "unchanged"
        assert "already" in details(target)

    def test_who_is_not_assigned_is_skipped_with_the_reason(self, shaped: Gallery) -> None:
        shaped.ready().assign(BOB)
        target = provisioned(shaped, "--user", ADA, code=3)
        assert target["status"] == "skipped"
        assert "assigned" in details(target)
        assert there(shaped)[0] == set()

    def test_one_who_is_refused_there_fails_with_what_to_do(self, shaped: Gallery) -> None:
        shaped.ready().assign(ADA)
        shaped.stage.box.faults.add(
            Fault(kind="409", side="databricks", method="POST", path="/Users", count=None)
        )
        target = provisioned(shaped, "--user", ADA, code=3)
        shaped.stage.box.faults.clear()
        assert target["status"] == "failed"
        assert "another object with this value" in details(target)

    def test_history_has_it(self, gallery: Gallery) -> None:
        gallery.ready().assign(ADA)
        provisioned(gallery, "--user", ADA)
        provisioned(gallery, "--user", BOB, code=3)
        with gallery.stage.store() as store:
            outcomes = [entry.outcome for entry in store.entries()]
        assert [(each.change.name, each.result.value) for each in outcomes] == [
            ("ada@contoso.com", "done"),
            ("bob@contoso.com", "failed"),
        ]


class TestGroup:
    """One group, and some of its members."""

    def test_with_members(self, shaped: Gallery) -> None:
        shaped.ready().assign(ETL)
        target = provisioned(
            shaped, "--group", "ETL", "--member", "cyd@contoso.com", "--member", CYD
        )
        assert target["status"] == "done"
        assert there(shaped) == ({"cyd@contoso.com"}, {"ETL": {"cyd@contoso.com"}})

    def test_alone(self, shaped: Gallery) -> None:
        shaped.ready().assign(ROOT)
        assert provisioned(shaped, "--group", ROOT)["status"] == "done"
        assert "dbx-all" in there(shaped)[1]

    def test_an_answer_with_an_empty_value_still_says_how_it_ended(self, gallery: Gallery) -> None:
        gallery.turn(on_demand="result", on_demand_group="empty")
        gallery.ready().assign(ROOT)
        target = provisioned(gallery, "--group", ROOT)
        assert target["status"] == "done"
        assert target["steps"]


class TestNobody:
    """Names that cannot be provisioned."""

    @pytest.mark.parametrize(
        ("words", "says"),
        [
            (("--user", "nobody@contoso.com"), "--user nobody@contoso.com"),
            (("--user", "99999999-0000-4000-8000-000000000001"), "--user 99999999"),
            (("--group", "No such group"), "--group No such group"),
            (
                ("--group", "Data", "--member", "o'brien@contoso.com"),
                "--member o'brien@contoso.com",
            ),
        ],
    )
    def test_a_name_that_nobody_has_ends_with_1(
        self, gallery: Gallery, words: tuple[str, ...], says: str
    ) -> None:
        gallery.ready().assign(DATA)
        mark = gallery.stage.box.log.mark()
        done = gallery("provision", *words)
        assert done.exit_code == 1
        assert says in done.stderr
        rows = gallery.stage.box.log.select(after=mark)
        assert not any("provisionOnDemand" in row.path for row in rows)

    def test_a_name_that_several_have_lists_their_ids(self, gallery: Gallery) -> None:
        other = "11111111-0000-4000-8000-0000000000ff"
        gallery.entra.add("group", {"id": other, "displayName": "ETL"})
        gallery.ready().assign(ETL)
        done = gallery("provision", "--group", "ETL")
        assert done.exit_code == 1
        assert ETL in done.stderr
        assert other in done.stderr

    @pytest.mark.parametrize(
        "words",
        [
            (),
            ("--user", "a", "--group", "b"),
            ("--user", "a", "--member", "b"),
            ("--group", "g", *(word for n in range(6) for word in ("--member", f"m{n}"))),
        ],
    )
    def test_what_no_request_can_say_is_a_usage_error(
        self, gallery: Gallery, words: tuple[str, ...]
    ) -> None:
        mark = gallery.stage.box.log.mark()
        assert gallery("provision", *words).exit_code == 2
        assert gallery.stage.box.log.mark() == mark

    def test_without_a_connector_it_is_impossible(self, gallery: Gallery) -> None:
        target = provisioned(gallery, "--user", ADA, code=1)
        assert "aadsync connector setup" in details(target)
