"""``aadsync explain``."""

import json
from dataclasses import replace
from pathlib import Path as File

import pytest

from aadsync_lib.model.account import Account
from aadsync_lib.model.carried import MembershipOrigin
from aadsync_lib.model.explanation import (
    Direct,
    EdgeOutcome,
    Explanation,
    GroupExplained,
    Identity,
    Member,
    Next,
    Path,
    Paths,
    Person,
    Place,
    Standing,
    Step,
)
from aadsync_lib.model.identity import Kind
from aadsync_lib.model.link import Origin
from aadsync_lib.report.explain.as_json import explanation_to_json
from aadsync_lib.report.explain.parts import LISTED
from tests.unit.report.written import explanation_markdown, explanation_text

ADA = Identity(Kind.USER, "ada@contoso.com", Place.IN_SCOPE, "u-1", "Ada", enabled=True)
BOT = Identity(Kind.SERVICE_PRINCIPAL, "app-1", Place.IN_SCOPE, "s-1", "Robot", enabled=False)
DATA = Identity(Kind.GROUP, "dbx-data", Place.IN_SCOPE, "g-1")
NEAR = Path((Step("g-1", "dbx-data", root=True),))
FAR = Path((Step("g-1", "dbx-data", root=True), Step("g-2", "Team")))
ON_ACCOUNT = Path((Step("900", "dbx-data"),))
ACCOUNT = Account("4711", Kind.USER, "ada@contoso.com", "Ada", "u-1")
THERE = Direct(
    "g-1", "900", "dbx-data", True, True, since=0.0, run_id="run-1", how=MembershipOrigin.ADDED
)  # fmt: skip
STANDING = Standing("account", ACCOUNT, Origin.CREATED, groups=(THERE,), paths=Paths((ON_ACCOUNT,)))


def about(standing=STANDING, paths=Paths((NEAR, FAR)), **more):  # noqa: B008  frozen
    person = Person(ADA, DATA, paths, False, (), (standing,))
    return Explanation("contoso", True, "Ada", "dbx-data", (replace(person, **more),))


@pytest.fixture
def explain(run, engine):
    def answering(found, *words):
        engine.explain = lambda *asked: engine.asked.append(("explain", *asked)) or found
        return run("explain", *words)

    return answering


class TestCommand:
    def test_it_opens_everything_for_reading_only(self, explain, engine):
        result = explain(about(), "--user", "Ada", "--group", "dbx-data")
        assert result.exit_code == 0
        assert result.stderr == ""
        assert engine.opened["read_only"] is True
        assert engine.asked == [("explain", "Ada", "dbx-data")]

    def test_neither_user_nor_group_is_a_usage_error(self, explain, engine):
        result = explain(about())
        assert result.exit_code == 2
        assert "--user NAME, --group NAME or both" in result.stderr
        assert engine.asked == []

    @pytest.mark.parametrize("option", ["--user", "--group"])
    def test_an_empty_name_is_a_usage_error(self, explain, engine, option):
        assert explain(about(), option, " ").exit_code == 2
        assert engine.asked == []

    def test_nobody_found_ends_with_1_in_every_format(self, explain):
        nobody = Explanation("contoso", True, "Adda", unknown=("Adda",), nearest=("Ada",))
        for form in ("text", "markdown", "json"):
            assert explain(nobody, "--user", "Adda", "--format", form).exit_code == 1

    def test_json_is_exactly_one_document(self, explain):
        result = explain(about(), "--user", "Ada", "--format", "json")
        printed = json.loads(result.stdout)
        head = printed.pop("head")
        assert (head["settings"], bool(head["by"])) == ("aadsync.yml", True)
        places = [target for person in printed["people"] for target in person["targets"]]
        for target in places:
            assert target.pop("host") == "https://accounts.azuredatabricks.net"
            assert target.pop("account_id") == "9c1d1c1e-0000-4000-8000-000000000002"
        assert places
        assert printed == explanation_to_json(about())

    @pytest.mark.parametrize("form", ["text", "markdown", "json"])
    def test_out_writes_the_same_to_a_file(self, explain, form):
        result = explain(about(), "--user", "Ada", "--format", form, "--out", "why.out")
        assert File("why.out").read_text(encoding="utf-8") == result.stdout


