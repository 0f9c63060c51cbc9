"""``dbutils.widgets``: parameters of a job, or values that a person chose."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

CHOICES_LIMIT = 1024


class InputWidgetNotDefined(Exception):  # noqa: N818 - the platform's own name
    """There is neither a widget nor a parameter of that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"No input widget named {name} is defined")


@dataclass(frozen=True, slots=True)
class Widget:
    kind: str
    name: str
    default: str
    choices: tuple[str, ...]
    label: str | None


class Widgets:
    """A parameter beats the default of its widget. In a job it needs no widget."""

    def __init__(self, parameters: dict[str, str], *, interactive: bool) -> None:
        self._parameters = parameters
        self._interactive = interactive
        self._widgets: dict[str, Widget] = {}
        self._log: dict[str, Widget] = {}

    def text(self, name: str, defaultValue: str, label: str | None = None) -> None:  # noqa: N803 - the platform's
        self._define(Widget("text", name, defaultValue, (), label))

    def dropdown(
        self,
        name: str,
        defaultValue: str,  # noqa: N803 - the platform's
        choices: Sequence[str],
        label: str | None = None,
    ) -> None:
        self._define(Widget("dropdown", name, defaultValue, tuple(choices), label))

    def combobox(
        self,
        name: str,
        defaultValue: str,  # noqa: N803 - the platform's
        choices: Sequence[str],
        label: str | None = None,
    ) -> None:
        self._define(Widget("combobox", name, defaultValue, tuple(choices), label))

    def multiselect(
        self,
        name: str,
        defaultValue: str,  # noqa: N803 - the platform's
        choices: Sequence[str],
        label: str | None = None,
    ) -> None:
        self._define(Widget("multiselect", name, defaultValue, tuple(choices), label))

    def get(self, name: str) -> str:
        if name in self._widgets:
            return self._parameters.get(name, self._widgets[name].default)
        if name in self._parameters and not self._interactive:
            return self._parameters[name]
        raise InputWidgetNotDefined(name)

    def getArgument(self, name: str, defaultValue: str | None = None) -> str | None:  # noqa: N802, N803 - the platform's
        try:
            return self.get(name)
        except InputWidgetNotDefined:
            return defaultValue

    def getAll(self) -> dict[str, str]:  # noqa: N802 - the platform's
        names = dict.fromkeys(self._widgets)
        if not self._interactive:
            names |= dict.fromkeys(self._parameters)
        return {name: self.get(name) for name in names}

    def remove(self, name: str) -> None:
        if self._widgets.pop(name, None) is None:
            raise InputWidgetNotDefined(name)

    def removeAll(self) -> None:  # noqa: N802 - the platform's
        self._widgets.clear()

    def to_json(self) -> list[dict[str, Any]]:
        """Every widget that was ever defined, in that order."""
        return [asdict(widget) for widget in self._log.values()]

    def _define(self, widget: Widget) -> None:
        _check(widget)
        given = self._parameters.get(widget.name)
        if given is not None:
            _check_choice(widget, given, "value")
        self._widgets.setdefault(widget.name, widget)
        self._log[widget.name] = widget


def _check(widget: Widget) -> None:
    for what, value in (("name", widget.name), ("defaultValue", widget.default)):
        if not isinstance(value, str):
            raise TypeError(f"widget {widget.name!r}: {what} is {value!r}, not a str")
    wrong = [choice for choice in widget.choices if not isinstance(choice, str)]
    if wrong:
        raise TypeError(f"widget {widget.name!r}: the choice {wrong[0]!r} is not a str")
    if widget.kind == "text":
        return
    if len(widget.choices) > CHOICES_LIMIT:
        count = len(widget.choices)
        raise ValueError(f"widget {widget.name!r} has {count} choices, more than {CHOICES_LIMIT}")
    if len(set(widget.choices)) < len(widget.choices):
        raise ValueError(f"widget {widget.name!r} has a choice twice")
    _check_choice(widget, widget.default, "default value")


def _check_choice(widget: Widget, value: str, what: str) -> None:
    """A combobox takes any text; a multiselect's value is choices joined by commas."""
    if widget.kind in {"text", "combobox"}:
        return
    values = [value] if widget.kind == "dropdown" else [part for part in value.split(",") if part]
    for item in values:
        if item not in widget.choices:
            raise ValueError(
                f"widget {widget.name!r}: the {what} {item!r} is not one of the choices "
                f"{', '.join(map(repr, widget.choices))}"
            )
