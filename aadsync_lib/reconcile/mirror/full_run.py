"""Reason for a full run: what a plan from a mirror does not do."""

from __future__ import annotations


class FullRunNeeded(Exception):  # noqa: N818 - no failure: the run goes on, and reads everything
    """Something that only a run may do that reads both sides in full."""
