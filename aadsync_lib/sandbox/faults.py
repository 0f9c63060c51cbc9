"""Faults to switch on, for chosen requests."""

from __future__ import annotations

import random
import re
import threading
from collections import Counter
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, Self, get_args

Kind = Literal[
    "400",
    "401",
    "403",
    "404",
    "409",
    "410",
    "412",
    "413",
    "429",
    "500",
    "502",
    "503",
    "504",
    "timeout",
    "slow",
    "reset",
    "lost",
    "truncated",
    "stale",
]
STALE = "sandbox.stale"
"""Key in a request's scope of the seconds by which its reads are to be stale."""
SIDES = frozenset({"graph", "databricks", "entra", "vault"})


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong with requests of one side, verb and path.

    Numbers are answers given instead of handling the request. ``timeout`` gives none for
    ``seconds`` and then hangs up; ``slow`` handles the request ``seconds`` late; ``reset`` breaks
    the connection before the request is handled, ``lost`` after; ``truncated`` cuts the answer in
    half; ``stale`` reads the state as it was ``seconds`` ago.
    """

    kind: Kind
    side: str | None = None
    method: str | None = None
    path: str = ".*"
    """Regular expression, searched in path and decoded query."""
    count: int | None = 1
    """How often it fires; ``None`` is for ever."""
    skip: int = 0
    """How many matching requests pass first."""
    probability: float = 1.0
    retry_after: str | None = None
    seconds: float = 60.0
    body: dict[str, Any] | None = None
    place: str | None = None
    """Name of the workspace whose host alone it hits; empty is the account's; ``None`` is all."""

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ValueError(f"unknown fault {self.kind!r}, not one of {', '.join(get_args(Kind))}")
        if self.side is not None and self.side not in SIDES:
            raise ValueError(f"unknown side {self.side!r}, not one of {', '.join(sorted(SIDES))}")
        if not 0 <= self.probability <= 1:
            raise ValueError(f"probability must be within 0 and 1, not {self.probability}")
        try:
            re.compile(self.path)
        except re.error as error:
            raise ValueError(f"path {self.path!r} is no regular expression: {error}") from error

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        unknown = data.keys() - {f.name for f in fields(cls)}
        if unknown:
            raise ValueError(f"unknown fields of a fault: {', '.join(sorted(unknown))}")
        if "kind" not in data:
            raise ValueError("a fault needs a kind")
        return cls(**data)


@dataclass(slots=True)
class _Armed:
    """A fault that is switched on, with the requests it has met."""

    fault: Fault
    pattern: re.Pattern[str]
    met: int = 0
    fired: int = 0

    def meets(self, side: str, method: str, target: str, place: str) -> bool:
        fault = self.fault
        return (
            fault.side in {None, side}
            and fault.place in {None, place}
            and (fault.method is None or fault.method.upper() == method)
            and self.pattern.search(target) is not None
        )

    def is_due(self) -> bool:
        fault = self.fault
        return self.met > fault.skip and (fault.count is None or self.fired < fault.count)


class Faults:
    """The faults that are switched on. Deterministic for one order of requests and one seed."""

    def __init__(self, seed: int = 0) -> None:
        self._lock = threading.Lock()
        self._random = random.Random(seed)  # noqa: S311 - reproducible, not secret
        self._armed: dict[str, _Armed] = {}
        self._next = 1
        self.fired = 0
        """How many faults have fired since the last ``clear``."""
        self.fired_by_kind: Counter[str] = Counter()

    def seed(self, seed: int) -> None:
        with self._lock:
            self._random.seed(seed)

    def add(self, fault: Fault) -> str:
        """Switch a fault on and return the id to switch it off by."""
        with self._lock:
            fault_id = str(self._next)
            self._next += 1
            self._armed[fault_id] = _Armed(fault, re.compile(fault.path))
            return fault_id

    def remove(self, fault_id: str) -> bool:
        with self._lock:
            return self._armed.pop(fault_id, None) is not None

    def clear(self) -> None:
        with self._lock:
            self._armed.clear()
            self.fired = 0
            self.fired_by_kind.clear()

    def fired_by(self, fault_id: str) -> int:
        with self._lock:
            return self._armed[fault_id].fired

    def list(self) -> dict[str, Fault]:
        """Return faults by id, those that have done their count included."""
        with self._lock:
            return {fault_id: armed.fault for fault_id, armed in self._armed.items()}

    def next(self, side: str, method: str, target: str, place: str = "") -> Fault | None:
        """Count a request for all faults it meets and return the first that is due."""
        with self._lock:
            due: _Armed | None = None
            for armed in self._armed.values():
                if not armed.meets(side, method, target, place):
                    continue
                armed.met += 1
                if due is None and armed.is_due() and self._roll(armed.fault.probability):
                    due = armed
            if due is None:
                return None
            due.fired += 1
            self.fired += 1
            self.fired_by_kind[due.fault.kind] += 1
            return due.fault

    def _roll(self, probability: float) -> bool:
        return probability >= 1 or self._random.random() < probability
