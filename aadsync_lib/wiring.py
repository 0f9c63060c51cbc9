"""The composition root: from settings to an engine that can run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from aadsync_lib.clock import SystemClock
from aadsync_lib.config.later import unsupported
from aadsync_lib.config.settings import Settings, TargetSettings
from aadsync_lib.engine.engine import Engine
from aadsync_lib.errors import SettingsError, UsageError
from aadsync_lib.model.rates import ACCOUNT_RATES
from aadsync_lib.ports import Clock, HistoryReader, Source, Store, Target
from aadsync_lib.secrets import SecretResolver

if TYPE_CHECKING:
    from aadsync_lib.apply.executor import Progress


@contextmanager
def open_engine(
    settings: Settings,
    *,
    read_only: bool,
    only: str | None = None,
    progress: Progress | None = None,
    secrets: SecretResolver | None = None,
    clock: Clock | None = None,
    spark: Any = None,
    dbutils: Any = None,
) -> Iterator[Engine]:
    """Build the engine of these settings, for all targets or ``only`` one; ``read_only`` to plan.

    ``spark`` and ``dbutils`` are what a notebook has, for a store in Delta tables and for a login by
    service credential.
    """
    problems = unsupported(settings)
    if problems:
        raise SettingsError("settings", problems)
    secrets = secrets or SecretResolver()
    clock = clock or SystemClock()
    with ExitStack() as opened:
        store = opened.enter_context(open_store(settings, clock, read_only=read_only, spark=spark))
        source = opened.enter_context(_source(settings, clock, secrets, dbutils))
        targets = [account_target(one, clock, secrets) for one in _chosen(settings, only)]
        yield Engine(settings, source, targets, store, clock, progress)


def _chosen(settings: Settings, only: str | None) -> Sequence[TargetSettings]:
    chosen = [one for one in settings.targets if only in (None, one.name)]
    if not chosen:
        names = ", ".join(one.name for one in settings.targets)
        raise UsageError(f"--target {only}: no such target; the settings have {names}")
    return chosen


@contextmanager
def open_store(
    settings: Settings, clock: Clock, *, read_only: bool, spark: Any = None
) -> Iterator[Store]:
    """Open the memory of the sync; ``read_only`` to plan, which leaves no trace."""
    if read_only:  # planning calls nothing but what a reader has
        yield cast("Store", open_reader(settings, spark=spark))
        return
    opened = _delta if settings.store.delta else _sqlite
    with opened(settings, clock, spark) as store:
        yield store


def open_reader(settings: Settings, *, spark: Any = None) -> HistoryReader:
    """Return the memory of the sync to read; nothing is written, and there is nothing to close."""
    if settings.store.delta:
        from aadsync_lib.store.delta.readonly import open_delta_for_plan
        from aadsync_lib.store.delta.session import session

        return open_delta_for_plan(spark or session(), settings.store.delta, settings.name)
    from aadsync_lib.store.readonly import open_for_plan

    assert settings.store.sqlite
    return open_for_plan(Path(settings.store.sqlite), settings.name)


@contextmanager
def _sqlite(settings: Settings, clock: Clock, _: Any) -> Iterator[Store]:
    from aadsync_lib.store.sqlite import SqliteStore

    assert settings.store.sqlite
    with SqliteStore(Path(settings.store.sqlite), settings.name, clock) as store:
        yield store


@contextmanager
def _delta(settings: Settings, clock: Clock, spark: Any) -> Iterator[Store]:
    from aadsync_lib.store.delta.session import session
    from aadsync_lib.store.delta.store import DeltaStore

    assert settings.store.delta
    with DeltaStore(spark or session(), settings.store.delta, settings.name, clock) as store:
        yield store


@contextmanager
def _source(
    settings: Settings, clock: Clock, secrets: SecretResolver, dbutils: Any
) -> Iterator[Source]:
    from aadsync_lib.auth import graph_credential, graph_endpoint
    from aadsync_lib.entra.source import EntraSource

    endpoint, token_scope = graph_endpoint(settings.source)
    credential = graph_credential(settings.source, secrets, dbutils=dbutils)
    yield EntraSource(
        settings.scope, credential, endpoint=endpoint, token_scope=token_scope, clock=clock
    )


def account_target(settings: TargetSettings, clock: Clock, secrets: SecretResolver) -> Target:
    """Build the target of an account: its login, its pace, its client."""
    from aadsync_lib.apply.pacing import Pacer
    from aadsync_lib.auth import databricks_api
    from aadsync_lib.databricks.account import AccountTarget
    from aadsync_lib.databricks.translate import on_azure

    assert settings.account_id
    return AccountTarget(
        settings.name,
        databricks_api(settings, secrets),
        settings.account_id,
        pacer=Pacer(ACCOUNT_RATES, settings.pace, clock),
        clock=clock,
        client_id=getattr(settings.auth, "client_id", None),
        azure=on_azure(settings.host),
    )
