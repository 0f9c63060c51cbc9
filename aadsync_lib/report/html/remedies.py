"""What to do about what a plan or a run names, in a sentence."""

from __future__ import annotations

from collections.abc import Mapping

LOOK = "Look at it in Entra and on the target."
GRANT = "Grant what the message names (aadsync doctor tells how), then sync again."

WARNINGS: Mapping[str, str] = {
    "assignment_type_unknown": "Look whether a newer version knows this type.",
    "cycle": "Take one of the two out of the other in Entra.",
    "disabled_unmanaged": "Deactivate it by hand, or let policy.adopt take it over.",
    "external_id": "Nothing, unless somebody else is to adopt it.",
    "grace": "Nothing: back in scope before then, it keeps its account.",
    "group_kind_skipped": "scope.groups_of_kind: all takes them in.",
    "max_depth": "Nest less deeply in Entra, or live with the flattened level.",
    "member_type_skipped": "Nothing: Databricks has no such principals.",
    "member_type_unknown": "Look whether a newer version knows this type.",
    "new_ids": "Give the new ids again what was granted to the old ones outside of this sync.",
    "protected": "Nothing, if that is meant; otherwise take it out of policy.protected.",
    "scope_empty": "Correct the selector, or put somebody into what it finds.",
    "source_unread": GRANT,
    "additive": "To take back the rest, undo again with --set policy.mode=mirror.",
    "undo": "Change Entra, the scope or the settings before the next sync.",
}

# By words of the reason, the first that fits: reasons are sentences for people and have no code.
REASONS: Mapping[str, str] = {
    "would adopt it": "Set what the reason names if both are the same; otherwise rename one of the two.",
    "does not take over": "Set what the reason names if both are the same; otherwise rename one of the two.",
    "is a group of the sync": "Decide which of the two syncs has it in scope.",
    " map to ": "Rename one of them in Entra; mapping.group_name can tell groups apart.",
    "is a group of Databricks itself": "Give it another name in Entra, or by mapping.group_name.",
    "characters; Databricks takes": "Shorten its name in Entra, or by mapping.group_name.",
    ", which mapping.": "Give it one in Entra, or change the mapping.",
    "on the target could not be read": "Nothing if it passes; otherwise see aadsync doctor.",
    "whether Entra still has it is unknown": GRANT,
    "could not be read": GRANT,
    "aadsync sync --full tries it": "Mend the cause of the last error; aadsync sync --full tries it at once.",
    "Databricks cannot change it": "As the reason says, or set policy.user_name_change: recreate.",
    "objects on the target have its": "Delete or rename all but one of them on the target.",
    "(capacity.": "Make room there; a limit that Databricks raised goes into targets[].capacity.",
    "name belongs to": "Rename one of the two; the next run goes on by itself.",
}


def of_warning(code: str) -> str:
    """Return what to do about a warning."""
    return WARNINGS.get(code, LOOK)


def of_reason(reason: str) -> str:
    """Return what to do about an identity that is held back."""
    return next((remedy for words, remedy in REASONS.items() if words in reason), LOOK)
