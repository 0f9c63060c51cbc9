"""Restarts, requests on demand, and the answers to these."""

from __future__ import annotations

import json
from typing import Any

import pytest

from aadsync_lib.connector.operations.answers import EQUAL_WORDS, NEW_ASSIGNMENT, result_of
from aadsync_lib.connector.operations.as_json import result_to_json
from aadsync_lib.connector.operations.document import result_document
from aadsync_lib.connector.operations.reset import SCOPES, effects, restart_body
from aadsync_lib.connector.operations.subjects import Asked, Subject, demand_body
from aadsync_lib.errors import AadsyncError, UsageError
from aadsync_lib.model.connector import ConnectorResult, Ending, Step, TargetResult
from aadsync_lib.model.identity import Kind
from aadsync_lib.report.terminal import as_text

CLASS = "Microsoft.Identity.Health.CPP.Common.DataContracts.SyncFabric.StatusInfo"


class TestReset:
    """What a restart resets."""

    @pytest.mark.parametrize(("name", "scope"), SCOPES.items())
    def test_each_is_graphs_word(self, name: str, scope: str) -> None:
        assert restart_body([name]) == {"criteria": {"resetScope": scope}}
        assert effects([name])

    def test_several_are_one_text_with_commas(self) -> None:
        body = restart_body(["watermark", "escrows", "watermark", "allow_deletes"])
        assert body["criteria"]["resetScope"] == "Watermark, Escrows, ForceDeletes"

    def test_none_is_what_the_portals_button_does(self) -> None:
        assert restart_body([])["criteria"]["resetScope"] == "QuarantineState, Watermark, Escrows"

    def test_another_is_refused(self) -> None:
        with pytest.raises(UsageError, match="nothing, ConnectorDataStore: no such reset"):
            restart_body(["nothing", "full", "ConnectorDataStore"])


SCHEMA = {
    "synchronizationRules": [
        {"id": "groups#V2", "objectMappings": [{"sourceObjectName": "Group"}]},
        {"id": "off", "objectMappings": [{"sourceObjectName": "User", "enabled": False}]},
        {"id": "people#V2", "objectMappings": [{"sourceObjectName": "user", "enabled": True}]},
    ]
}


class TestRequest:
    """The body of a request, and what no request can say."""

    def test_a_rule_is_found_by_what_it_maps(self) -> None:
        (parameters,) = demand_body(SCHEMA, Subject("u1", "Ada", Kind.USER))["parameters"]
        assert parameters["ruleId"] == "people#V2"
        assert parameters["subjects"] == [{"objectId": "u1", "objectTypeName": "User"}]

    def test_members_hang_in_the_group(self) -> None:
        ada = Subject("u1", "Ada", Kind.USER)
        group = Subject("g1", "Data", Kind.GROUP, (ada,))
        (parameters,) = demand_body(SCHEMA, group)["parameters"]
        assert parameters["ruleId"] == "groups#V2"
        (subject,) = parameters["subjects"]
        assert subject["links"] == {"members": [{"objectId": "u1", "objectTypeName": "User"}]}

    def test_a_mapping_that_is_switched_off_is_taken_where_there_is_no_other(self) -> None:
        rules = {"synchronizationRules": [SCHEMA["synchronizationRules"][1]]}
        assert demand_body(rules, Subject("u", "A", Kind.USER))["parameters"][0]["ruleId"] == "off"

    @pytest.mark.parametrize(
        "schema", [{}, {"synchronizationRules": None}, {"synchronizationRules": [{}]}]
    )
    def test_a_schema_without_such_a_rule_is_an_error(self, schema: dict[str, Any]) -> None:
        with pytest.raises(AadsyncError, match="no rule that maps users"):
            demand_body(schema, Subject("u", "A", Kind.USER))

    @pytest.mark.parametrize(
        "asked",
        [
            Asked(),
            Asked("a", "b"),
            Asked("a", None, ("c",)),
            Asked(None, "g", tuple("abcdef")),
        ],
    )
    def test_what_no_request_can_say_is_a_usage_error(self, asked: Asked) -> None:
        with pytest.raises(UsageError):
            asked.check()

    def test_five_members_are_allowed(self) -> None:
        Asked(None, "g", tuple("abcde")).check()
        Asked("u").check()


def pair(key: Any, value: Any) -> dict[str, str]:
    texts = [part if isinstance(part, str) else json.dumps(part) for part in (key, value)]
    return dict(zip(("key", "value"), texts, strict=True))


def head(result: str, code: str | None = None, message: str | None = None) -> dict[str, Any]:
    return {"result": result, "details": {"errorCode": code, "errorMessage": message}}


STEPS = [
    {"provisioningStepType": "import", "name": "EntryImportAdd", "status": "Success", "description": "Got Ada"},
    {"provisioningStepType": "scoping", "name": "EntrySynchronizationScoping", "status": "Success"},
    {"provisioningStepType": "export", "name": "EntryExportAdd", "status": "Success", "description": "Made Ada"},
]  # fmt: skip


