"""Checks of the settings themselves, and of the secrets they refer to."""

from __future__ import annotations

from collections.abc import Iterator

from aadsync_lib.config.references import references
from aadsync_lib.config.settings import Settings
from aadsync_lib.doctor.finding import CheckContext, Finding, one_line
from aadsync_lib.errors import AadsyncError


def check_settings(context: CheckContext) -> Iterator[Finding]:
    off = (
        f"{_key(context.settings, target)}.limits.{name}"
        for target, limits in context.settings.limits().items()
        for name, limit in limits
        if limit.count is None and limit.share is None
    )
    for key in dict.fromkeys(off):
        remedy = "Give it a count or a share: it is what stops an accident."
        yield Finding(f"settings {key}", "warning", "is off.", remedy)
    yield Finding("settings", "ok", f"the sync {context.settings.name}.")


def _key(settings: Settings, target: str) -> str:
    """Return where the policy of a target is written."""
    own = next(each.policy for each in settings.targets if each.name == target)
    return f"targets.{target}.policy" if "limits" in own.model_fields_set else "policy"


def check_secrets(context: CheckContext) -> Iterator[Finding]:
    for owner, key, ref in references(context.settings.logins()):
        setting = f"{owner}.{key}"
        try:
            context.secrets.resolve(ref, setting)
        except AadsyncError as error:
            context.unresolved.add(owner)
            yield Finding(f"secret {setting}", "failed", one_line(error, f"{setting}: "))
        else:
            yield Finding(f"secret {setting}", "ok", f"{ref}.")
