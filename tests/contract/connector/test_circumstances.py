"""Setups where Graph answers in its other ways, where others are at work, and where there is more than one target."""

from __future__ import annotations

import json

import pytest
import yaml

from aadsync_lib.connector.state import NO_ROLE
from aadsync_lib.sandbox import Fault
from aadsync_lib.sandbox.entra.applications.gallery import CONNECTOR, CUSTOM, USER_ROLE
from tests.acceptance.stage import TARGET
from tests.acceptance.worlds import ADA
from tests.contract.connector.gallery import NAME, TAG, Gallery
from tests.contract.connector.seen import (
    actions,
    applications,
    job,
    ours,
    part,
    principal,
    recorded_writes,
    run,
    stored,
    writes,
)  # fmt: skip
from tests.contract.connector.test_setup import FULL
from tests.contract.entra.meddling import hide
from tests.contract.sandbox.connecting import with_job

NOBODY = "5f0a0000-0000-4000-8000-0000000000fe"
OTHER_WAYS = {
    "new_job": "NotConfigured",
    "new_interval": "P10675199DT2H48M5.4775807S",
    "rule_suffix": "",
    "directories": "inline",
    "put_without_directories": "refused",
    "operators_in_capitals": True,
    "second_job": "refused",
}


def test_other_documented_answers_make_no_difference(gallery: Gallery) -> None:
    gallery.turn(**OTHER_WAYS)
    gallery.entra.applications.switches.duplicate_assignment = "409"
    gallery.configure(**FULL)
    assert run(gallery, "setup")["status"] == "succeeded"
    assert actions(run(gallery, "plan")) == []


def test_a_threshold_that_entra_refuses_without_an_address_fails_alone_and_nothing_runs(
    gallery: Gallery,
) -> None:
    gallery.turn(threshold_without_notice="refused")
    gallery.configure(delete_threshold=5)
    assert [w["code"] for w in part(run(gallery, "plan"))["warnings"]] == [
        "threshold_without_notice"
    ]
    failed = part(run(gallery, "setup", code=3))["failed"]
    assert "notification address" in failed[0]["error"]
    assert not job(gallery).running


def test_a_quarantine_is_told_and_not_ended(gallery: Gallery) -> None:
    run(gallery, "setup")
    job(gallery).quarantine = {"reason": "EncounteredQuarantineException", "error": None}
    planned = run(gallery, "plan")
    assert actions(planned) == []
    assert [w["code"] for w in part(planned)["warnings"]] == ["quarantine"]
    run(gallery, "setup")
    assert job(gallery).quarantine


def test_a_connector_that_a_person_made_is_taken_over_by_its_tag(gallery: Gallery) -> None:
    made = with_job(gallery.instantiated(name="by hand", notes=f"mine\n{TAG}"))
    made.save(SkipOutOfScopeDeletions="True")
    assert actions(run(gallery, "plan")) == ["update_application", "set_credentials", "start"]
    run(gallery, "setup")
    assert (ours(gallery)["displayName"], ours(gallery)["notes"]) == (NAME, f"mine\n{TAG}")
    assert stored(gallery)["SkipOutOfScopeDeletions"] == "True"
    assert actions(run(gallery, "plan")) == []


def test_a_tag_that_somebody_removed_is_written_again(gallery: Gallery) -> None:
    run(gallery, "setup")
    path = f"/applications/{ours(gallery)['id']}"
    gallery.graph.patch(path, json={"notes": "kept\n\n  as it is"}).raise_for_status()
    assert actions(run(gallery, "plan")) == ["update_application"]
    run(gallery, "setup")
    assert TAG in ours(gallery)["notes"].splitlines()
    assert ours(gallery)["notes"].startswith("kept\n\n  as it is\n")
    assert actions(run(gallery, "plan")) == []


def test_an_application_that_somebody_deleted_is_made_anew(gallery: Gallery) -> None:
    run(gallery, "setup")
    before = ours(gallery)["id"]
    gallery.graph.delete(f"/applications/{before}").raise_for_status()
    run(gallery, "setup")
    assert ours(gallery)["id"] != before
    assert actions(run(gallery, "plan")) == []


