"""Log and progress of a notebook, and errors that hold no secret."""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, TypeVar

from aadsync_lib.errors import AadsyncError
from aadsync_lib.notebook.words import in_a_notebook
from aadsync_lib.ports import Progress
from aadsync_lib.report.escape import CleanFormatter, visible_lines
from aadsync_lib.report.progress import BarProgress, progress_on
from aadsync_lib.secrets import RedactingFilter, SecretResolver

OURS = logging.getLogger("aadsync_lib")
T = TypeVar("T")


@contextmanager
def clean_errors(secrets: SecretResolver) -> Iterator[None]:
    """Raise errors as an operator reads them, without what the SDKs had to say before."""
    try:
        yield
    except AadsyncError as error:
        error.args = (visible_lines(secrets.redact(in_a_notebook(error.message))),)
        raise error from None
    except Exception as error:  # noqa: BLE001 - what an SDK raises may quote a secret
        text = visible_lines(secrets.redact(f"{type(error).__name__}: {error}"))
        raise AadsyncError(f"{text}\nPlease report this, it is a defect of aadsync.") from None


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


def notebook_progress(interactive: bool) -> Progress:
    """Return the progress that suits a notebook.

    All of it goes to stdout: the page of a job run keeps that, and no widgets.
    """
    bar = _widget() if interactive else None
    return progress_on(sys.stdout) if bar is None else BarProgress(sys.stdout, bar)


def _widget() -> type[Any] | None:
    """Return the bar that a notebook draws, or ``None`` where it can draw none."""
    if find_spec("ipywidgets") is None:  # tqdm would warn
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about widgets too old or too new to draw: lines will do
        from tqdm.auto import tqdm
    drawn = any(base.__module__ == "tqdm.notebook" for base in tqdm.__mro__)
    return tqdm if drawn else None
