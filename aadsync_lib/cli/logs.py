"""Logs on stderr: one line each, without secrets, beside a progress bar."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from aadsync_lib.cli.output import Output
from aadsync_lib.report.escape import CleanFormatter

OURS = "aadsync_lib"


class BesideBar(logging.StreamHandler[TextIO]):
    """Writes above a progress bar instead of through it."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write with the bar taken away for a moment."""
        from tqdm import tqdm

        with tqdm.external_write_mode(file=self.stream):
            super().emit(record)


@contextmanager
def logs_to_stderr(output: Output, *, verbose: int = 0, quiet: bool = False) -> Iterator[None]:
    """Log to stderr: warnings, or with ``verbose`` more, or with ``quiet`` errors only."""
    handler = BesideBar(sys.stderr)
    handler.setFormatter(CleanFormatter("%(levelname)s %(name)s: %(message)s", output.clean))
    root, ours = logging.getLogger(), logging.getLogger(OURS)
    before = (root.level, ours.level)
    root.addHandler(handler)
    root.setLevel(logging.WARNING if verbose > 1 else logging.ERROR)
    ours.setLevel(_level(verbose, quiet=quiet))
    try:
        yield
    finally:
        root.removeHandler(handler)
        root.setLevel(before[0])
        ours.setLevel(before[1])


def _level(verbose: int, *, quiet: bool) -> int:
    if quiet:
        return logging.ERROR
    return (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
