"""``dbutils.jobs.taskValues``: small values handed from one task of a job run to later ones."""

import json
from typing import Any

SIZE_LIMIT = 48 * 1024  # bytes of JSON
COUNT_LIMIT = 250
KEY_LIMIT = 1024


class TaskValues:
    """``earlier`` is None outside of a job run."""

    def __init__(self, earlier: dict[str, dict[str, Any]] | None, *, iteration: bool) -> None:
        self._earlier = earlier
        self._iteration = iteration
        self.values: dict[str, Any] = {}

    def set(self, key: str, value: Any) -> None:
        if not isinstance(key, str) or not key or len(key) > KEY_LIMIT:
            raise ValueError(f"taskValues.set: the key is a text of 1 to {KEY_LIMIT}, not {key!r}")
        try:
            text = json.dumps(value, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ValueError(
                f"taskValues.set: {key} cannot be expressed as JSON: {error}"
            ) from None
        size = len(text.encode())
        if size > SIZE_LIMIT:
            raise ValueError(
                f"taskValues.set: the JSON of {key} has {size} bytes, more than the "
                f"{SIZE_LIMIT} (48 KiB) a task value may have"
            )
        if self._iteration:
            raise ValueError(f"taskValues.set: {key}: an iteration of a for each task sets none")
        if self._earlier is None:
            return
        if key not in self.values and len(self.values) >= COUNT_LIMIT:
            raise ValueError(f"taskValues.set: {key} is one more than {COUNT_LIMIT} of a run")
        self.values[key] = json.loads(text)

    def get(
        self,
        taskKey: str,  # noqa: N803 - the platform's
        key: str,
        default: Any = None,
        debugValue: Any = None,  # noqa: N803 - the platform's
    ) -> Any:
        if self._earlier is None:
            if debugValue is None:
                raise TypeError(
                    "Must pass debugValue when calling get outside of a job context. "
                    "debugValue cannot be None."
                )
            return debugValue
        if taskKey in self._earlier and key in self._earlier[taskKey]:
            return self._earlier[taskKey][key]
        if default is not None:
            return default
        if taskKey not in self._earlier:
            raise ValueError(f"No task named {taskKey} has run before this one")
        raise ValueError(f"Task {taskKey} set no value {key}")
