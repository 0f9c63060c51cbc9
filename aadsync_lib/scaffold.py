"""A settings file to start from: the answers of the operator, and every default with its reason."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic.fields import FieldInfo

from aadsync_lib.config.base import SecretRef, Section, is_section, listed
from aadsync_lib.config.digest import NOT_OF_A_SYNC, OF_A_TARGET
from aadsync_lib.config.hosts import console_for
from aadsync_lib.config.keys import bare, method_of, union_of_sections
from aadsync_lib.config.policy import Adopt, Limit
from aadsync_lib.config.settings import Settings, SourceSettings, TargetSettings
from aadsync_lib.errors import UsageError

HEAD = """\
# Settings of one sync from Microsoft Entra ID into Databricks.
# A line that begins with # shows a default; take the # away to change it.
# Secrets are references: {secret: scope/key}, {env: NAME} or
# {key_vault: https://NAME.vault.azure.net/secrets/KEY}. Test everything with `aadsync doctor`.
"""
BUNDLE_NAME = "aadsync"  # of the secret scope and of the schema that the bundle makes
TOKEN_FILE = "/var/run/secrets/azure/tokens/azure-identity-token"  # noqa: S105 - where AKS puts it


@dataclass(frozen=True, slots=True)
class Answers:
    """Answers that only the operator knows.

    ``secret_scope`` is the Databricks secret scope that will hold the secrets; without one they
    are expected in environment variables.
    """

    tenant_id: str
    account_id: str
    name: str = "entra"
    groups: tuple[str, ...] = ()
    prefixes: tuple[str, ...] = ()
    cloud: str | None = None
    host: str | None = None
    source_method: str = "client_secret"
    source_client_id: str | None = None
    service_credential: str | None = None
    target_method: str = "oauth_m2m"
    target_client_id: str | None = None
    secret_scope: str | None = None
    protected: tuple[str, ...] = ()

    @property
    def console(self) -> str:
        """The address of the accounts console: the one that was named, or that of the cloud."""
        return self.host or f"https://{console_for(self.cloud, None)}"


def starter(answers: Answers) -> str:
    """Return the text of an ``aadsync.yml``. Raises ``UsageError`` for answers that are missing."""
    if not answers.groups and not answers.prefixes:
        raise UsageError("Name at least one group, or a prefix of groups, to sync.")
    source = {
        "client_id": answers.source_client_id,
        "name": answers.service_credential,
        "token_file": TOKEN_FILE,
    }
    target = {"client_id": answers.target_client_id, "tenant_id": answers.tenant_id}
    given = {
        "version": 1,
        "name": answers.name,
        "source": {
            "tenant_id": answers.tenant_id,
            **({"cloud": answers.cloud} if answers.cloud else {}),
            "auth": _login(SourceSettings, answers.source_method, source, "entra", answers),
        },
        "scope": {
            "groups": [{"name": name} for name in answers.groups]
            + [{"prefix": prefix} for prefix in answers.prefixes]
        },
        "targets": [
            {
                "name": "account",
                "host": answers.console,
                "account_id": answers.account_id,
                "auth": _login(
                    TargetSettings, answers.target_method, target, "databricks", answers
                ),
            }
        ],
        "policy": {"protected": {"users": list(answers.protected)}} if answers.protected else {},
    }
    return written(given)


def written(settings: Mapping[str, Any]) -> str:
    """Return the text of a file with these keys and values, and every other default as a comment."""
    return HEAD + "\n".join(_lines(Settings, settings, None, "")) + "\n"


def _login(
    side: type[Section], method: str, known: Mapping[str, str | None], owner: str, answers: Answers
) -> dict[str, Any]:
    """The keys that a method must have."""
    login = login_of(side, method, known, owner, answers.secret_scope)
    for key, value in login.items():
        if value is None:
            raise UsageError(f"{owner}: the method {method} needs its {key}.")
    return login


def login_of(
    side: type[Section], method: str, known: Mapping[str, Any], owner: str, scope: str | None
) -> dict[str, Any]:
    """Return the keys that a method must have, ``None`` for what is not known.

    Secrets are references into a secret scope, or without one to environment variables. Raises
    ``UsageError`` for a method that there is not.
    """
    arms = union_of_sections(bare(side.model_fields["auth"].annotation))
    arm = next((arm for arm in arms if method_of(arm) == method), None)
    if arm is None:
        raise UsageError(f"{method}: no such method; choose {listed(map(method_of, arms), 'or')}.")
    login: dict[str, Any] = {"method": method}
    for key, info in arm.model_fields.items():
        if key != "method" and info.is_required():
            secret = bare(info.annotation) is SecretRef
            reference = _reference(f"{owner}_{key}", scope) if secret else None
            login[key] = reference or known.get(key)
    return login


def _reference(name: str, scope: str | None) -> dict[str, str]:
    if scope is None:
        return {"env": f"AADSYNC_{name.upper()}"}
    return {"secret": f"{scope}/{name.replace('_', '-')}"}


def _lines(
    model: type[Section], given: Mapping[str, Any], default: Section | None, pad: str
) -> Iterator[str]:
    """Write a section: given values as they are, the rest as comments."""
    for key, info in model.model_fields.items():
        if not pad and key not in ("version", "name"):
            yield ""
        kind = bare(info.annotation)
        fallback = getattr(default, key) if default else info.default
        if model is TargetSettings and key in (*OF_A_TARGET, NOT_OF_A_SYNC) and key in given:
            yield from _given(key, given[key], info, pad)
        elif model is TargetSettings and key in (*OF_A_TARGET, NOT_OF_A_SYNC):
            empty = "null" if info.default is None else "{}"
            yield f"{pad}# {key}: {empty}{_why(info.description)}"
        elif is_section(kind) and not issubclass(kind, (Adopt, Limit)):
            yield f"{pad}{key}:{_why(kind.__doc__)}"
            inner = fallback if isinstance(fallback, Section) else None
            yield from _lines(kind, given.get(key) or {}, inner, f"{pad}  ")
        elif key == "targets":
            yield f"{key}:{_why(TargetSettings.__doc__)}"
            for target in given[key]:
                first, *rest = _lines(TargetSettings, target, None, "    ")
                yield f"  - {first.strip()}"
                yield from rest
        elif key in given:
            yield from _given(key, given[key], info, pad)
        else:
            yield f"{pad}# {key}: {_text(_plain(fallback))}{_why(info.description or kind.__doc__)}"


def _given(key: str, value: Any, info: FieldInfo, pad: str) -> Iterator[str]:
    """Write a given value: lists and logins a line for each item."""
    if isinstance(value, list) and value:
        yield f"{pad}{key}:{_why(info.description)}"
        yield from (f"{pad}  - {_text(item)}" for item in value)
    elif isinstance(value, dict) and value:
        yield f"{pad}{key}:{_why(info.description)}"
        yield from (f"{pad}  {name}: {_text(item)}" for name, item in value.items())
    else:
        yield f"{pad}{key}: {_text(value)}{_why(info.description)}"


def _plain(value: Any) -> Any:
    return value.model_dump(mode="json") if isinstance(value, Section) else value


def _text(value: Any) -> str:
    """Write a value on one line of YAML, quoted where it has to be."""
    value = list(value) if isinstance(value, tuple) else value
    text = yaml.safe_dump(
        value, default_flow_style=True, allow_unicode=True, sort_keys=False, width=float("inf")
    )
    return str(text).removesuffix("...\n").strip()


def _why(reason: str | None) -> str:
    line = (reason or "").strip().split("\n")[0].rstrip(".")
    return f"  # {line[:1].lower()}{line[1:]}" if line else ""
