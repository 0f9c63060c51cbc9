"""``spark`` as a notebook finds it: there from the start, and connected when it is first used."""

import contextlib
import threading
from typing import Any


class Connection:
    """A Spark Connect session, made once, by whichever thread first needs it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._session: Any = None

    def session(self) -> Any:
        with self._lock:
            if self._session is None:
                from pyspark.sql import SparkSession

                self._session = SparkSession.builder.remote(self._url).create()
            return self._session

    def stop(self) -> None:
        """Let go of the session; a server that is gone already changes nothing about the result."""
        if self._session is not None:
            with contextlib.suppress(Exception):
                self._session.stop()


class LazySession:
    """Stands for the session, so that a notebook without Spark need not import pyspark.

    It may be handed on before it is used; whatever is asked of it, the real session answers.
    """

    __slots__ = ("__connection",)

    def __init__(self, connection: Connection) -> None:
        self.__connection = connection

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__connection.session(), name)

    def __repr__(self) -> str:
        return repr(self.__connection.session())
