"""A write, once its JSON is understood."""

from __future__ import annotations

from dataclasses import dataclass, field

MAX_GROUP_NAME = 255
MAX_EXTERNAL_ID = 64


@dataclass(slots=True)
class Draft:
    """Changes collected from all operations of a request, to be made together or not at all.

    Absent fields are not changed. ``members`` says of each member touched whether it stays.
    """

    display_name: str | None = None
    active: bool | None = None
    external_id: str | None = None
    """``""`` clears it."""
    given_name: str | None = None
    family_name: str | None = None
    roles: list[str] | None = None
    members: dict[str, bool] = field(default_factory=dict)
    clear_members: bool = False
    """Everyone goes who is not kept by ``members``."""

    def keep(self, member_ids: list[str]) -> None:
        for member_id in member_ids:
            self.members[member_id] = True

    def clear(self) -> None:
        self.members.clear()
        self.clear_members = True
