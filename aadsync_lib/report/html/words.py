"""Texts of the page that stay in one piece: addresses, and ids of runs in short."""

from __future__ import annotations

import re

from markupsafe import Markup, escape

from aadsync_lib.report.escape import visible

# As in dom.js. A text that is longer than a line of a phone may break, whatever it is.
ADDRESS = re.compile(
    r"""(?:[^\s,;"'()<>]*@[^\s,;"'()<>]+|https?://[^\s,;"'()<>]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})[,;]?""",
    re.IGNORECASE | re.ASCII,
)  # with the comma that follows, which would stand alone on a line
LONGEST = 64
STAMP = re.compile(r"^\d{8}T\d{6}Z-")


def whole(text: str) -> Markup:
    """Return a text as HTML in which no address is broken."""
    pieces: list[Markup] = []
    end = 0
    for found in ADDRESS.finditer(text):
        if len(found.group()) <= LONGEST:
            pieces.append(escape(text[end : found.start()]))
            pieces.append(Markup('<span class="whole">{}</span>').format(found.group()))
            end = found.end()
    return Markup("").join((*pieces, escape(text[end:])))


def run_mark(run_id: str) -> Markup:
    """Return the id of a run as HTML: its end, which ``history`` takes too, and all of it on hovering."""
    shown = visible(run_id)
    return Markup('<span class="whole" title="{}">{}</span>').format(shown, STAMP.sub("", shown))
