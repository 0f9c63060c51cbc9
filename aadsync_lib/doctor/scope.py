"""Checks of the scope: what each target sees of Entra, and what no selector finds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from aadsync_lib.auth import graph_endpoint
from aadsync_lib.doctor.finding import CheckContext, Finding, Status, first_few, one_line, sentence
from aadsync_lib.engine.views import View, Views
from aadsync_lib.entra.source import EntraSource
from aadsync_lib.errors import AadsyncError
from aadsync_lib.model.directory import SCOPE_EMPTY
from aadsync_lib.model.identity import Kind
from aadsync_lib.report.wording import count
from aadsync_lib.wiring import open_reader

ADVICE = {
    "max_depth": "Databricks keeps ten levels; flatten deeper ones in Entra, or leave it so.",
    "cycle": "Take one of the two memberships away in Entra, or leave it so.",
}
STOPS_FIRST = "A first sync stops here."


@dataclass(frozen=True, slots=True)
class _Scope:
    """What some targets see alike; ``where`` says of which of them a finding is."""

    view: View
    where: str
    key: str  # of its selectors, in the settings
    first: bool  # nothing was ever synced


def check_scope(context: CheckContext) -> Iterator[Finding]:
    if not context.reads_graph:
        return
    settings = context.settings
    try:
        views = Views(settings, [t.name for t in settings.targets], _source(context).read())
    except AadsyncError as error:
        yield Finding("scope", "failed", one_line(error))
        return
    by_view: dict[int, tuple[View, list[str]]] = {}
    for target in settings.targets:
        view = context.views[target.name] = views.of(target.name)
        by_view.setdefault(id(view.desired), (view, []))[1].append(target.name)
    first = _never_synced(context)
    for view, targets in by_view.values():
        names = f" of {', '.join(targets)}" if len(by_view) > 1 else ""
        yield from _check_view(_Scope(view, f"scope{names}", _key(context, targets), first))


def _source(context: CheckContext) -> EntraSource:
    settings = context.settings
    endpoint, token_scope = graph_endpoint(settings.source)
    return EntraSource(
        settings.whole_scope(),
        context.credential,
        endpoint=endpoint,
        token_scope=token_scope,
        clock=context.clock,
        attributes=settings.attributes(),
    )


def _never_synced(context: CheckContext) -> bool:
    """Whether the next sync is the first; a store that cannot be read is a finding of its own."""
    try:
        return open_reader(context.settings, spark=context.spark).latest_run() is None
    except AadsyncError:
        return True


def _key(context: CheckContext, targets: Collection[str]) -> str:
    """Return where the selectors of these targets are written."""
    chosen = (each for each in context.settings.targets if each.name in targets)
    keys = (
        f"targets.{each.name}.scope.groups" if "groups" in each.scope.model_fields_set else ""
        for each in chosen
    )
    return " and ".join(dict.fromkeys(key or "scope.groups" for key in keys))


def _check_view(scope: _Scope) -> Iterator[Finding]:
    yield _size(scope)
    where, view = scope.where, scope.view
    unread = [group for group in view.snapshot.groups.values() if group.unread]
    yield from first_few(
        Finding(f"{where} {group.display_name!r}", "warning", f"{group.unread}.")
        for group in unread
    )
    notices = view.desired.notices
    for code in dict.fromkeys(notice.code for notice in notices):
        status, remedy = _judged(scope, code)
        yield from first_few(
            Finding(f"{where} {code}", status, sentence(notice.message), remedy)
            for notice in notices
            if notice.code == code
        )
    yield from first_few(
        Finding(f"{where} {held.name!r}", "warning", sentence(held.reason))
        for held in view.desired.quarantined.values()
    )


def _size(scope: _Scope) -> Finding:
    """Count what a target is to have; a sync of nobody at all is not what anyone means."""
    roots, desired = scope.view.snapshot.roots, scope.view.desired
    kinds = Counter(principal.kind for principal in desired.principals.values())
    detail = (
        f"{count(len(roots), 'root group')}, {count(len(desired.groups), 'group')} in all, "
        f"{count(kinds[Kind.USER], 'user')}, "
        f"{count(kinds[Kind.SERVICE_PRINCIPAL], 'service principal')}."
    )
    if desired.groups or desired.principals:
        return Finding(scope.where, "ok", detail)
    remedy = f"Nobody would be synced: look in {scope.key}, and at what else scope leaves out."
    return Finding(scope.where, "failed", detail, remedy)


def _judged(scope: _Scope, code: str) -> tuple[Status, str | None]:
    """Return how bad a notice is, and what to do: a selector that finds nothing stops a first sync."""
    if code != SCOPE_EMPTY:
        return "warning", ADVICE.get(code)
    look = f"Look in {scope.key}: correct this selector, or take it out."
    return ("failed", f"{look} {STOPS_FIRST}") if scope.first else ("warning", look)
