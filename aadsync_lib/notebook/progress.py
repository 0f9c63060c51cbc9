"""Progress in a notebook: a bar for who looks on, now and then a line for the page of a job run."""

from __future__ import annotations

import sys
import warnings
from importlib.util import find_spec
from typing import Any

from aadsync_lib.report.progress import BarProgress, Progress, progress_on


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
