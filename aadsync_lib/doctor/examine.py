"""Examination of everything that a sync needs, one finding a line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from aadsync_lib.auth import read_vaults
from aadsync_lib.clock import SystemClock
from aadsync_lib.config.settings import Settings
from aadsync_lib.doctor.credentials import check_credentials
from aadsync_lib.doctor.databricks import check_targets
from aadsync_lib.doctor.entra import check_graph, check_login
from aadsync_lib.doctor.finding import CheckContext, Finding
from aadsync_lib.doctor.protection import check_protected
from aadsync_lib.doctor.scope import check_scope
from aadsync_lib.doctor.settings import check_secrets, check_settings
from aadsync_lib.doctor.store import check_store
from aadsync_lib.doctor.workspaces import check_workspaces
from aadsync_lib.ports import Clock
from aadsync_lib.secrets import SecretResolver

__all__ = ["Finding", "doctor"]

CHECKS: tuple[Callable[[CheckContext], Iterator[Finding]], ...] = (
    check_settings,
    check_secrets,
    check_login,
    check_credentials,
    check_graph,
    check_scope,
    check_targets,
    check_protected,
    check_workspaces,
    check_store,
)


def doctor(
    settings: Settings,
    *,
    secrets: SecretResolver | None = None,
    clock: Clock | None = None,
    dbutils: Any = None,
    spark: Any = None,
) -> tuple[Finding, ...]:
    """Run every check; a failed one skips those that need it."""
    context = CheckContext(
        settings, secrets or SecretResolver(), clock or SystemClock(), dbutils, spark
    )
    read_vaults(context.secrets, settings.source, dbutils=dbutils, folder=settings.folder)
    return tuple(finding for check in CHECKS for finding in check(context))
