"""How a command that cannot go on says so."""

from __future__ import annotations

import os
import traceback
from typing import IO, Any

import click

from aadsync_lib.cli.output import Outlet
from aadsync_lib.errors import AadsyncError

DEBUG = "AADSYNC_DEBUG"


class Failure(click.ClickException):
    """One message on stderr, then the exit code. With ``AADSYNC_DEBUG``, the traceback before it."""

    def __init__(self, error: Exception, outlet: Outlet) -> None:
        super().__init__(outlet.clean(_message(error)))
        code = error.exit_code if isinstance(error, AadsyncError) else 1
        self.exit_code = code  # type: ignore[misc]  # click has one code a class
        self._trace = ""
        if os.environ.get(DEBUG):
            self._trace = outlet.clean("".join(traceback.format_exception(error)))

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the message."""
        click.echo(f"{self._trace}aadsync: {self.message}", file=file, err=True)


def _message(error: Exception) -> str:
    if isinstance(error, AadsyncError):
        return str(error)
    what = " ".join(str(error).split()) or "no message"
    return f"{type(error).__name__}: {what} ({DEBUG}=1 shows where)"
