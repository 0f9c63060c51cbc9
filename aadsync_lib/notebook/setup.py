"""Preparation of a first sync in a workspace: secret scopes, tables, and everything that doctor checks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from aadsync_lib.config.references import references
from aadsync_lib.config.settings import Settings
from aadsync_lib.doctor.examine import Finding, doctor
from aadsync_lib.errors import AadsyncError
from aadsync_lib.notebook.platform import Platform
from aadsync_lib.notebook.settings_file import is_folder, volume_of_reports
from aadsync_lib.ports import Clock
from aadsync_lib.secrets import SecretResolver
from aadsync_lib.wiring import open_store

if TYPE_CHECKING:
    from databricks.sdk import WorkspaceClient


def set_up(
    settings: Settings, secrets: SecretResolver, clock: Clock, platform: Platform
) -> tuple[Finding, ...]:
    """Make the secret scopes and the tables that are missing, then check everything."""
    scopes = tuple(_scopes(settings, secrets))
    made = (*scopes, *_tables(settings, clock, platform.spark))
    found = doctor(
        settings, secrets=secrets, clock=clock, dbutils=platform.dbutils, spark=platform.spark
    )
    missing = {finding.check for finding in scopes if finding.status == "failed"}
    unread = {
        f"secret {owner}.{key}"
        for owner, key, ref in references(settings.logins())
        if ref.secret and f"secret {ref.secret}" in missing
    }
    return (*made, *(each for each in found if each.check not in unread))


def _scopes(settings: Settings, secrets: SecretResolver) -> Iterator[Finding]:
    places = [ref.secret.split("/") for _, _, ref in references(settings.logins()) if ref.secret]
    if not places:
        return
    try:
        yield from _missing_scopes(places)
    except Exception as error:  # noqa: BLE001 - whatever the SDK raises is a finding
        why = secrets.redact(f"{type(error).__name__}: {error}")
        yield Finding(
            "secret scopes",
            "warning",
            f"could not be listed ({why}).",
            "Ask a workspace admin to create them; the checks below say which are missing.",
        )


def _missing_scopes(places: list[list[str]]) -> Iterator[Finding]:
    from databricks.sdk import WorkspaceClient

    client = WorkspaceClient()
    there = {scope.name for scope in client.secrets.list_scopes()}
    for scope in dict.fromkeys(scope for scope, _ in places):
        if scope not in there:
            client.secrets.create_scope(scope)
            yield Finding(f"secret scope {scope}", "ok", "was created; it holds nothing yet.")
    yield from (_missing_key(scope, key) for scope, key in _absent(client, places))


def _absent(client: WorkspaceClient, places: list[list[str]]) -> Iterator[tuple[str, str]]:
    for scope in dict.fromkeys(scope for scope, _ in places):
        keys = {secret.key for secret in client.secrets.list_secrets(scope)}
        yield from ((scope, key) for place, key in places if place == scope and key not in keys)


def _missing_key(scope: str, key: str) -> Finding:
    remedy = f"Put it there, from a terminal: databricks secrets put-secret {scope} {key}"
    return Finding(f"secret {scope}/{key}", "failed", "is not there.", remedy)


def _tables(settings: Settings, clock: Clock, spark: Any) -> Iterator[Finding]:
    """Make the schema, its tables, and a volume for reports, as far as they are missing."""
    if settings.store.delta is None:
        return
    schema = ".".join(f"`{part}`" for part in settings.store.delta.split("."))
    tables = _opened(settings, clock, spark)
    if tables.status == "failed" and _makes(spark, f"CREATE SCHEMA IF NOT EXISTS {schema}"):
        tables = _opened(settings, clock, spark)
    yield tables
    if tables.status == "ok":
        yield _volume(volume_of_reports(settings.store.delta), schema, spark)


def _opened(settings: Settings, clock: Clock, spark: Any) -> Finding:
    try:
        with open_store(settings, clock, spark=spark):
            return Finding("tables", "ok", f"{settings.store.delta} has them.")
    except AadsyncError as error:
        return Finding("tables", "failed", str(error))


def _volume(path: str, schema: str, spark: Any) -> Finding:
    if is_folder(path) or _makes(spark, f"CREATE VOLUME IF NOT EXISTS {schema}.`reports`"):
        return Finding("reports", "ok", f"plans and full reports are kept in {path}.")
    remedy = f"Ask the owner of {schema} for CREATE VOLUME, or name another folder in reports."
    return Finding(
        "reports", "warning", "no volume could be made: full reports are not kept.", remedy
    )


def _makes(spark: Any, statement: str) -> bool:
    try:
        spark.sql(statement).collect()
    except Exception:  # noqa: BLE001 - whatever Spark raises, what is missing is told as a finding
        return False
    return True