class TestText:
    def test_a_person_in_a_group_as_a_tree(self):
        assert explanation_text(about()) == GOLDEN

    def test_what_is_not_kept_says_so_where_it_is_cut(self):
        cut = Step("g-1", "dbx-data", EdgeOutcome.DROPPED, "is no security group")
        lifted = Step("g-1", "dbx-data", EdgeOutcome.FLATTENED, "scope.nested is flatten")
        for step, words in (
            (cut, "Team  not kept: is no security group"),
            (lifted, "Team  not nested on the targets, scope.nested is flatten"),
        ):
            path = Path((step, Step("g-2", "Team")))
            assert words in explanation_text(about(paths=Paths((path,))))

    def test_more_paths_than_shown_are_counted(self):
        paths = Paths(tuple(Path((Step(f"g-{n}", f"G{n}"),)) for n in range(25)), 5, all=False)
        text = explanation_text(about(paths=paths))
        assert "more  at least 10 longer paths" in text
        assert "by at least 30 paths" in text
        assert "G24" not in text
        assert "G24" in explanation_text(about(paths=paths), full=True)

    @pytest.mark.parametrize(
        ("row", "words"),
        [
            (replace(THERE, wanted=False, next=Next.REMOVES), "the next sync removes it"),
            (
                replace(
                    THERE,
                    wanted=False,
                    how=MembershipOrigin.FOREIGN,
                    reason="policy.members is managed",
                ),
                "(run run-1), added by somebody else: policy.members is managed",
            ),
            (
                replace(THERE, there=False, next=Next.ADDS, since=None, how=None),
                "not there yet; the next sync adds it",
            ),
            (
                replace(THERE, there=False, wanted=False, until=86400.0, ended_by="run-2"),
                "until 1970-01-02 00:00 UTC (run run-2)",
            ),
        ],
    )
    def test_each_membership_says_how_it_stands(self, row, words):
        standing = replace(STANDING, groups=(row,))
        assert words in explanation_text(about(standing))

    def test_the_reason_that_matters_most_is_told_first(self):
        absent = replace(STANDING, account=None, paths=Paths(), notes=("its name is taken",))
        assert "On account: no, its name is taken" in explanation_text(about(absent))
        gap = replace(absent, notes=(), gap="Team is not in dbx-data there: held")
        assert "On account: no, Team is not in dbx-data there: held" in explanation_text(about(gap))
        cut = Paths((Path((Step("g", "G", EdgeOutcome.DROPPED, "is a guest"),)),))
        assert "On account: no, ada@contoso.com is a guest" in explanation_text(about(absent, cut))
        nowhere = explanation_text(about(absent, Paths()))
        assert "In Entra: no\n" in nowhere
        assert "On account: no, as in Entra" in nowhere
        outside = replace(DATA, place=Place.OUT_OF_SCOPE)
        text = explanation_text(about(absent, group=outside))
        assert "On account: no, the group is in Entra, but not in scope" in text

    def test_a_no_is_no_certainty_where_entra_did_not_show_every_group(self):
        text = explanation_text(about(paths=Paths(), others=None))
        assert "In Entra: no, but not all groups above could be read\n" in text
        assert "perhaps more  not all groups above could be read" in text
        gone = replace(ADA, place=Place.GONE)
        assert "perhaps" not in explanation_text(about(identity=gone, others=None))

    def test_an_account_says_whose_it_is(self):
        other = replace(
            STANDING, origin=None, protected=True, account=replace(ACCOUNT, active=False)
        )
        assert "user 4711, inactive, not of this sync, protected" in explanation_text(about(other))
        adopted = replace(STANDING, origin=Origin.ADOPTED, next=(("delete_user", "gone"),))
        text = explanation_text(about(adopted))
        assert "adopted by this sync" in text
        assert "next sync  delete user: gone" in text

    def test_without_a_group_the_groups_out_of_scope_and_the_applications_are_told(self):
        text = explanation_text(about(group=None, others=("Elsewhere",), assigned=True))
        assert "also in  Elsewhere (not in scope)" in text
        assert "assigned directly" in text
        many = tuple(f"G{n}" for n in range(LISTED + 3))
        assert "and 3 more" in explanation_text(about(group=None, others=many))

    def test_a_service_principal_goes_by_its_display_name(self):
        text = explanation_text(about(identity=BOT))
        assert text.startswith("Robot in dbx-data\n  app-1, service principal, object id s-1")
        assert "disabled in Entra" in text

    def test_members_of_a_group_are_cut_to_a_page_unless_all_are_wanted(self):
        members = tuple(
            Member(replace(ADA, name=f"u{n:02}"), NEAR, (None,)) for n in range(LISTED + 2)
        )
        group = GroupExplained(DATA, (STANDING,), members, ("Team in Entra: 503",))
        found = Explanation("contoso", False, None, "dbx-data", (), (group,))
        text = explanation_text(found)
        assert "22 members at any depth" in text
        assert "more  2 members" in text
        alone = replace(group, members=members[:1])
        one = explanation_text(replace(found, groups=(alone,)))
        assert "1 member at any depth" in one
        assert "Not read in full: Team in Entra: 503" in text
        assert text.startswith("Not all of Entra's scope could be read")
        assert "u21" in explanation_text(found, full=True)

    def test_nobody_found_says_where_and_what_is_like_it(self):
        nobody = Explanation("contoso", True, "x\x1b", unknown=("x\x1b",), searched=("Entra: all",))
        assert explanation_text(nobody) == (
            'Nothing of the name "x\\x1b" was found.\nLooked in:\nEntra: all\nNothing is like it.\n'
        )
        assert "Nothing of the name" in explanation_markdown(nobody)
        near = replace(nobody, nearest=("xy",))
        assert "Nearest: xy." in explanation_text(near)


