"""Ids of runs in short, as the page shows them."""

from __future__ import annotations

import re

from markupsafe import Markup

from aadsync_lib.report.escape import visible

STAMP = re.compile(r"^\d{8}T\d{6}Z-")


def run_mark(run_id: str) -> Markup:
    """Return the id of a run as HTML: its end, which ``history`` takes too, and all of it on hovering."""
    shown = visible(run_id)
    return Markup('<span class="whole" title="{}">{}</span>').format(shown, STAMP.sub("", shown))
