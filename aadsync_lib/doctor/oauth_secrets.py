"""Checks of when the OAuth secrets end that service principals log in to Databricks with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aadsync_lib.config.auth import OAuthM2MAuth
from aadsync_lib.config.settings import TargetSettings
from aadsync_lib.databricks.target import ScimTarget
from aadsync_lib.doctor.credentials import ending
from aadsync_lib.doctor.finding import CheckContext, Finding
from aadsync_lib.model.account import Account, TargetSnapshot, Unread
from aadsync_lib.model.identity import Kind, name_key
from aadsync_lib.ports import Target

SEEN = {  # by level: by whom, and where
    "account": "an account admin, in the account console: User management, Service principals, {0}, "
    "Credentials & secrets",
    "workspace": "an admin of the workspace: Settings, Identity and access, Service principals, {0}, "
    "Secrets",
}


def check_oauth_secret(
    context: CheckContext, target: TargetSettings, opened: Target, snapshot: TargetSnapshot
) -> Iterator[Finding]:
    """Look up the end of the secret of a target's login, as far as this login may."""
    if not isinstance(target.auth, OAuthM2MAuth) or not isinstance(opened, ScimTarget):
        return
    setting = f"targets.{target.name}.auth.client_secret"
    seen = SEEN[target.level].format(target.auth.client_id)
    principal, now = _principal(target.auth.client_id, snapshot), context.clock.now()
    ends = opened.secret_ends(principal.id) if principal else Unread("its principal is not listed")
    if not isinstance(ends, Unread) and not any(end is None or end > now for end in ends):
        ends = Unread("Databricks lists none that lasts")
    if isinstance(ends, Unread):
        remedy = f"It is seen by {seen}. Note the day: this cannot warn before it."
        yield Finding(f"end of {setting}", "warning", f"not known: {ends.reason}.", remedy)
    else:
        yield _first_to_end(setting, [e for e in ends if e is None or e > now], now, seen)


def _first_to_end(setting: str, lasting: Sequence[float | None], now: float, seen: str) -> Finding:
    """Take the first that ends for the stored one: which of them is, Databricks does not tell."""
    ends = [end for end in lasting if end is not None]
    if not ends:
        return Finding(f"end of {setting}", "ok", "never.")
    many = len(lasting) > 1
    more = f", the first of {len(lasting)} secrets to end" if many else ""
    remedy = f"Have a new one made and store it, then delete this one. That does {seen}."
    return ending(setting, min(ends), now, remedy, more)


def _principal(client_id: str, snapshot: TargetSnapshot) -> Account | None:
    key = name_key(client_id)
    own = (snapshot.accounts[each] for each in snapshot.own if each in snapshot.accounts)
    return next(
        (a for a in own if a.kind is Kind.SERVICE_PRINCIPAL and name_key(a.name) == key), None
    )