class TestNames:
    def test_a_name_is_data_on_a_terminal_and_in_markdown(self):
        evil = "\x1b[31m<script>|`*x*"
        text = about(identity=replace(ADA, name=evil, display_name=evil))
        assert "\x1b" not in explanation_text(text)
        markdown = explanation_markdown(text)
        assert "\x1b" not in markdown
        assert "<script>" not in markdown
        assert "*x*" not in markdown


def test_markdown_is_nested_lists():
    lines = explanation_markdown(about()).splitlines()
    assert lines[0].startswith("## ada")
    assert "### In Entra" in lines
    assert "- `dbx-data`: named by the scope" in lines
    assert "  - `Team`" in lines
    assert "    - `ada@contoso.com`" in lines


def test_json_has_both_sides_with_their_reasons():
    document = explanation_to_json(about())
    assert (document["kind"], document["version"], document["found"]) == ("explanation", 1, True)
    (person,) = document["people"]
    assert person["identity"]["external_id"] == "u-1"
    assert [len(path["groups"]) for path in person["entra"]["paths"]] == [1, 2]
    (target,) = person["targets"]
    assert target["account"]["id"] == "4711"
    assert target["groups"][0]["run_id"] == "run-1"
    assert target["paths"][0]["kept"] is True
    group = GroupExplained(DATA, (STANDING,), (Member(ADA, NEAR, (None,)),))
    whole = explanation_to_json(Explanation("contoso", True, None, "dbx-data", (), (group,)))
    (member,) = whole["groups"][0]["members"]
    assert member["entra"]["groups"][0]["name"] == "dbx-data"
    assert member["targets"] == [{"target": "account", "path": None}]


GOLDEN = """\
ada@contoso.com in dbx-data
  Ada, user, object id u-1, enabled, in scope
  dbx-data: group, object id g-1, in scope
  In Entra: yes, by 2 paths
  On account: yes, by 1 path

In Entra
└── dbx-data  named by the scope
    ├── ada@contoso.com
    └── Team
        └── ada@contoso.com

On account
├── ada@contoso.com  user 4711, active, made by this sync
├── dbx-data  directly, as in Entra, since 1970-01-01 00:00 UTC (run run-1), added by this sync
└── paths  into the group that was asked for
    └── dbx-data
        └── ada@contoso.com
"""
