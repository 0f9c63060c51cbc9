"""Every exception of the package, with the exit code it ends a command with.

AadsyncError                  1  base of all
├── SettingsError             1  the configuration, every problem at once
├── CredentialError           1  a secret or a login
├── SourceError               1  Entra could not be read
├── EntraError                1  Entra refused a request about an application
│   └── AnswerUnclearError    1  a write that may or may not have been done
├── TargetError               1  a target could not be read
├── StoreError                1  the store could not be used
│   └── LeaseHeldError        1  another run holds the lease
├── StalePlanError            1  a saved plan no longer fits the world
├── UnknownNameError          1  nobody of that name is known
├── ScopeEmptyError           1  a selector of the scope finds nothing, on a first sync
├── DeclinedError             1  the operator did not want the plan
├── UsageError                2  the command line
├── PartialError              3  the run went through, not everything was done
└── UnsafePlanError           4  refused by the guard
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from aadsync_lib.own_words import joined, own


class AadsyncError(Exception):
    """Base of every error that is told to an operator."""

    exit_code: ClassVar[int] = 1

    @property
    def message(self) -> str:
        """The message; it knows its own words, which ``str()`` of an exception forgets."""
        return self.args[0] if self.args else ""


class SettingsError(AadsyncError):
    """The settings have problems; ``problems`` lists all of them, one line each."""

    def __init__(self, where: str, problems: tuple[str, ...]) -> None:
        self.problems = problems
        noun = "problem" if len(problems) == 1 else "problems"
        head = f"{where}: {len(problems)} {noun}. Nothing was read or changed."
        lines = (line for problem in problems for line in ("\n  ", problem))
        super().__init__(joined(head, *lines))


class CredentialError(AadsyncError):
    """A secret could not be resolved, or a login was refused."""


class SourceError(AadsyncError):
    """Entra could not be read at all."""


class EntraError(AadsyncError):
    """Entra refused a request about an application. ``status`` is HTTP's, 0 for no usable answer."""

    def __init__(self, message: str, status: int = 0, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class AnswerUnclearError(EntraError):
    """A write about an application was sent, and may or may not have been done."""


class TargetError(AadsyncError):
    """A target could not be read at all."""


class StoreError(AadsyncError):
    """The store could not be opened or written."""


class LeaseHeldError(StoreError):
    """Another run of this sync is working on this target."""

    def __init__(self, target: str, holder: str, since: str, expires: str) -> None:
        super().__init__(
            f"{target}: {holder} has held the lease since {since} (it ends {expires} unless renewed). "
            f"Nothing was changed. Wait for that run to end; if it died, the lease ends by itself."
        )


class StalePlanError(AadsyncError):
    """A saved plan no longer is what planning now would give."""


class UnknownNameError(AadsyncError):
    """The store knows nobody of this name; ``nearest`` are names that look like it."""

    def __init__(self, what: str, name: str, nearest: tuple[str, ...]) -> None:
        self.nearest = nearest
        near = f" Nearest: {', '.join(nearest)}." if nearest else ""
        super().__init__(
            joined(
                f"The store knows no {what} {name}: no link, membership or recorded change has that name or "
                f"id.{near} ",
                own(f"aadsync explain --{what} looks in Entra, too."),
            )
        )


class ScopeEmptyError(AadsyncError):
    """A selector finds nothing before anything was ever synced: most likely it is mistyped."""

    def __init__(self, selectors: Iterable[str]) -> None:
        lines = "\n".join(f"  {selector}" for selector in selectors)
        super().__init__(
            f"Not all of scope.groups finds something. Nothing was changed.\n{lines}\n"
            f"This would be the first sync, so that stops it; a later one would only warn. Correct "
            f"scope.groups, or take out what is not there yet."
        )


class DeclinedError(AadsyncError):
    """Whoever was asked did not want the plan to be applied."""

    def __init__(self) -> None:
        super().__init__("Not applied: the answer was no. Nothing was changed.")


class UsageError(AadsyncError):
    """The command was called in a way that cannot be carried out."""

    exit_code: ClassVar[int] = 2


class PartialError(AadsyncError):
    """The run went through, but not everything was done."""

    exit_code: ClassVar[int] = 3


class UnsafePlanError(AadsyncError):
    """The plan would change more than the limits allow, or something protected."""

    exit_code: ClassVar[int] = 4


def install_extra(extra: str) -> str:
    """Say how to add an extra. No index has the distribution, so its bare name would be anybody's package."""
    return (
        f"pip install '.[{extra}]' in a clone of aadsync, or from its wheel "
        f"pip install 'PATH-OF-THE-WHEEL[{extra}]'."
    )
