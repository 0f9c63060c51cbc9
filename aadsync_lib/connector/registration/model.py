"""Values of a registration: what is wanted, what Entra has, and the steps from one to the other."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from aadsync_lib.connector.registration.credential import Credential, CredentialKind
from aadsync_lib.connector.registration.wanted import Permission
from aadsync_lib.model.change import Action
from aadsync_lib.responses import JsonObject


@dataclass(frozen=True, slots=True)
class Federation:
    """Tokens of another issuer that the application logs in with."""

    issuer: str
    subject: str
    audience: str

    def name(self, application: str) -> str:
        """Return a name in letters that an address may hold, another one for each issuer and subject."""
        pair = f"{self.issuer}\n{self.subject}"
        return f"{application}-{hashlib.sha256(pair.encode()).hexdigest()[:8]}"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The application as the settings and the command line want it.

    ``client_id`` is the application that the settings log in as already, if they do. ``kind`` is
    ``None`` where no credential is asked for. ``lifetime`` of a new one is in seconds.
    ``consent`` is the page where an administrator consents, up to the client id.
    """

    sync: str
    name: str
    permissions: tuple[Permission, ...]
    client_id: str | None = None
    kind: CredentialKind | None = None
    federation: Federation | None = None
    rotate: bool = False
    lifetime: float = 0.0
    consent: str = ""


@dataclass(frozen=True, slots=True)
class Application:
    """An application as Entra has it. ``access`` is its ``requiredResourceAccess``, ``keys`` its certificates."""

    id: str
    app_id: str
    name: str
    notes: str
    access: tuple[JsonObject, ...] = ()
    passwords: tuple[Credential, ...] = ()
    certificates: tuple[Credential, ...] = ()
    keys: tuple[JsonObject, ...] = field(default=(), repr=False)

    def credentials(self, kind: CredentialKind | None) -> tuple[Credential, ...]:
        """Return its credentials of one kind."""
        match kind:
            case CredentialKind.CLIENT_SECRET:
                return self.passwords
            case CredentialKind.CERTIFICATE:
                return self.certificates
            case _:
                return ()


@dataclass(frozen=True, slots=True)
class Found:
    """What Entra has: the application, its service principal, and what it was granted of Graph.

    ``roles`` are Graph's application permissions, name to id. ``federated`` are pairs of issuer and subject.
    """

    graph: str
    roles: Mapping[str, str]
    application: Application | None = None
    principal: str | None = None
    granted: frozenset[str] = frozenset()
    federated: frozenset[tuple[str, str]] = frozenset()
    warnings: tuple[str, ...] = ()

    @property
    def granted_names(self) -> tuple[str, ...]:
        """The permissions of Graph that the application was granted, by name."""
        names = {role: name for name, role in self.roles.items()}
        return tuple(sorted(names.get(role, role) for role in self.granted))


@dataclass(frozen=True, slots=True)
class NewCredential:
    """A credential that is to be made and stored."""

    kind: CredentialKind


Settings = Mapping[str, object]
Item = Permission | Credential | NewCredential | Federation | None


@dataclass(frozen=True, slots=True)
class Step:
    """One write. ``item`` is what it grants, makes or removes; ``body`` is sent as it is."""

    action: Action
    name: str
    reason: str
    before: Settings | None = None
    after: Settings | None = None
    item: Item = None
    body: JsonObject | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class CredentialState:
    """A credential as it is reported; ``ends`` is in seconds since the epoch, ``None`` for never or not yet."""

    kind: CredentialKind
    stored_in: str | None
    ends: float | None


@dataclass(frozen=True, slots=True)
class Registration:
    """The application after a run, or as it is before one; ``steps`` are done, or to be done.

    ``failed`` are steps without which the others went on, with the reason of each, and ``problem`` is
    what to do about them.
    """

    sync: str
    name: str
    application_id: str | None
    app_id: str | None
    permissions: tuple[Permission, ...]
    granted: tuple[str, ...]
    steps: tuple[Step, ...]
    credential: CredentialState | None
    warnings: tuple[str, ...] = ()
    failed: tuple[tuple[Step, str], ...] = ()
    problem: str | None = None
