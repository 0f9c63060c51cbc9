"""Changes as JSON and back, and the digest over them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from aadsync_lib.model.change import Action, Change, MemberRef
from aadsync_lib.model.head import Address, Head
from aadsync_lib.model.identity import Attributes, Kind, Permission

JsonObject = dict[str, Any]
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
ENCODER = json.JSONEncoder(sort_keys=True, separators=(",", ":"))

SCIM = {
    "user_name": "userName",
    "application_id": "applicationId",
    "display_name": "displayName",
    "external_id": "externalId",
    "active": "active",
    "workspace_id": "workspace_id",
    "permission": "permission",
    "entitlements": "entitlements",
    "settings": "settings",
}
FIELDS = {scim: name for name, scim in SCIM.items()}


def attributes_to_json(attributes: Attributes | None) -> JsonObject | None:
    """Return the attributes that are set, by their SCIM names; those of access by the settings' names."""
    if attributes is None:
        return None
    pairs = ((scim, getattr(attributes, name)) for name, scim in SCIM.items())
    raw = {scim: value for scim, value in pairs if value is not None}
    if attributes.entitlements is not None:
        raw["entitlements"] = list(attributes.entitlements)
    if attributes.settings is not None:
        raw["settings"] = json.loads(attributes.settings)
    return raw


def attributes_from_json(raw: Mapping[str, Any] | None) -> Attributes | None:
    """Read what ``attributes_to_json`` wrote."""
    if raw is None:
        return None
    values = {FIELDS[key]: value for key, value in raw.items()}
    if "permission" in values:
        values["permission"] = Permission(values["permission"])
    if "entitlements" in values:
        values["entitlements"] = tuple(values["entitlements"])
    if "settings" in values:
        values["settings"] = ENCODER.encode(values["settings"])
    return Attributes(**values)


def member_to_json(member: MemberRef) -> JsonObject:
    """Return a member as plans and saved plans write it."""
    return {
        "external_id": member.external_id,
        "target_id": member.target_id,
        "name": member.name,
        "type": member.type.value,
    }


def member_from_json(raw: Mapping[str, Any]) -> MemberRef:
    """Read what ``member_to_json`` wrote."""
    return MemberRef(raw["external_id"], raw["target_id"], raw["name"], Kind(raw["type"]))


def change_to_json(change: Change) -> JsonObject:
    """Return a change as plans and saved plans write it."""
    raw = _without_members(change)
    if change.members:
        raw["members"] = [member_to_json(member) for member in change.members]
    return raw


def _without_members(change: Change) -> JsonObject:
    raw: JsonObject = {"drift": True} if change.drift else {}
    if change.principal:
        raw["type"] = change.principal.value
    return raw | {
        "action": change.action.value,
        "external_id": change.external_id,
        "target_id": change.target_id,
        "name": change.name,
        "before": attributes_to_json(change.before),
        "after": attributes_to_json(change.after),
        "reason": change.reason,
    }


def change_from_json(raw: Mapping[str, Any]) -> Change:
    """Read what ``change_to_json`` wrote."""
    return Change(
        action=Action(raw["action"]),
        external_id=raw["external_id"],
        target_id=raw["target_id"],
        name=raw["name"],
        reason=raw["reason"],
        before=attributes_from_json(raw["before"]),
        after=attributes_from_json(raw["after"]),
        members=tuple(member_from_json(member) for member in raw.get("members", ())),
        drift=raw.get("drift", False),
        principal=Kind(raw["type"]) if raw.get("type") else None,
    )


def head_to_json(head: Head | None) -> JsonObject | None:
    """Return the head of a document; one that an earlier version kept has none."""
    return None if head is None else asdict(head)


def head_from_json(raw: Mapping[str, Any] | None) -> Head | None:
    """Read what ``head_to_json`` wrote."""
    return None if raw is None else Head(**{key: str(value) for key, value in raw.items()})


def address_to_json(address: Address | None) -> JsonObject:
    """Return the keys by which a document says where a target is."""
    if address is None:
        return {}
    keys = "workspace_id" if address.account_id is None else "account_id"
    return {"host": address.host, keys: getattr(address, keys)}


def address_from_json(raw: Mapping[str, Any]) -> Address | None:
    """Read from a target of a document what ``address_to_json`` wrote into it."""
    if "host" not in raw:
        return None
    return Address(str(raw["host"]), raw.get("account_id"), raw.get("workspace_id"))


def digest_of(targets: Iterable[tuple[str, Sequence[str], Iterable[Change]]]) -> str:
    """Return ``sha256:…`` over name, place and changes of each target, the same for the same changes."""
    sha = hashlib.sha256()
    encoded: dict[int, bytes] = {}  # a member is in many groups, and written the same way in each
    for target, place, changes in targets:
        sha.update(json.dumps([target, *place] if place else target).encode())
        for change in changes:
            sha.update(_canonical(_without_members(change)))
            sha.update(b",".join(_encoded(member, encoded) for member in change.members))
    return f"sha256:{sha.hexdigest()}"


def digest_in(text: str) -> str:
    """Return the digest that somebody typed, without regard to case. Raises ``ValueError`` for anything else."""
    digest = text.strip().lower()
    if not DIGEST.fullmatch(digest):
        raise ValueError(
            f"{text[:80]!r} is no digest; expected sha256: and 64 hexadecimal digits, as a plan shows it"
        )
    return digest


def _encoded(member: MemberRef, encoded: dict[int, bytes]) -> bytes:
    if id(member) not in encoded:
        encoded[id(member)] = _canonical(member_to_json(member))
    return encoded[id(member)]


def _canonical(raw: JsonObject) -> bytes:
    return ENCODER.encode(raw).encode()
