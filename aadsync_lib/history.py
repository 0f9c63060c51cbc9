"""Past of a sync as pandas frames for notebooks, read from its store."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from aadsync_lib.clock import SystemClock
from aadsync_lib.config.load import load_settings
from aadsync_lib.config.settings import Settings
from aadsync_lib.errors import UsageError
from aadsync_lib.model.change import Action
from aadsync_lib.ports import Clock, HistoryReader
from aadsync_lib.report.history import answers, select
from aadsync_lib.wiring import open_reader

if TYPE_CHECKING:
    import pandas as pd


class History:
    """The past of one sync. Reads the store alone: no login to Entra or to a target is needed.

    In every frame times are ``datetime64[ns, UTC]``, numbers ``Int64``, and all else is ``string``; what
    does not apply is missing (``pd.NA`` or ``NaT``).
    """

    def __init__(self, store: HistoryReader, clock: Clock | None = None) -> None:
        self._store = store
        self._clock = clock or SystemClock()

    @classmethod
    def open(cls, settings: Settings | Path | str, *, spark: Any = None) -> Self:
        """Open the history of these settings, or of the file that holds them.

        ``spark`` is what a notebook has, for a store in Delta tables.
        """
        known = settings if isinstance(settings, Settings) else load_settings(Path(settings))
        return cls(open_reader(known, spark=spark))

    def runs(self) -> pd.DataFrame:
        """Return every run, newest first.

        - ``run_id``, ``status`` (``succeeded``, ``partial``, ``refused``, ``failed``, or ``running`` for
          one that has not ended or was killed), ``started_at``, ``ended_at``
        - ``user``, ``host``: who ran it, and where
        - ``digest`` of the plan, ``settings_digest``
        - ``undoes``: the run that it took back
        - ``changes``, ``members_added``, ``members_removed``, ``failed``, ``quarantined``, ``held``: numbers
        """
        from aadsync_lib.report.history.frames import runs_frame

        return runs_frame(self._store.runs())

    def outcomes(
        self,
        run_id: str | None = None,
        user: str | None = None,
        group: str | None = None,
        action: str | None = None,
    ) -> pd.DataFrame:
        """Return what came of each change, in order: a row for each, and for each member of it.

        ``run_id`` may be the beginning of one, or ``last``. ``user`` and ``group`` are names of any time, or
        ids of either side.

        - ``run_id``, ``settled_at``
        - ``target`` to ``after``, ``reason`` and ``drift``: see ``Plan.to_frame``; ``target_id`` is that of
          what was made, too
        - ``result``: ``done``, ``failed``, ``skipped``, ``quarantined`` or ``unknown``; ``error``
        """
        from aadsync_lib.report.history.frames import outcomes_frame

        known = select.run_named(self._store.runs(), run_id).run_id if run_id else None
        wanted = select.Wanted(user, group, _action(action))
        found = answers.outcomes_of(self._store, wanted, known)
        return outcomes_frame(found)

    def check_known(self, user: str | None = None, group: str | None = None) -> None:
        """Raise ``UnknownNameError``, with the nearest names, where nobody has this name or id."""
        answers.check_known(self._store, select.Wanted(user, group, None))

    def memberships(self, on: date | str | None = None) -> pd.DataFrame:
        """Return who was directly in which managed group ``on`` a date, or is now.

        A date is its end, today now; a datetime or timestamp without time zone is UTC.

        - ``target``, ``group``, ``group_external_id``
        - ``member``, ``member_type``, ``member_external_id``, ``member_target_id``
        - ``how``: ``added`` by this sync, ``found`` there and in Entra too, ``foreign``: by somebody else
        - ``since``, ``run_id``: when, and by which run, it was made or first seen
        - ``until``, ``ending`` (``removed`` or ``lost``), ``ended_by``: how it ended later, if it did
        """
        from aadsync_lib.report.history.frames import memberships_frame

        now = self._clock.now()
        at = now if on is None else select.moment(_text(on), now)
        return memberships_frame(self._store.members_at(None if at == now else at))

    def quarantine(self) -> pd.DataFrame:
        """Return what the last run held back until a person looks or the cause is gone.

        ``target``, ``name``, ``external_id``, ``reason``, ``first_seen``, ``last_seen``, and ``times``: in
        how many runs.
        """
        from aadsync_lib.report.history.frames import quarantine_frame

        targets = self._store.targets()
        return quarantine_frame(
            (target, q) for target in targets for q in self._store.quarantine(target)
        )

    def drift(self) -> pd.DataFrame:
        """Return every difference that nobody made in Entra, as the runs saw it, oldest first.

        - ``run_id``, ``seen_at``
        - ``target`` to ``after`` and ``reason``: the change that mends it, see ``Plan.to_frame``
        - ``result``: what came of that change, or ``left`` where the policy leaves it alone
        """
        from aadsync_lib.report.history.frames import drift_frame

        return drift_frame(self._store.entries(), self._store.runs())


def _action(text: str | None) -> Action | None:
    if text is None:
        return None
    try:
        return Action(text)
    except ValueError:
        known = ", ".join(known_action.value for known_action in Action)
        raise UsageError(f"{text!r} is no action. These are: {known}") from None


def _text(on: date | str) -> str:
    if isinstance(on, datetime):
        return (on if on.tzinfo else on.replace(tzinfo=UTC)).isoformat()
    return on if isinstance(on, str) else on.isoformat()
