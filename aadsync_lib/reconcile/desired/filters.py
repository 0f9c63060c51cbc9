"""The scoping filter of ``scope.users``."""

from __future__ import annotations

from collections.abc import Callable

from aadsync_lib.config.scope import Clause, Scope
from aadsync_lib.model.directory import AttributeValue, User
from aadsync_lib.model.identity import name_key

BUILT_IN: dict[str, Callable[[User], AttributeValue]] = {
    "userPrincipalName": lambda user: user.user_principal_name,
    "mail": lambda user: user.mail,
    "displayName": lambda user: user.display_name,
    "accountEnabled": lambda user: user.enabled,
    "userType": lambda user: "Guest" if user.guest else "Member",
    "id": lambda user: user.id,
}


def excluded(user: User, scope: Scope) -> str | None:
    """Return why the user is out of scope, or ``None``."""
    if user.guest and not scope.guests:
        return "is a guest, and scope.guests is false"
    if not scope.users or any(all(holds(c, user) for c in clauses) for clauses in scope.users):
        return None
    failed = next(c for clauses in scope.users for c in clauses if not holds(c, user))
    return f"scope.users: {failed.attribute} {failed.operator} {failed.value!r} does not hold"


def holds(clause: Clause, user: User) -> bool:
    """Return whether a clause holds; text is compared without case, as Entra's own filters do."""
    value = _text(value_of(clause.attribute, user))
    wanted = clause.value if isinstance(clause.value, tuple) else (clause.value,)
    texts = [_text(text) or "" for text in wanted]
    match clause.operator:
        case "is_null":
            return value is None
        case "is_not_null":
            return value is not None
        case "equals" | "in":
            return value in texts
        case "not_equals" | "not_in":
            return value not in texts
        case "starts_with":
            return value is not None and value.startswith(texts[0])
        case "ends_with":
            return value is not None and value.endswith(texts[0])
        case _:  # contains
            return value is not None and texts[0] in value


def value_of(attribute: str, user: User) -> AttributeValue:
    """Return the value of one of Graph's properties of a person, ``None`` where it was not read."""
    if attribute in user.attributes:
        return user.attributes[attribute]
    return BUILT_IN[attribute](user) if attribute in BUILT_IN else None


def _text(value: AttributeValue) -> str | None:
    """Return the value in the form in which values are compared; an empty one is absent."""
    if isinstance(value, bool):
        return str(value).lower()
    return name_key(value) if value else None


def unnested(scope: Scope, *, security: bool) -> str | None:
    """Return why a group nested in another is left out with everybody below it, or ``None``."""
    if scope.nested == "direct":
        return "is a nested group, and scope.nested is direct"
    if scope.groups_of_kind == "security" and not security:
        return "is no security group, and scope.groups_of_kind is security"
    return None
