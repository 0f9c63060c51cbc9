"""Findings of the checks, and the context that checks share."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

from aadsync_lib.config.settings import Settings
from aadsync_lib.engine.views import View
from aadsync_lib.model.account import TargetSnapshot
from aadsync_lib.ports import Clock
from aadsync_lib.secrets import SecretResolver

SHOWN = 5  # findings of one kind; the rest is counted

Status = Literal["ok", "warning", "failed"]


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check; ``remedy`` says what to do about it."""

    check: str
    status: Status
    detail: str
    remedy: str | None = None

    def __str__(self) -> str:
        remedy = f" {self.remedy}" if self.remedy else ""
        return f"{self.status:<7}  {self.check}: {self.detail}{remedy}"


@dataclass(slots=True)
class CheckContext:
    """The settings to examine, and the results of earlier checks."""

    settings: Settings
    secrets: SecretResolver
    clock: Clock
    dbutils: Any
    spark: Any = None
    credential: Any = None
    token: str = ""
    reads_graph: bool = False
    views: dict[str, View] = field(default_factory=dict)
    snapshots: dict[str, TargetSnapshot] = field(default_factory=dict)
    unresolved: set[str] = field(default_factory=set)


def first_few(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the first few findings of one kind, and how many more there are."""
    every = list(findings)
    yield from every[:SHOWN]
    if len(every) > SHOWN:
        kind = every[0].check.split()[0]
        yield Finding(kind, every[0].status, f"and {len(every) - SHOWN} more like the last.")


def sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def one_line(error: Exception, prefix: str = "") -> str:
    return sentence(" ".join(str(error).removeprefix(prefix).split()))
