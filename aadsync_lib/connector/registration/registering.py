"""One registration: read, decided, written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from aadsync_lib.connector.entra import TRIES, Entra
from aadsync_lib.connector.permissions import ASSIGN_ROLES
from aadsync_lib.connector.registration.certificate import mark_of
from aadsync_lib.connector.registration.credential import Credential, Decision
from aadsync_lib.connector.registration.model import (
    CredentialState,
    Found,
    NewCredential,
    Registration,
    Step,
    Wanted,
)
from aadsync_lib.connector.registration.place import Content, Place
from aadsync_lib.connector.registration.record import OpenStore, held
from aadsync_lib.connector.registration.registry import Registry
from aadsync_lib.connector.registration.steps import decision_of, known_permissions, steps_of
from aadsync_lib.connector.registration.wanted import ANYTHING
from aadsync_lib.connector.registration.writes import Writer
from aadsync_lib.errors import AadsyncError, CredentialError, EntraError, PartialError
from aadsync_lib.model.change import Action
from aadsync_lib.ports import Clock

Record = Callable[[Step, Callable[[Step], None]], None]
"""Does a step by a function, and records what came of it."""

LOOKS = 2  # for an application of a run that broke off just now
AGAIN = "Run register again: it goes on from there."


class UnfinishedError(PartialError):
    """A registration broke off; ``registration`` is what was done before."""

    def __init__(self, message: str, registration: Registration) -> None:
        super().__init__(message)
        self.registration = registration


@dataclass(frozen=True, slots=True)
class _Planned:
    wanted: Wanted
    found: Found
    decision: Decision | None
    steps: tuple[Step, ...]


@dataclass
class Registering:
    """The registration of one sync.

    ``hide`` keeps a new secret out of everything that is shown; ``open_store`` opens what records a run,
    without which it only plans.
    """

    wanted: Wanted
    entra: Entra
    place: Place | None
    clock: Clock
    hide: Callable[[str], None] = field(default=lambda _: None)
    open_store: OpenStore | None = None

    def plan(self) -> Registration:
        """Return what a run would do. Writes nothing anywhere."""
        return self._as_planned(self._planned(looks=1))

    def _as_planned(self, planned: _Planned) -> Registration:
        new = any(isinstance(step.item, NewCredential) for step in planned.steps)
        current = planned.decision.current if planned.decision and not new else None
        return self._result(planned, planned.steps, planned.found, current)

    def run(self) -> Registration:
        """Make Entra and the place as they are wanted.

        Raises ``UnfinishedError`` where it broke off, any other ``AadsyncError`` where nothing was changed.
        """
        assert self.open_store
        planned = self._planned(looks=1)
        if not planned.steps:
            return self._as_planned(planned)
        with held(self.open_store, self.clock) as journal:
            planned = self._planned(looks=LOOKS)  # another one may have run meanwhile
            if self.place and any(isinstance(s.item, NewCredential) for s in planned.steps):
                self.place.prepare()
            with journal.run(self.wanted.sync, self.clock, lambda: self.entra.requests):
                return self._apply(planned, journal.do)

    def _apply(self, planned: _Planned, record: Record) -> Registration:
        writer = Writer(
            planned.wanted,
            planned.found,
            planned.decision,
            self.entra,
            self.place,
            self.clock,
            self.hide,
        )
        done: list[Step] = []
        failed: list[tuple[Step, str]] = []
        for step in planned.steps:
            try:
                record(step, writer.do)
            except AadsyncError as error:
                if _refused_grant(step, error):
                    failed.append((step, str(error)))
                    continue
                raise self._broken_off(error, planned, writer, done) from error
            done.append(step)
        after = self._after(planned, writer, done)
        problem = _without_consent(failed, f"{self.wanted.consent}{after.app_id}")
        return replace(after, failed=tuple(failed), problem=problem)

    def _planned(self, looks: int) -> _Planned:
        content = Content()
        if self.place:
            self.place.check()
            content = self.place.read()
        registry = Registry(self.entra)
        found = registry.found(self.wanted, looks=looks)
        found = self._with_what_is_stored(registry, found, content)
        wanted = replace(
            self.wanted, permissions=known_permissions(self.wanted.permissions, found.roles)
        )
        now = self.clock.now()
        decision = decision_of(wanted, found, self.place, content, now)
        steps = steps_of(wanted, found, decision, self.place, now)
        return _Planned(wanted, found, decision, steps)

    def _with_what_is_stored(self, registry: Registry, found: Found, content: Content) -> Found:
        """Look again where a credential is stored that the application does not show, perhaps not yet."""
        application, kind = found.application, self.wanted.kind
        if application is None or kind is None or content.value is None:
            return found
        mark, key = mark_of(kind, content.value.reveal()), application.id
        for _ in range(TRIES - 1):
            if any(each.mark == mark for each in application.credentials(kind)):
                break
            self.clock.sleep(1.0)
            application = registry.application(key)
        return replace(found, application=application)

    def _broken_off(
        self, error: AadsyncError, planned: _Planned, writer: Writer, done: Sequence[Step]
    ) -> AadsyncError:
        reason = str(error).rstrip(".")
        if not (done or writer.touched or _unclear(error)):
            return CredentialError(f"{reason}. Nothing was changed.")
        names = ", ".join(f"{step.action.value.replace('_', ' ')} {step.name}" for step in done)
        before = f" Done before: {names}." if names else ""
        return UnfinishedError(f"{reason}.{before} {AGAIN}", self._after(planned, writer, done))

    def _after(self, planned: _Planned, writer: Writer, done: Sequence[Step]) -> Registration:
        found = replace(
            planned.found,
            application=writer.application,
            principal=writer.principal,
            granted=frozenset(writer.granted),
        )
        return self._result(planned, tuple(done), found, writer.credential)

    def _result(
        self,
        planned: _Planned,
        steps: tuple[Step, ...],
        found: Found,
        credential: Credential | None,
    ) -> Registration:
        application = found.application
        return Registration(
            self.wanted.sync,
            application.name if application else self.wanted.name,
            application.id if application else None,
            application.app_id if application else None,
            planned.wanted.permissions,
            found.granted_names,
            steps,
            self._state(credential),
            _warnings(planned.wanted, found),
        )

    def _state(self, credential: Credential | None) -> CredentialState | None:
        if self.wanted.kind is None:
            return None
        stored_in = self.place.reference if self.place else None
        return CredentialState(self.wanted.kind, stored_in, credential.ends if credential else None)


def _warnings(wanted: Wanted, found: Found) -> tuple[str, ...]:
    names = {each.name for each in wanted.permissions}
    more = [name for name in found.granted_names if name not in names]
    warnings = [*found.warnings]
    if ASSIGN_ROLES in names:
        warnings.append(ANYTHING)
    if more:
        warnings.append(
            f"It was granted more than these settings need: {', '.join(more)}. Take it back in Entra "
            f"where nothing else needs it."
        )
    return tuple(warnings)


def _refused_grant(step: Step, error: AadsyncError) -> bool:
    """Return whether consent was refused, which an administrator can give later."""
    return step.action is Action.ASSIGN and isinstance(error, EntraError) and error.status == 403


def _without_consent(failed: Sequence[tuple[Step, str]], page: str) -> str | None:
    """Say what was not granted, and who grants it where."""
    if not failed:
        return None
    names = ", ".join(step.name for step, _ in failed)
    return (
        f"Not granted: {names}. Everything else is done. {failed[0][1]} Or have such a person open "
        f"{page} and consent."
    )


def _unclear(error: AadsyncError) -> bool:
    """Return whether a write may have been done that failed."""
    return isinstance(error, EntraError) and not 400 <= error.status < 500
