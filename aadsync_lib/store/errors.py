"""Refusals that the stores have in common."""

from __future__ import annotations

from aadsync_lib.errors import StoreError
from aadsync_lib.model.link import Link


def unknown_run(place: object, sync: str, run_id: str) -> StoreError:
    """Return what to raise when a run ends that never began."""
    return StoreError(
        f"{place}: sync {sync} has no run {run_id}, so its end was not recorded. Was the store "
        f"replaced during the run?"
    )


def unknown_entry(target: str, sync: str, entry: int) -> StoreError:
    """Return what to raise for the outcome of a change that was never announced."""
    return StoreError(
        f"{target}: the journal of sync {sync} has no entry {entry}, so its outcome was not "
        f"recorded. Was the store replaced during the run? Run again to find out what was done."
    )


def already_linked(target: str, link: Link, owner: str) -> StoreError:
    """Return what to raise when a target object would be linked twice."""
    return StoreError(
        f"{target}: {link.kind.value} {link.target_id} is linked to Entra object {owner} and "
        f"cannot be linked to {link.external_id} as well. Nothing of this step was recorded. "
        f"Run again: what was sent is looked up on the target first."
    )
