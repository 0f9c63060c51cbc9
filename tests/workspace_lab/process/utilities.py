"""``dbutils`` as a notebook finds it on Spark Connect: without an entry point to the JVM."""

from typing import Any, NoReturn

from tests.workspace_lab.process.outputs import Outputs
from tests.workspace_lab.process.task_values import TaskValues
from tests.workspace_lab.process.widgets import Widgets


class NotebookExit(BaseException):
    """``dbutils.notebook.exit``: the notebook ends here, with success.

    No error, so that ``except Exception`` lets it through.
    """

    def __init__(self, value: str) -> None:
        super().__init__(value)
        self.value = value


class PythonRestart(BaseException):
    """``dbutils.library.restartPython``: the cell ends here, and all state of Python is gone."""


class Notebook:
    def exit(self, value: Any) -> NoReturn:
        raise NotebookExit(value if isinstance(value, str) else str(value))

    def run(self, path: str, timeout_seconds: int = 0, arguments: Any = None) -> NoReturn:
        raise NotImplementedError(f"dbutils.notebook.run({path!r}) is not supported here")


class Library:
    def restartPython(self) -> NoReturn:  # noqa: N802 - the platform's
        raise PythonRestart


class Jobs:
    def __init__(self, task_values: TaskValues) -> None:
        self.taskValues = task_values


class Secrets:
    """Secrets through REST, with the credentials of the environment. What is read is hidden."""

    def __init__(self, outputs: Outputs) -> None:
        self._outputs = outputs
        self._remote: Any = None

    def get(self, scope: str, key: str) -> str:
        return self.getBytes(scope, key).decode()

    def getBytes(self, scope: str, key: str) -> bytes:  # noqa: N802 - the platform's
        value: bytes = self.remote.secrets.getBytes(scope, key)
        self._outputs.hide(value.decode(errors="ignore"))
        return value

    def list(self, scope: str) -> Any:
        return self.remote.secrets.list(scope)

    def listScopes(self) -> Any:  # noqa: N802 - the platform's
        return self.remote.secrets.listScopes()

    @property
    def remote(self) -> Any:
        """The SDK's own ``dbutils``, made when it is first needed: it takes a second to import."""
        if self._remote is None:
            from databricks.sdk.dbutils import RemoteDbUtils

            self._remote = RemoteDbUtils()
        return self._remote


class DBUtils:
    """Survives a restart of Python, as the widgets of a notebook do."""

    def __init__(self, widgets: Widgets, task_values: TaskValues, outputs: Outputs) -> None:
        self.widgets = widgets
        self.jobs = Jobs(task_values)
        self.secrets = Secrets(outputs)
        self.notebook = Notebook()
        self.library = Library()

    @property
    def fs(self) -> Any:
        return self.secrets.remote.fs