def test_another_machine_finds_it_by_its_tag(gallery: Gallery) -> None:
    gallery.configure(**FULL)
    run(gallery, "setup")
    gallery.stage.store_file.unlink()
    assert actions(run(gallery, "plan")) == [
        "set_credentials"
    ]  # which token was sent, nobody knows
    run(gallery, "setup")
    assert actions(run(gallery, "plan")) == []
    assert ours(gallery)["displayName"] == NAME


def test_two_at_once_are_one(gallery: Gallery) -> None:
    with gallery.stage.store() as store, store.lease(f"{TARGET}/connector", "another"):
        answer = gallery("setup")
    assert answer.exit_code == 1
    assert writes(gallery) == []


def test_whatever_is_sent_is_in_the_journal_before(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = recorded_writes(monkeypatch, gallery.stage.store_file)
    gallery.configure(**FULL)
    for words in ("setup",), ("stop",), ("start",), ("restart",), ("provision", "--user", ADA), (
        "remove", "--application",
    ):  # fmt: skip
        before = len(seen)
        gallery(*words)
        assert len(seen) > before, words
        assert all(count for _, count in seen[before:]), (words, seen[before:])


def test_a_role_that_the_application_has_not_is_refused(gallery: Gallery) -> None:
    run(gallery, "setup")
    gallery.configure(assign={"users": ["ada@contoso.com"], "role": "Admin"})
    answer = gallery("setup")
    assert answer.exit_code == 1
    assert "it has User, msiam_access" in answer.output


def test_nobody_of_this_name_is_an_error_before_any_write(gallery: Gallery) -> None:
    gallery.configure(assign={"users": ["nobody@contoso.com"]})
    answer = gallery("setup")
    assert answer.exit_code == 1
    assert "nobody@contoso.com" in answer.output
    assert writes(gallery) == []


@pytest.mark.parametrize(
    ("selector", "words"),
    [
        (
            {"name": "dbx-al"},
            "name 'dbx-al': none of the groups has this name; nearest: 'dbx-all'.",
        ),
        ({"id": NOBODY}, f"id '{NOBODY}': no group has this id."),
        ({"prefix": "dby-"}, "prefix 'dby-': no group has a name that starts so"),
        ({"filter": "displayName eq 'dby'"}, "no group matches."),
        ({"application": "Contoso Portal"}, "none of the enterprise applications has this name"),
        ({"application": NOBODY}, "no enterprise application has this object id"),
    ],
)
def test_a_selector_that_finds_nothing_is_an_error_and_unassigns_nobody(
    gallery: Gallery, selector: dict[str, str], words: str
) -> None:
    gallery.configure(assign={"groups": [{"name": "dbx-all"}]})
    assert part(run(gallery, "setup"))["applied"]["assign"] == 1
    mark = gallery.stage.box.log.mark()
    gallery.configure(assign={"groups": [selector], "users": ["zed@contoso.com"]})
    for command in ("plan", "setup"):
        answer = gallery(command)
        assert answer.exit_code == 1
        assert f"connector.assign.groups: {next(iter(selector))} " in answer.output
        assert words in answer.output
        assert "zed@contoso.com: nobody has this user name" in answer.output
        assert "Nothing was changed." in answer.output
    assert gallery.stage.box.log.writes("graph", after=mark) == ()


@pytest.mark.parametrize("by", ["prefix", "filter", "application"])
def test_whom_a_list_leaves_out_stays_assigned(
    gallery: Gallery, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    entra, graph = gallery.entra, gallery.stage.box._graph
    monkeypatch.setattr(graph, "app", graph.app)  # put back after the test
    app = entra.add_service_principal("Portal", "portal")
    left, other = (entra.add_group(f"lag-{name}") for name in ("left", "other"))
    assigned = [entra.assign(app, group) for group in (left, other)]
    lists = {"prefix": "lag-", "filter": "startswith(displayName,'lag-')", "application": app}
    gallery.configure(assign={"groups": [{by: lists[by]}]})
    assert part(run(gallery, "setup"))["applied"]["assign"] == 2
    hide(gallery.stage.box, left, times=1)
    assert actions(run(gallery, "plan")) == []
    entra.rename_group(left, "elsewhere")
    entra.unassign(assigned[0])
    assert actions(run(gallery, "plan")) == ["unassign"]


@pytest.mark.parametrize("template", [CONNECTOR, CONNECTOR.upper()])
def test_a_template_goes_by_id_too(gallery: Gallery, template: str) -> None:
    gallery.configure(template=template)
    run(gallery, "setup")
    assert ours(gallery)["applicationTemplateId"] == CONNECTOR


@pytest.mark.parametrize(
    ("template", "words"),
    [
        ("No such", "has no application 'No such'"),
        (NOBODY, f"has no application '{NOBODY}'"),
        (CUSTOM, "has no template dataBricks"),
    ],
)
def test_a_template_that_does_not_provision(gallery: Gallery, template: str, words: str) -> None:
    gallery.configure(template=template)
    answer = gallery("setup", "--format", "json")
    assert answer.exit_code in (1, 3)
    assert words in answer.output
    assert not gallery.entra.provisioning.jobs


def test_a_cloud_without_the_connector_is_a_clear_no(gallery: Gallery) -> None:
    tree = yaml.safe_load(gallery.stage.settings_file.read_text())
    tree["source"]["cloud"] = "china"
    gallery.stage.settings_file.write_text(yaml.safe_dump(tree))
    for words in (["plan"], ["setup"], ["remove"]):
        answer = gallery(*words)
        assert answer.exit_code == 1
        assert "aadsync sync" in answer.output
    assert not gallery.stage.box.log.select("graph")


def test_a_government_gallery_without_it_is_a_clear_no(gallery: Gallery) -> None:
    gallery.entra.applications.switches.cloud = "us_government"
    tree = yaml.safe_load(gallery.stage.settings_file.read_text())
    tree["source"]["cloud"] = "usgov"
    gallery.stage.settings_file.write_text(yaml.safe_dump(tree))
    answer = gallery("setup")
    assert answer.exit_code == 1
    assert "Azure Government" in answer.output
    assert "aadsync sync" in answer.output
    assert writes(gallery) == []


class TestTargets:
    """Two targets, each with a connector of its own."""

    @pytest.fixture
    def two(self, gallery: Gallery) -> Gallery:
        tree = yaml.safe_load(gallery.stage.settings_file.read_text())
        (first,) = tree["targets"]
        second = {**first, "name": "second", "account_id": "00000000-0000-4000-8000-00000000da7b"}
        base = f"{first['host']}/api/2.1/accounts/{first['account_id']}/scim/v2/"
        second["connector"] = {**first["connector"], "name": "another", "base_address": base}
        tree["targets"].append(second)
        gallery.stage.settings_file.write_text(yaml.safe_dump(tree))
        return gallery

    def test_each_has_its_own(self, two: Gallery) -> None:
        made = run(two, "setup")
        assert [t["target"] for t in made["targets"]] == [TARGET, "second"]
        tags = {a["displayName"]: a["notes"].splitlines()[0] for a in applications(two)}
        assert tags == {NAME: TAG, "another": "aadsync:contoso/second"}
        mark = two.stage.box.log.mark()
        run(two, "setup")
        assert writes(two, mark) == []

    def test_target_is_that_one(self, two: Gallery) -> None:
        run(two, "setup", "--target", "second")
        assert [a["displayName"] for a in applications(two)] == ["another"]
        assert [t["target"] for t in run(two, "plan", "--target", TARGET)["targets"]] == [TARGET]

    def test_no_such_target_is_a_usage_error(self, two: Gallery) -> None:
        answer = two("setup", "--target", "third")
        assert answer.exit_code == 2
        assert "third" in answer.output

    def test_one_that_fails_keeps_the_other_as_it_is(self, two: Gallery) -> None:
        two.instantiated(name="another", notes=None)
        assert two("setup").exit_code == 1
        assert len(applications(two)) == 1


def test_a_setup_is_shown_by_history_and_not_taken_back_by_undo(gallery: Gallery) -> None:
    from click.testing import CliRunner

    from aadsync_lib.cli.app import main

    made = run(gallery, "setup")
    config = ["-c", str(gallery.stage.settings_file)]
    shown = CliRunner().invoke(main, ["history", made["run_id"], *config])
    assert shown.exit_code == 0
    assert "account/connector" in shown.output
    undone = CliRunner().invoke(main, ["undo", made["run_id"], *config])
    assert undone.exit_code == 2
    assert "connector" in undone.output
    listed = CliRunner().invoke(main, ["history", "--format", "json", *config])
    assert made["run_id"] in json.dumps(json.loads(listed.stdout))
    assert principal(gallery)


class TestInPart:
    """Setups of which a part fails, or cannot be read."""

    @pytest.mark.parametrize("lost", [False, True])
    def test_an_application_whose_other_half_cannot_be_read_is_found_by_the_next_one(
        self, gallery: Gallery, *, lost: bool
    ) -> None:
        faults = gallery.stage.box.faults
        if lost:
            faults.add(Fault("lost", side="graph", path="instantiate"))
            faults.add(Fault("400", side="graph", path="/v1.0/applications", skip=2))
        else:
            faults.add(Fault("400", side="graph", path="/servicePrincipals"))
        failed = part(run(gallery, "setup", code=1))["failed"]
        assert failed[0]["action"] == "create_application"
        faults.clear()
        assert run(gallery, "setup")["status"] == "succeeded"
        assert ours(gallery)["displayName"] == NAME

    def test_a_login_that_ends_on_the_way_leaves_what_the_next_one_finishes(
        self, gallery: Gallery
    ) -> None:
        gallery.stage.box.faults.add(Fault("401", side="graph", method="POST", path="/jobs$"))
        answer = gallery("setup")
        assert answer.exit_code == 3
        assert "broken off" in answer.output
        with gallery.stage.store() as store:
            assert [record.status for record in store.runs()] == ["failed"]
        assert run(gallery, "setup")["status"] == "succeeded"
        assert job(gallery).running

    def test_an_assignment_that_cannot_be_withdrawn_is_tried_again(self, gallery: Gallery) -> None:
        gallery.configure(**FULL)
        run(gallery, "setup")
        gallery.configure(assign={"groups": [], "users": []})
        gallery.stage.box.faults.add(Fault("400", side="graph", method="DELETE"))
        assert part(run(gallery, "setup", code=3))["applied"] == {"unassign": 1}
        assert part(run(gallery, "setup"))["applied"] == {"unassign": 1}

    def test_nobody_is_unassigned_while_a_selector_is_unread(self, gallery: Gallery) -> None:
        gallery.configure(**FULL)
        run(gallery, "setup")
        groups = [{"prefix": "dbx-"}, {"name": "dbx-all"}]
        gallery.configure(assign={"groups": groups, "users": []})
        key = gallery.stage.box.faults.add(
            Fault("403", side="graph", path="startswith", count=None)
        )
        planned = run(gallery, "plan")
        assert gallery.stage.box.faults.fired_by(key)
        assert actions(planned) == []
        assert "unread" in [w["code"] for w in part(planned)["warnings"]]
        assert run(gallery, "setup", code=3)["status"] == "partial"
        gallery.stage.box.faults.clear()
        assert actions(run(gallery, "plan")) == ["unassign"]

    def test_whom_somebody_else_assigned_in_the_same_moment_is_theirs(
        self, gallery: Gallery
    ) -> None:
        run(gallery, "setup")
        gallery.entra.applications.switches.assignments_unlisted = 1
        path = f"/servicePrincipals/{principal(gallery)}/appRoleAssignedTo"
        ada = next(
            key
            for key in gallery.entra.ids("user")
            if gallery.entra.objects[key]["userPrincipalName"] == "ada@contoso.com"
        )
        body = {"principalId": ada, "resourceId": principal(gallery), "appRoleId": USER_ROLE}
        gallery.graph.post(path, json=body).raise_for_status()
        gallery.configure(assign={"users": ["ada@contoso.com"]})
        assert part(run(gallery, "setup"))["applied"] == {"assign": 1}
        gallery.configure(assign={"users": []})
        planned = run(gallery, "plan")
        assert actions(planned) == []
        assert [w["code"] for w in part(planned)["warnings"]] == ["assigned_by_others"]

    def test_an_application_assigned_to_a_service_principal_is_told(self, gallery: Gallery) -> None:
        entra = gallery.entra
        app = next(k for k in entra.ids("servicePrincipal") if entra.objects[k].get("appId"))
        robot = entra.add_service_principal("robot", "5f0a0000-0000-4000-8000-0000000000ff")
        entra.assign(app, robot, NO_ROLE)
        gallery.configure(assign={"groups": [{"application": app}]})
        planned = run(gallery, "plan")
        assert "not_provisioned" in [w["code"] for w in part(planned)["warnings"]]
        assert "assign" not in actions(planned)

    def test_a_schema_without_groups_is_a_problem_where_these_are_named(
        self, gallery: Gallery
    ) -> None:
        run(gallery, "setup")
        path = (
            f"/servicePrincipals/{principal(gallery)}/synchronization/jobs/{job(gallery).id}/schema"
        )
        schema = gallery.graph.get(path).json()
        (rule,) = schema["synchronizationRules"]
        rule["objectMappings"] = [
            m for m in rule["objectMappings"] if m["sourceObjectName"] == "User"
        ]
        gallery.graph.put(path, json=schema).raise_for_status()
        gallery.configure(mappings={"groups": {"displayName": "mail"}, "users": {"noSuch": "mail"}})
        answer = gallery("plan")
        assert answer.exit_code == 1
        assert "provisions no groups" in answer.output
        assert "noSuch" in answer.output

    def test_other_jobs_and_secrets_that_nobody_can_read_are_told(self, gallery: Gallery) -> None:
        made = with_job(gallery.instantiated())
        with_job(made)
        made.save(ClientSecret="x")
        codes = [w["code"] for w in part(run(gallery, "plan"))["warnings"]]
        assert codes == ["secret_lost", "several_jobs"]


def test_a_mapping_that_is_new_is_added(gallery: Gallery) -> None:
    gallery.configure(
        mappings={"users": {"title": "jobTitle"}, "groups": {"displayName": "mailNickname"}}
    )
    run(gallery, "setup")
    (rule,) = job(gallery).schema["synchronizationRules"]
    rows = [row for m in rule["objectMappings"] for row in m["attributeMappings"]]
    sources = {row["targetAttributeName"]: row["source"]["name"] for row in rows}
    assert (sources["title"], sources["userName"]) == ("jobTitle", "userPrincipalName")
    assert actions(run(gallery, "plan")) == []


@pytest.mark.parametrize("form", ["text", "markdown", "html"])
def test_every_command_shows_in_every_format_of_what_it_is(gallery: Gallery, form: str) -> None:
    gallery.configure(**FULL)
    person = ("provision", "--user", "ada@contoso.com")
    each = ("plan", "setup", "setup", "status", "stop", "start", "restart", person, "compare")
    for words in (*each, "remove"):
        answer = gallery(*([words] if isinstance(words, str) else words), "--format", form)
        assert answer.exit_code in (0, 3)
        shown = answer.output.replace("\\", "")
        assert "contoso" in shown
        assert gallery.stage.box.tenant_id in shown, words
        assert gallery.stage.box.account_id in shown, words


def test_people_go_by_id_and_by_mail(gallery: Gallery) -> None:
    entra = gallery.entra
    people = {entra.objects[k]["userPrincipalName"]: k for k in entra.ids("user")}
    ada, other = people.pop("ada@contoso.com"), next(iter(people.values()))
    entra.update(other, mail="shared@contoso.com")
    gallery.configure(assign={"users": [ada, "Shared@contoso.com"]})
    assert actions(run(gallery, "plan")).count("assign") == 2
    entra.update(ada, mail="shared@contoso.com")
    answer = gallery("plan")
    assert answer.exit_code == 1
    assert "several people have it" in answer.output
    gallery.configure(assign={"users": [NOBODY]})
    assert "nobody has this user name" in gallery("plan").output


def test_a_template_that_is_there_twice_goes_by_id(gallery: Gallery) -> None:
    known = gallery.entra.applications
    twin = {"id": NOBODY, "displayName": "Azure Databricks SCIM Provisioning Connector"}
    known.templates = [{**twin, "id": CONNECTOR}, twin]
    answer = gallery("plan")
    assert answer.exit_code == 1
    assert NOBODY in answer.output
    known.templates = [{**twin, "displayName": "Databricks SCIM", "id": CONNECTOR}]
    assert "create_application" in actions(run(gallery, "plan"))
