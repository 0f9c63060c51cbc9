"""The outcome of one step of one client."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    client: str
    step: str
    good: bool
    seen: str
    output: str = ""
    """The end of what the client said, where it was not good."""

    def __str__(self) -> str:
        line = f"{'ok  ' if self.good else 'FAIL'}  {self.client:24}{self.step:34}{self.seen}"
        return f"{line}\n{self.output}" if self.output else line