class TestAnswer:
    """Both shapes of an answer, in words."""

    def test_a_success_names_each_step_and_what_was_written(self) -> None:
        body = {
            "provisioningSteps": STEPS,
            "statusInfo": {"status": "Success"},
            "modifiedProperties": [{"displayName": "userName", "newValue": "ada@contoso.com"}],
        }
        result = result_of("account", pair(head("Success"), body))
        assert result.status is Ending.DONE
        assert [step.name for step in result.steps] == [
            "Read from Entra", "Is it in scope", "Write to Databricks",
        ]  # fmt: skip
        assert result.steps[-1].detail == "Made Ada; sets userName = ada@contoso.com"

    def test_already_equal_is_good(self) -> None:
        result = result_of("a", pair(head("Skipped", "RedundantExport", "x"), {}))
        assert result.status is Ending.UNCHANGED
        assert result.steps == (Step("Result", "Skipped", EQUAL_WORDS),)

    def test_somebody_unassigned_is_skipped_and_hears_that_it_may_take_minutes(self) -> None:
        steps = [
            {"provisioningStepType": "scoping", "status": "Skipped", "description": "Not assigned"}
        ]
        body = {
            "provisioningSteps": steps,
            "statusInfo": {"status": "Skipped", "errorCode": "NotEffectivelyEntitled"},
        }
        result = result_of("a", pair(head("Skipped", "NotEffectivelyEntitled"), body))
        assert result.status is Ending.SKIPPED
        assert NEW_ASSIGNMENT in result.steps[0].detail

    def test_a_failure_has_microsofts_words(self) -> None:
        info = {
            "status": "Failure",
            "errorCode": "X",
            "reason": "No.",
            "recommendedAction": "Do it.",
        }
        result = result_of("a", pair(head("Failure"), {"statusInfo": info}))
        assert result.status is Ending.FAILED
        assert result.steps[0].detail == "X: No. Do it"

    def test_a_list_of_objects_ends_as_the_worst_of_them(self) -> None:
        bodies = [
            {"sourceIdentity": {"displayName": "Data"}, "statusInfo": {"status": "Success"}},
            {"sourceIdentity": {"displayName": "Ada"}, "statusInfo": {"status": "Failure", "errorCode": "Conflict"}},
        ]  # fmt: skip
        result = result_of("a", pair(CLASS, bodies))
        assert result.status is Ending.FAILED
        assert [(step.name, step.status) for step in result.steps] == [
            ("Data", "Success"), ("Ada", "Failure"),
        ]  # fmt: skip
        assert "another object" in result.steps[1].detail

    def test_a_list_of_bare_status_objects_and_of_json_texts_is_read(self) -> None:
        bare = {"status": "Success", "errorCode": None, "reason": None}
        assert result_of("a", pair(CLASS, [bare])).status is Ending.DONE
        assert result_of("a", pair(CLASS, [json.dumps(bare)])).status is Ending.DONE

    def test_all_equal_in_a_list_is_unchanged(self) -> None:
        equal = {"statusInfo": {"status": "Skipped", "errorCode": "RedundantExport"}}
        assert result_of("a", pair(CLASS, [equal, equal])).status is Ending.UNCHANGED

    def test_a_group_may_come_with_an_empty_value(self) -> None:
        result = result_of("a", pair(head("Success"), "{}"))
        assert (result.status, result.steps) == (Ending.DONE, (Step("Result", "Success"),))

    def test_a_result_that_is_not_known_is_shown_and_is_no_success(self) -> None:
        result = result_of("a", pair(head("Pondering"), {}))
        assert (result.status, result.steps[0].status) == (Ending.FAILED, "Pondering")

    @pytest.mark.parametrize(
        "answer", [{}, {"key": None, "value": None}, {"key": "x", "value": "["}, pair("x", [])]
    )
    def test_an_answer_that_says_nothing_is_no_success(self, answer: dict[str, Any]) -> None:
        assert result_of("a", answer).status is Ending.FAILED

    def test_a_step_of_an_unknown_kind_keeps_its_name(self) -> None:
        body = {
            "provisioningSteps": [{"name": "Levitate", "status": "Success"}, "x"],
            "statusInfo": None,
        }
        assert result_of("a", pair(head("Success"), body)).steps == (Step("Levitate", "Success"),)


class TestResult:
    """How a command ends, and what it shows."""

    @pytest.mark.parametrize(
        ("targets", "code"),
        [
            ([Ending.DONE, Ending.UNCHANGED], 0),
            ([Ending.DONE, Ending.FAILED], 3),
            ([Ending.SKIPPED], 3),
            ([Ending.FAILED], 3),
        ],
    )
    def test_its_exit_code(self, targets: list[Ending], code: int) -> None:
        results = tuple(TargetResult(f"t{n}", done) for n, done in enumerate(targets))
        assert ConnectorResult("s", "provision", results).exit_code == code

    def test_it_is_1_where_nothing_could_be_tried(self) -> None:
        lost = TargetResult("t", Ending.FAILED, impossible=True)
        assert ConnectorResult("s", "start", (lost,)).exit_code == 1
        assert ConnectorResult("s", "start", (lost, TargetResult("u", Ending.DONE))).exit_code == 3

    def test_it_is_shown_step_by_step(self) -> None:
        steps = (Step("Restart", "done", "the quarantine ends"),)
        result = ConnectorResult("s", "restart", (TargetResult("t", Ending.DONE, steps),))
        text = as_text(result_document(result))
        assert "Restart the connector of s" in text
        assert "the quarantine ends" in text
        assert result_to_json(result)["targets"] == [
            {
                "target": "t",
                "status": "done",
                "steps": [{"name": "Restart", "status": "done", "detail": "the quarantine ends"}],
            }
        ]
