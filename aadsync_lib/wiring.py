"""The composition root: from settings to a planner, or to a runner, which writes."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

from aadsync_lib.clock import SystemClock
from aadsync_lib.config.digest import settings_digest
from aadsync_lib.config.settings import Settings, TargetSettings
from aadsync_lib.engine.planner import Planner
from aadsync_lib.engine.runner import Consent, Runner
from aadsync_lib.errors import UsageError
from aadsync_lib.own_words import joined, own
from aadsync_lib.ports import Clock, HistoryReader, Progress, Source, Store, Target
from aadsync_lib.secrets import Secret, SecretResolver
from aadsync_lib.workspace_port import Assignments

if TYPE_CHECKING:
    from aadsync_lib.config.scope import Scope
    from aadsync_lib.connector.compare.run import Comparer
    from aadsync_lib.connector.connectors import Connectors
    from aadsync_lib.graph.calls import GraphCalls
    from aadsync_lib.model.directory import Snapshot


def open_planner(
    settings: Settings,
    *,
    only: str | None = None,
    secrets: SecretResolver | None = None,
    clock: Clock | None = None,
    spark: Any = None,
    dbutils: Any = None,
    by: str | None = None,
) -> Planner:
    """Build the planner of these settings, for all targets or ``only`` one. ``by`` names whoever asks.

    ``spark`` and ``dbutils`` are a notebook's, for a store in Delta tables and a service credential.
    """
    reader = open_reader(settings, spark=spark)
    return _planner(settings, reader, only, secrets, clock or SystemClock(), dbutils, by)


@contextmanager
def open_runner(
    settings: Settings,
    *,
    only: str | None = None,
    progress: Progress | None = None,
    secrets: SecretResolver | None = None,
    clock: Clock | None = None,
    spark: Any = None,
    dbutils: Any = None,
    by: str | None = None,
    consent: Consent | None = None,
) -> Iterator[Runner]:
    """Open the store, and build what applies plans and records them; ``consent`` is asked before the first write."""
    now = clock or SystemClock()
    with open_store(settings, now, spark=spark) as store:
        planner = _planner(settings, store, only, secrets, now, dbutils, by)
        yield Runner(planner, store, progress, consent)


@contextmanager
def open_connector(
    settings: Settings,
    *,
    only: str | None = None,
    write: bool = False,
    secrets: SecretResolver | None = None,
    clock: Clock | None = None,
    reader: HistoryReader | None = None,
    spark: Any = None,
    dbutils: Any = None,
) -> Iterator[Connectors]:
    """Build the connectors of these settings, or that of ``only`` one target; to ``write`` opens the store, too."""
    from aadsync_lib.auth import read_vaults
    from aadsync_lib.connector.connectors import Connectors, chosen, connector_of
    from aadsync_lib.connector.entra import Entra
    from aadsync_lib.entra.assignable import AssignableReader

    clock, secrets = clock or SystemClock(), secrets or SecretResolver()
    targets = chosen(settings, only)
    read_vaults(secrets, settings.source, dbutils=dbutils, folder=settings.folder)
    with ExitStack() as opened:
        store = opened.enter_context(open_store(settings, clock, spark=spark)) if write else None
        with _calls(settings, clock, secrets, dbutils) as calls:
            yield Connectors(
                sync=settings.name,
                each=tuple(
                    connector_of(settings.name, target, partial(_scim_token, secrets=secrets))
                    for target in targets
                ),
                entra=Entra(calls, clock),
                principals=AssignableReader(**_graph(settings, secrets, dbutils), clock=clock),
                reader=store or reader or open_reader(settings, spark=spark),
                clock=clock,
                store=store,
                cloud=settings.source.cloud,
                settings_digest=settings_digest(settings),
            )


@contextmanager
def open_comparer(
    settings: Settings,
    *,
    only: str | None = None,
    secrets: SecretResolver | None = None,
    clock: Clock | None = None,
    spark: Any = None,
    dbutils: Any = None,
) -> Iterator[Comparer]:
    """Build what compares the connectors of these settings with this sync; it writes nothing."""
    from aadsync_lib.connector.compare.run import Comparer
    from aadsync_lib.entra.source import EntraSource

    clock, secrets = clock or SystemClock(), secrets or SecretResolver()
    given: dict[str, Any] = {"secrets": secrets, "clock": clock, "spark": spark, "dbutils": dbutils}

    def read(scope: Scope, attributes: Collection[str]) -> Snapshot:
        graph = _graph(settings, secrets, dbutils)
        source = EntraSource(scope, **graph, clock=clock, attributes=attributes)
        return source.read(known=open_reader(settings, spark=spark).roots())

    with open_connector(settings, only=only, **given) as connectors:
        yield Comparer(settings, connectors, read)


def _scim_token(target: TargetSettings, secrets: SecretResolver) -> Secret:
    assert target.connector
    return secrets.resolve(target.connector.token, f"targets.{target.name}.connector.token")


def _calls(settings: Settings, clock: Clock, secrets: SecretResolver, dbutils: Any) -> GraphCalls:
    from aadsync_lib.graph.calls import GraphCalls

    return GraphCalls(**_graph(settings, secrets, dbutils), clock=clock)


def _graph(settings: Settings, secrets: SecretResolver, dbutils: Any) -> dict[str, Any]:
    from aadsync_lib.auth import graph_credential, graph_endpoint

    endpoint, token_scope = graph_endpoint(settings.source)
    credential = graph_credential(settings.source, secrets, dbutils=dbutils, folder=settings.folder)
    return {"credential": credential, "endpoint": endpoint, "token_scope": token_scope}


def _planner(
    settings: Settings,
    reader: HistoryReader,
    only: str | None,
    secrets: SecretResolver | None,
    clock: Clock,
    dbutils: Any,
    by: str | None = None,
) -> Planner:
    from aadsync_lib.auth import read_vaults
    from aadsync_lib.auth.late import late_api
    from aadsync_lib.store.process import Process

    secrets = secrets or SecretResolver()
    read_vaults(secrets, settings.source, dbutils=dbutils, folder=settings.folder)
    chosen = _chosen(settings, only)
    source = _source(settings, [target.name for target in chosen], clock, secrets, dbutils)
    apis = {target.name: late_api(target, secrets) for target in chosen}
    targets = [open_target(target, clock, secrets, apis[target.name]) for target in chosen]
    assignments = {
        own.name: workspaces_of(own, clock, secrets, apis[own.name], getattr(target, "pacer", None))
        for own, target in zip(chosen, targets, strict=True)
    }
    neighbours = None
    if any(target.connector for target in chosen):
        from aadsync_lib.connector.active import ConnectorsBeside

        given = {"secrets": secrets, "clock": clock, "reader": reader, "dbutils": dbutils}
        neighbours = ConnectorsBeside(partial(open_connector, settings, only=only, **given), chosen)
    user = by or Process.here().user
    return Planner(settings, source, targets, reader, clock, assignments, neighbours, user)


def _chosen(settings: Settings, only: str | None) -> Sequence[TargetSettings]:
    chosen = [target for target in settings.targets if only in (None, target.name)]
    if not chosen:
        names = ", ".join(target.name for target in settings.targets)
        raise UsageError(
            joined(own("--target"), f" {only}: no such target; the settings have {names}")
        )
    return chosen


@contextmanager
def open_store(settings: Settings, clock: Clock, *, spark: Any = None) -> Iterator[Store]:
    """Open the memory of the sync to write it."""
    opened = _delta if settings.store.delta else _sqlite
    with opened(settings, clock, spark) as store:
        yield store


def open_reader(settings: Settings, *, spark: Any = None) -> HistoryReader:
    """Return the memory of the sync to read; nothing is written, and there is nothing to close."""
    if settings.store.delta:
        from aadsync_lib.store.delta.readonly import open_delta_for_plan
        from aadsync_lib.store.delta.session import session

        schema, places = settings.store.delta, _places(settings)
        return open_delta_for_plan(spark or session(), schema, settings.name, places)
    from aadsync_lib.store.readonly import open_for_plan

    return open_for_plan(
        settings.folder / str(settings.store.sqlite), settings.name, _places(settings)
    )


def _places(settings: Settings) -> Mapping[str, str]:
    return {target.name: target.place for target in settings.targets}


@contextmanager
def _sqlite(settings: Settings, clock: Clock, _: Any) -> Iterator[Store]:
    from aadsync_lib.store.sqlite import SqliteStore

    with SqliteStore(
        settings.folder / str(settings.store.sqlite), settings.name, clock, places=_places(settings)
    ) as store:
        yield store


@contextmanager
def _delta(settings: Settings, clock: Clock, spark: Any) -> Iterator[Store]:
    from aadsync_lib.store.delta.session import session
    from aadsync_lib.store.delta.store import DeltaStore

    assert settings.store.delta
    schema, places = settings.store.delta, _places(settings)
    with DeltaStore(spark or session(), schema, settings.name, clock, places=places) as store:
        yield store


def _source(
    settings: Settings,
    targets: Collection[str],
    clock: Clock,
    secrets: SecretResolver,
    dbutils: Any,
) -> Source:
    from aadsync_lib.entra.source import EntraSource

    return EntraSource(
        settings.whole_scope(targets),
        **_graph(settings, secrets, dbutils),
        clock=clock,
        attributes=settings.attributes(targets),
    )


def open_target(
    settings: TargetSettings, clock: Clock, secrets: SecretResolver, api: Any = None
) -> Target:
    """Build the target of an account or a workspace: its login, unless ``api`` has it, its pace, its client."""
    from aadsync_lib.auth import login_of
    from aadsync_lib.databricks.place import place_of
    from aadsync_lib.databricks.target import ScimTarget
    from aadsync_lib.databricks.translate import on_azure

    return ScimTarget(
        settings.name,
        api or _api(settings, secrets),
        place_of(settings),
        pace=settings.pace,
        clock=clock,
        client_id=getattr(settings.auth, "client_id", None),
        login=partial(login_of, settings, secrets),
        azure=on_azure(settings.host),
    )


def workspaces_of(
    settings: TargetSettings, clock: Clock, secrets: SecretResolver, api: Any, pacer: Any = None
) -> Assignments:
    """Build what reaches the workspaces of a target; each of their logins is made once it is needed."""
    from aadsync_lib.databricks.workspaces import open_workspaces

    return open_workspaces(settings, api, partial(_api, secrets=secrets), clock, pacer)


def open_assignments(
    settings: TargetSettings, clock: Clock, secrets: SecretResolver
) -> Assignments:
    """Build what reaches the workspaces of a target, with a login of its own."""
    return workspaces_of(settings, clock, secrets, _api(settings, secrets))


def _api(settings: TargetSettings, secrets: SecretResolver) -> Any:
    from aadsync_lib.auth import databricks_api

    return databricks_api(settings, secrets)
