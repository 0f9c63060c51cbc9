"""Checks of the settings themselves, and of the secrets they refer to."""

from __future__ import annotations

from collections.abc import Iterator

from aadsync_lib.config.base import SecretRef, Section
from aadsync_lib.config.later import unsupported
from aadsync_lib.config.settings import Settings
from aadsync_lib.doctor.finding import CheckContext, Finding, one_line
from aadsync_lib.errors import AadsyncError


def check_settings(context: CheckContext) -> Iterator[Finding]:
    later = [problem.partition(": ") for problem in unsupported(context.settings)]
    for key, _, problem in later:
        yield Finding(f"settings {key}", "failed", f"{problem}.")
    for name, limit in context.settings.policy.limits:
        if limit.count is None and limit.share is None:
            remedy = "Give it a count or a share: it is what stops an accident."
            yield Finding(f"settings policy.limits.{name}", "warning", "is off.", remedy)
    if not later:
        yield Finding("settings", "ok", f"the sync {context.settings.name}.")


def check_secrets(context: CheckContext) -> Iterator[Finding]:
    for owner, key, ref in references(context.settings):
        setting = f"{owner}.{key}"
        try:
            context.secrets.resolve(ref, setting)
        except AadsyncError as error:
            context.unresolved.add(owner)
            yield Finding(f"secret {setting}", "failed", one_line(error, f"{setting}: "))
        else:
            yield Finding(f"secret {setting}", "ok", f"{ref}.")


def references(settings: Settings) -> Iterator[tuple[str, str, SecretRef]]:
    """Every reference to a secret, with the login it belongs to."""
    logins: list[tuple[str, Section]] = [("source.auth", settings.source.auth)]
    logins += [(f"targets.{target.name}.auth", target.auth) for target in settings.targets]
    for owner, auth in logins:
        yield from ((owner, key, value) for key, value in auth if isinstance(value, SecretRef))
