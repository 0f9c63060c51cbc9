"""Everything that leaves the program goes through here, without secrets."""

from __future__ import annotations

import json
import os
import select
import stat
import sys
import tempfile
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from aadsync_lib.errors import AadsyncError

if TYPE_CHECKING:
    from aadsync_lib.config.settings import Settings

OWNER_ONLY = 0o600


class Output:
    """Cleans messages, and writes results to stdout and to files."""

    def __init__(self) -> None:
        self._redact: Callable[[str], str] = str
        self._named: Callable[[str], str] = str
        self._kept = False  # a file holds the result, or what matters of it
        self.settings: Settings | None = None  # of this command, once they are read

    def hide(self, redact: Callable[[str], str]) -> None:
        """Take secrets out of all that leaves from now on."""
        self._redact = redact

    def name_commands(self, complete: Callable[[str], str]) -> None:
        """Have messages name commands with the options of this one, from now on."""
        self._named = complete

    def clean(self, text: str) -> str:
        """Return a message without secrets and without anything that a terminal would act on."""
        from aadsync_lib.report.escape import visible_lines

        return visible_lines(self._redact(self._named(text)))

    def redacted(self, text: str) -> str:
        """Return a text without secrets; its names are clean already."""
        return self._redact(text)

    def result(self, text: str) -> None:
        """Write a result to stdout: its names are clean already, and colours may be in it.

        Where a file holds it, nobody has to read stdout.
        """
        try:
            click.echo(self._redact(text), nl=False, color=True)
        except BrokenPipeError:
            _forget_stdout()
            if not self._kept:
                raise
        except (OSError, ValueError) as error:
            closed = isinstance(error, ValueError)
            _forget_stdout()
            if self._kept and closed:
                return
            reason = getattr(error, "strerror", None) or error
            raise AadsyncError(f"stdout could not be written: {reason}.") from error

    def json(self, document: Any) -> str:
        """Return a document in ASCII; it stays a document whatever the secrets look like."""
        return (
            json.dumps(self._without_secrets(document), indent=2).replace("\x7f", "\\u007f") + "\n"
        )

    def file(self, path: Path, text: str, *, names_nobody: bool = False) -> None:
        """Write a whole file or leave the old one; only its owner may read it, unless it ``names_nobody``."""
        temporary = None
        try:
            if _is_device(path):
                path.write_text(self._redact(text), encoding="utf-8")
                self._kept = True
                return
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                os.fchmod(handle, _usual_mode() if names_nobody else OWNER_ONLY)
                file.write(self._redact(text))
                file.flush()
                os.fsync(handle)
            Path(temporary).replace(path)
            self._kept = True
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


def check_file(path: Path) -> str | None:
    """Return why a file could not be written there, having tried to write beside it."""
    if _is_device(path):
        return None if os.access(path, os.W_OK) else "Permission denied"
    if path.is_dir():
        return "Is a directory"
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.") as file:
            file.write(b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        return error.strerror
    return None


def check_stdout() -> None:
    """Raise where it is plain that no result can be written, before anything is done for it."""
    if sys.stdout is None or sys.stdout.closed:
        raise AadsyncError("stdout is closed: the result cannot be written. Nothing was changed.")
    if _nobody_reads(sys.stdout):
        raise AadsyncError("Nobody reads stdout any more. Nothing was changed.")


def one_stream() -> bool:
    """Whether results and messages come out at the same place, such as a terminal or the log of a job."""
    try:
        places = [os.fstat(stream.fileno()) for stream in (sys.stdout, sys.stderr)]
    except (AttributeError, OSError, ValueError):
        return False
    return os.path.samestat(*places)


def _nobody_reads(stream: IO[str]) -> bool:
    try:
        poll = select.poll()
        poll.register(stream.fileno(), 0)
        return any(event & select.POLLERR for _, event in poll.poll(0))
    except (AttributeError, OSError, ValueError):  # no poll on Windows, no number of a stand-in
        return False


def _forget_stdout() -> None:
    """Let go of what is still to be written: Python would end with 120 over it, whatever was done."""
    with suppress(OSError, ValueError):
        number, nowhere = sys.stdout.fileno(), os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, number)
        os.close(nowhere)


def _is_device(path: Path) -> bool:
    """Whether this is no file that could be replaced, such as ``/dev/stdout`` or a pipe."""
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


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
        return error.message
    what = " ".join(str(error).split()) or "no message"
    return f"{type(error).__name__}: {what} ({DEBUG}=1 shows where)"
