"""Runs as the Jobs API shows them."""

from __future__ import annotations

from aadsync_lib.sandbox.databricks.errors import bad_request
from aadsync_lib.sandbox.databricks.records import JsonObject
from tests.workspace_lab.running.graph import (
    CANCELED,
    FAILED,
    NOT_STARTED,
    SUCCESS,
    TIMEDOUT,
    TOO_MANY,
)
from tests.workspace_lab.running.records import ENDED, JobRun, TaskRun

OUTPUT_LIMIT = 5 * 1024 * 1024  # characters that get-output answers with
CODES = {
    "SUCCESS": "SUCCESS",
    "SUCCESS_WITH_FAILURES": "SUCCESS_WITH_FAILURES",
    "FAILED": "RUN_EXECUTION_ERROR",
    "CANCELED": "USER_CANCELED",
    "TIMEDOUT": "CANCELED",
    TOO_MANY: "MAX_CONCURRENT_RUNS_EXCEEDED",
}
TYPES = ("notebook_task", "python_wheel_task", "run_job_task", "condition_task", "for_each_task")
RESOLVED = {"notebook_task": "base_parameters", "run_job_task": "job_parameters"}
PLAIN = ("task_key", "description", "run_if", "depends_on", "environment_key", "libraries")


def job_run(run: JobRun, page: str, *, tasks: bool = True) -> JsonObject:
    shown = _facts(run, page) | {
        "number_in_job": run.run_id,
        "original_attempt_run_id": run.run_id,
        "run_name": run.name,
        "trigger": "RUN_JOB_TASK" if run.trigger else "ONE_TIME",
        "job_parameters": [
            {"name": name, "default": run.defaults.get(name, ""), "value": value}
            for name, value in run.parameters.items()
        ],
        "state": _run_state(run),
        "status": _status(run),
    }
    if run.trigger:
        shown["trigger_info"] = {"run_id": run.trigger.task.run_id}
    return shown | ({"tasks": [task_run(run, t, page) for t in run.tasks]} if tasks else {})


def task_run(run: JobRun, task: TaskRun, page: str) -> JsonObject:
    shown = {name: task.settings[name] for name in PLAIN if name in task.settings}
    shown |= {
        "run_id": task.run_id,
        "attempt_number": task.attempt,
        "start_time": task.started,
        "end_time": task.ended,
        "setup_duration": 0,
        "execution_duration": max(0, task.ended - task.started),
        "cleanup_duration": 0,
        "run_page_url": f"{page}#job/{run.job_id}/run/{task.run_id}",
        "state": _state(task),
        "status": _status(task),
    }
    for name in TYPES:
        if name in task.settings:
            shown[name] = task.settings[name] | _progress(name, task)
    for name, parameters in RESOLVED.items():
        if name in task.settings and task.parameters:
            shown["resolved_values"] = {name: {parameters: task.parameters}}
    return shown


def single_task_run(run: JobRun, task: TaskRun, page: str) -> JsonObject:
    """A run of one task where a run is asked for."""
    shown = task_run(run, task, page) | {
        "job_id": run.job_id,
        "job_run_id": run.run_id,
        "run_name": task.key,
        "run_type": "JOB_RUN",
        "number_in_job": task.run_id,
        "original_attempt_run_id": task.first_run_id or task.run_id,
    }
    if task.iterations:
        shown["iterations"] = [task_run(run, item, page) for item in task.iterations]
    return shown


def output(run: JobRun, task: TaskRun, page: str) -> JsonObject:
    if task.state != ENDED:
        raise bad_request(f"Run {task.run_id} has not ended yet. Its output is not available.")
    shown: JsonObject = {"metadata": single_task_run(run, task, page)}
    if "notebook_task" in task.settings:
        result = task.exit or ""
        cut = len(result) > OUTPUT_LIMIT
        shown["notebook_output"] = {"truncated": cut}
        if task.exit is not None:
            shown["notebook_output"]["result"] = result[:OUTPUT_LIMIT]
    elif "python_wheel_task" in task.settings:
        shown["logs"] = task.logs[-OUTPUT_LIMIT:]
        shown["logs_truncated"] = len(task.logs) > OUTPUT_LIMIT
    elif task.started_run is not None:
        shown["run_job_output"] = {"run_id": task.started_run}
    if task.error is not None:
        shown["error"] = task.error
    if task.error_trace is not None:
        shown["error_trace"] = task.error_trace
    return shown


def _facts(run: JobRun, page: str) -> JsonObject:
    return {
        "job_id": run.job_id,
        "run_id": run.run_id,
        "job_run_id": run.run_id,
        "run_type": "JOB_RUN",
        "start_time": run.started,
        "end_time": run.ended,
        "run_duration": max(0, run.ended - run.started),
        "run_page_url": f"{page}#job/{run.job_id}/run/{run.run_id}",
    }


def _run_state(run: JobRun) -> JsonObject:
    """A failed run is an internal error in this old field; its tasks are not."""
    state = _state(run)
    return state | ({"life_cycle_state": "INTERNAL_ERROR"} if run.result == FAILED else {})


def _state(run: JobRun | TaskRun) -> JsonObject:
    if run.state != ENDED or run.result is None:
        state: JsonObject = {"life_cycle_state": run.state, "state_message": run.message}
        return state | {"user_cancelled_or_timedout": False}
    return {
        "life_cycle_state": "SKIPPED" if run.result in NOT_STARTED else "TERMINATED",
        "result_state": run.result,
        "state_message": run.message,
        "user_cancelled_or_timedout": run.result in {CANCELED, TIMEDOUT},
    }


def _status(run: JobRun | TaskRun) -> JsonObject:
    if run.state != ENDED or run.result is None:
        status: JsonObject = {"state": "WAITING" if run.state == "WAITING_FOR_RETRY" else run.state}
        if run.state == "QUEUED":
            status["queue_details"] = {"code": "MAX_CONCURRENT_RUNS_REACHED"}
        return status
    code = CODES.get(run.result, "SKIPPED")
    kind = "SUCCESS" if code.startswith(SUCCESS) else "CLIENT_ERROR"
    details = {"code": code, "type": kind, "message": run.message}
    return {"state": "TERMINATED", "termination_details": details}


def _progress(kind: str, task: TaskRun) -> JsonObject:
    if kind == "condition_task" and task.outcome is not None:
        return {"outcome": task.outcome}
    if kind != "for_each_task":
        return {}
    latest = {item.first_run_id or item.run_id: item for item in task.iterations}.values()
    ended = [item for item in latest if item.state == ENDED]
    good = sum(item.result == SUCCESS for item in ended)
    stats: JsonObject = {
        "total_iterations": task.total,
        "scheduled_iterations": len(latest),
        "active_iterations": len(latest) - len(ended),
        "completed_iterations": len(ended),
        "succeeded_iterations": good,
        "failed_iterations": len(ended) - good,
    }
    errors: dict[str, int] = {}
    for item in ended:
        if item.error is not None:
            errors[item.error] = errors.get(item.error, 0) + 1
    often = sorted(errors.items(), key=lambda pair: -pair[1])[:3]
    messages = [{"error_message": text, "count": count} for text, count in often]
    return {"stats": {"task_run_stats": stats, "error_message_stats": messages}}
