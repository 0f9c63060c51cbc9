"""One writer at a time: leases in every kind of store, kept alive by a heartbeat."""

from __future__ import annotations

import logging
import threading
from abc import abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Generic, Protocol, Self, TypeVar

from aadsync_lib.clock import utc
from aadsync_lib.errors import StoreError
from aadsync_lib.model.directory import KnownRoot
from aadsync_lib.ports import Clock
from aadsync_lib.store.age import DOUBTFUL, horizon
from aadsync_lib.store.process import Process
from aadsync_lib.store.reader import BEGAN, NEWEST_FIRST, SqlReader

TTL = 60.0
RENEW = 15.0
# A lease that ends later than it may was written by a clock that is ahead: whoever works under it renews it in
# this time.
WATCH = 2 * RENEW + 1

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Held:
    """A lease that was not released: its holder in words, since when, until when (epoch seconds)."""

    target: str
    holder: str
    since: float
    expires_at: float


class RunLease(Protocol):
    """A lease, as far as it is the same in every store."""

    @property
    def run_id(self) -> str: ...


L = TypeVar("L", bound=RunLease)

WATCHING = "another host's lease ends later than it may by the clock here: waiting %.0f s for a sign of its run"


def watch(clock: Clock, target: str) -> None:
    """Wait as long as whoever works under a lease needs to renew it."""
    log.info(WATCHING, WATCH, extra={"target": target})
    clock.sleep(WATCH)


class LeasingStore(SqlReader, Generic[L]):
    """The memory of one sync, and the leases that this process holds, by target."""

    def __init__(
        self,
        sync: str,
        clock: Clock,
        places: Mapping[str, str] | None,
        holder: Process | None,
        renew_every: float,
    ) -> None:
        self.sync = sync
        self.places = places or {}
        self._clock = clock
        self._holder = holder or Process.here()
        self._renew_every = renew_every
        self._leases: dict[str, L] = {}

    @contextmanager
    def lease(self, target: str, run_id: str) -> Iterator[None]:
        """Hold the target for this run and renew it until the block ends."""
        lease = self._take(target, run_id)
        self._leases[target] = lease
        try:
            renew, release = partial(self._renew, lease), partial(self._release, lease)
            with beating(target, renew, release, self._renew_every):
                if place := self.places.get(target):
                    self._keep_place(target, place)
                yield
        finally:
            if self._leases.get(target) is lease:
                del self._leases[target]

    def keep_roots(self, roots: Iterable[KnownRoot]) -> None:
        """Keep what the selectors found, all or nothing, in place of what was there."""
        wanted = {(root.selector, root.id): root for root in roots}
        if {(root.selector, root.id): root for root in self.roots()} != wanted:
            self._replace_roots(wanted.values())

    def _held(self, target: str, run_id: str) -> L | None:
        """Return the lease of this run, if it holds the target."""
        lease = self._leases.get(target)
        return lease if lease and lease.run_id == run_id else None

    def _required(self, target: str, run_id: str) -> L:
        lease = self._held(target, run_id)
        if lease is None:
            raise StoreError(
                f"{target}: run {run_id} does not hold the lease, so nothing was recorded and "
                f"nothing may be sent. Take the lease first."
            )
        return lease

    def prune(self, before: float) -> None:
        """Delete outcomes and ended runs that are older; links, members and what is open stay.

        Nothing goes while the clock is doubtful, and nothing that is young by the order of runs.
        """
        began = self._all(float, f"{BEGAN} {NEWEST_FIRST}")
        limit = horizon(began, self._clock.now(), before)
        if limit is None:
            log.warning(DOUBTFUL)
        else:
            self._prune(limit)

    @abstractmethod
    def _prune(self, before: float) -> None: ...

    @abstractmethod
    def _keep_place(self, target: str, place: str) -> None: ...

    @abstractmethod
    def _replace_roots(self, roots: Iterable[KnownRoot]) -> None: ...

    @abstractmethod
    def _take(self, target: str, run_id: str) -> L: ...

    @abstractmethod
    def _renew(self, lease: L) -> bool: ...

    @abstractmethod
    def _release(self, lease: L) -> None: ...

    @abstractmethod
    def close(self) -> None:
        """End the use of the store. A lease that is still held then ends by itself."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


@contextmanager
def beating(
    target: str, renew: Callable[[], bool], release: Callable[[], None], every: float
) -> Iterator[None]:
    """Renew the lease of a target from a thread until the block ends, then release it.

    ``renew`` returns False when the lease is lost.
    """
    stop = threading.Event()

    def beat() -> None:
        while not stop.wait(every):
            try:
                if not renew():
                    return  # lost: the next announce says so
            except StoreError as error:
                log.warning("the lease was not renewed, trying again: %s", error)

    thread = threading.Thread(target=beat, name=f"lease of {target}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        try:
            release()
        except StoreError as error:  # must not hide why the block ended
            log.warning("the lease was not released, it ends by itself: %s", error)


def lost(target: str, run_id: str, holder: Process, since: float) -> StoreError:
    """Return what to raise when a run finds its lease taken by another one."""
    return StoreError(
        f"{target}: run {run_id} lost its lease to {holder} at {utc(since)}, because it was stopped "
        f"for more than {TTL:.0f} s. It sends no further change. What it did is recorded; run it "
        f"again after the other run."
    )
