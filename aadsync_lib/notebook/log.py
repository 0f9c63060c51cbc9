"""Nothing that a notebook shows holds a secret: not its errors, not its log."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

from aadsync_lib.errors import AadsyncError
from aadsync_lib.report.escape import visible, visible_lines
from aadsync_lib.secrets import RedactingFilter, SecretResolver

OURS = logging.getLogger("aadsync_lib")
T = TypeVar("T")


@contextmanager
def told(secrets: SecretResolver) -> Iterator[None]:
    """Raise errors as an operator reads them, without what the SDKs had to say before."""
    try:
        yield
    except AadsyncError as error:
        error.args = (visible_lines(secrets.redact(str(error))),)
        raise error from None
    except Exception as error:  # noqa: BLE001 - what an SDK raises may quote a secret
        text = visible_lines(secrets.redact(f"{type(error).__name__}: {error}"))
        raise AadsyncError(f"{text}\nPlease report this, it is a defect of aadsync.") from None


class CleanFormatter(logging.Formatter):
    """One line a record: what comes from a server or a directory begins none of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """Format and clean."""
        return visible(super().format(record))


@contextmanager
def story_on_stdout(secrets: SecretResolver) -> Iterator[None]:
    """Print the log of a run, about ten lines, where a notebook and a job's page show it."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(CleanFormatter("%(levelname)s %(message)s"))
    handler.addFilter(RedactingFilter(secrets))
    before = OURS.level, OURS.propagate
    OURS.addHandler(handler)
    OURS.setLevel(logging.INFO)
    OURS.propagate = False
    try:
        yield
    finally:
        OURS.removeHandler(handler)
        OURS.level, OURS.propagate = before


def interruptibly(act: Callable[[], T], stop: Callable[[], None] = lambda: None) -> T:
    """Run on a thread, so that Cancel lets what is in flight end and be recorded."""
    with ThreadPoolExecutor(1, "run") as pool:
        running = pool.submit(act)
        try:
            return running.result()
        except KeyboardInterrupt:
            stop()
            return running.result()
