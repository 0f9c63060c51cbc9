"""Clients of the workspaces of a target, from its settings."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from aadsync_lib.apply.pacing import Pacer
from aadsync_lib.config.settings import TargetSettings
from aadsync_lib.databricks.assignments import WorkspacesOfAccount
from aadsync_lib.databricks.client import Api, ScimClient
from aadsync_lib.databricks.entitlements import ROOT, WorkspaceScim
from aadsync_lib.model.assignment import WorkspaceId
from aadsync_lib.model.rates import ACCESS_RATES, WORKSPACE_RATES, Verb
from aadsync_lib.ports import Clock


def open_workspaces(
    settings: TargetSettings,
    api: Api,
    log_in: Callable[[TargetSettings], Api],
    clock: Clock,
    pacer: Pacer | None = None,
) -> WorkspacesOfAccount:
    """Return what reaches the workspaces of a target, whose own requests ``api`` sends.

    A workspace of an account is logged in to at its own host, with the login of the target, once something
    is to be read or changed there: ``log_in`` returns what sends requests there. ``pacer`` is that of a
    target that is a workspace, whose limits all of its requests share.
    """
    pace, account = settings.pace, None
    scims: dict[WorkspaceId, Callable[[], WorkspaceScim]] = {}
    if settings.level == "account":
        paced = Pacer(dict.fromkeys(Verb, ACCESS_RATES[Verb.ASSIGNMENT]), pace, clock)
        root = f"/api/2.0/accounts/{settings.account_id}"
        account = ScimClient(api, root, pacer=paced, clock=clock)
        for workspace in settings.workspaces:
            at_home = settings.model_copy(
                update={"level": "workspace", "host": workspace.host, "account_id": None}
            )
            scims[workspace.workspace_id] = partial(_logged_in, at_home, log_in, clock)
    else:
        scims[None] = partial(_scim, api, pacer or Pacer(WORKSPACE_RATES, pace, clock), clock)
    rates = {verb: rate * pace for verb, rate in ACCESS_RATES.items()}
    return WorkspacesOfAccount(account, scims, rates)


def _logged_in(
    settings: TargetSettings, log_in: Callable[[TargetSettings], Api], clock: Clock
) -> WorkspaceScim:
    return _scim(log_in(settings), Pacer(WORKSPACE_RATES, settings.pace, clock), clock)


def _scim(api: Api, pacer: Pacer, clock: Clock) -> WorkspaceScim:
    return WorkspaceScim(ScimClient(api, ROOT, pacer=pacer, clock=clock), clock)
