"""Everything that leaves the program goes through here, without secrets."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import click

from aadsync_lib.errors import AadsyncError

OWNER_ONLY = 0o600


class Output:
    """Cleans messages, and writes results to stdout and to files."""

    def __init__(self) -> None:
        self._redact: Callable[[str], str] = str

    def hide(self, redact: Callable[[str], str]) -> None:
        """Take secrets out of all that leaves from now on."""
        self._redact = redact

    def clean(self, text: str) -> str:
        """Return a message without secrets and without anything that a terminal would act on."""
        from aadsync_lib.report.escape import visible_lines

        return visible_lines(self._redact(text))

    def result(self, text: str) -> None:
        """Write a result to stdout: its names are clean already, and colours may be in it."""
        click.echo(self._redact(text), nl=False, color=True)

    def json(self, document: Any) -> str:
        """Return a document in ASCII; it stays a document whatever the secrets look like."""
        return (
            json.dumps(self._without_secrets(document), indent=2).replace("\x7f", "\\u007f") + "\n"
        )

    def file(self, path: Path, text: str, mode: int | None = None) -> None:
        """Write a whole file or leave the old one; ``mode`` is set before anything is in it."""
        temporary = None
        try:
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                os.fchmod(handle, _usual_mode() if mode is None else mode)
                file.write(self._redact(text))
                file.flush()
                os.fsync(handle)
            Path(temporary).replace(path)
        except OSError as error:
            if temporary is not None:
                with suppress(FileNotFoundError):
                    Path(temporary).unlink()
            raise AadsyncError(f"{path} could not be written: {error.strerror}.") from error

    def _without_secrets(self, value: Any) -> Any:
        match value:
            case str():
                return self._redact(value)
            case dict():
                return {key: self._without_secrets(item) for key, item in value.items()}
            case list():
                return [self._without_secrets(item) for item in value]
            case _:
                return value


def streams_write_anything() -> None:
    """Have a name that the terminal's encoding lacks written as an escape instead of failing."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def _usual_mode() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


DEBUG = "AADSYNC_DEBUG"


class Failure(click.ClickException):
    """One message on stderr, then the exit code. With ``AADSYNC_DEBUG``, the traceback before it."""

    def __init__(self, error: Exception, output: Output) -> None:
        super().__init__(output.clean(_message(error)))
        code = error.exit_code if isinstance(error, AadsyncError) else 1
        self.exit_code = code  # type: ignore[misc]  # click has one code a class
        self._trace = ""
        if os.environ.get(DEBUG):
            self._trace = output.clean("".join(traceback.format_exception(error)))

    def show(self, file: IO[Any] | None = None) -> None:
        """Write the message."""
        click.echo(f"{self._trace}aadsync: {self.message}", file=file, err=True)


def _message(error: Exception) -> str:
    if isinstance(error, AadsyncError):
        return str(error)
    what = " ".join(str(error).split()) or "no message"
    return f"{type(error).__name__}: {what} ({DEBUG}=1 shows where)"
