"""Checkpoint and mirror that an earlier run left, and whether a run may go by them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence

from aadsync_lib import __version__
from aadsync_lib.config.digest import settings_digest
from aadsync_lib.config.settings import Settings
from aadsync_lib.model.carried import DAY, Checkpoint
from aadsync_lib.model.mirror import Mirror, mirror_from_text
from aadsync_lib.ports import StoreReader, Target
from aadsync_lib.reconcile.mirror.full_run import FullRunNeeded

LINKS_LAST = 7 * DAY - 3_600.0  # a delta link of the directory is good for seven days


def made_for(settings: Settings, targets: Iterable[str]) -> str:
    """Return a digest of everything but the directory that decides what a run would do."""
    text = json.dumps([__version__, settings_digest(settings), sorted(targets)])
    return hashlib.sha256(text.encode()).hexdigest()


def holds(kept: Checkpoint, of: str, now: float) -> bool:
    """Return whether Entra still knows the links of a checkpoint, and it is of what ``made_for`` tells."""
    return kept.made_for == of and 0 <= now - kept.given_at < LINKS_LAST


def mirror_of(kept: Checkpoint, reader: StoreReader, targets: Sequence[Target]) -> Mirror:
    """Return what both sides are believed to be. Raises ``FullRunNeeded`` where that is not known."""
    text = reader.mirror(kept.mirror_digest) if kept.mirror_digest else None
    if text is None:
        raise FullRunNeeded("the last run left no mirror of both sides")
    mirror = mirror_from_text(text)
    if mirror.targets.keys() != {target.name for target in targets}:
        raise FullRunNeeded("the mirror is one of other targets")
    if mirror.logins != {target.name: target.login() for target in targets}:
        raise FullRunNeeded("another login left the mirror")
    return mirror


def usable_mirror(
    settings: Settings, reader: StoreReader, targets: Sequence[Target], now: float
) -> tuple[Checkpoint, Mirror]:
    """Return the mirror for a run on demand, current or not, with its checkpoint. Raises ``FullRunNeeded``.

    It is of these settings, no older than ``policy.full_every``, and no write since is open.
    """
    kept, names = reader.checkpoint(), [target.name for target in targets]
    every = min(settings.for_target(name).policy.seconds_between_full for name in names)
    if kept is None or not holds(kept, made_for(settings, names), now):
        raise FullRunNeeded("no earlier run of these settings left a mirror of both sides")
    if not 0 <= now - kept.full_at < every:
        raise FullRunNeeded("the last run that read everything is too long ago")
    if any(reader.pending(name) for name in names):
        raise FullRunNeeded("a run died, and what became of its last writes is not known")
    return kept, mirror_of(kept, reader, targets)
