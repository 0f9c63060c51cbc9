"""Places: where the SCIM API of an account or a workspace is, its limits, and what errors say of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aadsync_lib.auth.hosts import host_of
from aadsync_lib.config.settings import TargetSettings
from aadsync_lib.model.rates import ACCOUNT_RATES, WORKSPACE_RATES, Verb

# An account SCIM token is restricted to 2.1; whether 2.0 still takes it is not known.
VERSIONS = ("2.0", "2.1")
PROXY = "/api/2.0/account/scim/v2"  # the account's SCIM on the host of a workspace
WORKSPACE = "/api/2.0/preview/scim/v2"
API = "/api/2.0"  # of what is no SCIM
IDENTITY = "identity"  # the account's identity API on the host of a workspace
CREDENTIALS = "accounts"  # of service principals, on the host of a workspace

BY_ACCOUNT = "The identity that runs the sync must be an account admin of this account"
BY_WORKSPACE = (
    "Through a workspace, the identity that runs the sync must be an admin of it or a manager of the "
    "groups in scope"
)


@dataclass(frozen=True, slots=True)
class Place:
    """What one kind of target has for itself.

    ``roots`` are tried in their order until one of them takes the login. ``forbidden`` and ``missing`` are
    what to do about a 403 and a 404 on reading. ``identity`` is where the identity API is below ``API``,
    ``credentials`` where secrets of service principals are, ``admin_group`` the group whose members are
    admins.
    """

    name: str
    roots: tuple[str, ...]
    rates: Mapping[Verb, float]
    forbidden: str
    missing: str
    identity: str | None = None
    credentials: str = CREDENTIALS
    admin_group: str | None = None


def place_of(settings: TargetSettings) -> Place:
    """Return the place of a target."""
    if settings.level == "workspace":
        return workspace_place()
    assert settings.account_id
    return account_place(settings.host, settings.account_id)


def account_place(host: str, account_id: str) -> Place:
    """Return an account, by its own host or by that of one of its workspaces.

    Where the name of the host does not tell which it is, both are tried.
    """
    own = tuple(f"/api/{version}/accounts/{account_id}/scim/v2" for version in VERSIONS)
    match host_of(host):
        case "account":
            roots, forbidden = own, f"{BY_ACCOUNT}."
        case "workspace":
            roots, forbidden = (
                (PROXY,),
                f"{BY_WORKSPACE}; on the account's own host, an account admin.",
            )
        case _:
            roots, forbidden = (*own, PROXY), f"{BY_ACCOUNT}. {BY_WORKSPACE}."
    missing = "Check the host and account_id of this target."
    identity = f"{IDENTITY}/accounts/{account_id}"
    return Place(
        "account", roots, ACCOUNT_RATES, forbidden, missing, identity, f"{CREDENTIALS}/{account_id}"
    )


def workspace_place() -> Place:
    """Return a workspace that has its identities to itself."""
    return Place(
        "workspace",
        (WORKSPACE,),
        WORKSPACE_RATES,
        "The identity that runs the sync must be an admin of this workspace.",
        "Check the host of this target: level workspace takes the address of a workspace, not that of "
        "the accounts console.",
        admin_group="admins",
    )
