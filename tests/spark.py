"""Real Spark with real Delta: one Spark Connect server for the tests of a process, on this machine only.

The jars of Delta are not on PyPI; ``.tools/jars`` holds them.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests import tools

ROOT = Path(__file__).parents[1]
JARS = tools.TOOLS / "jars"
STARTED = 120.0  # seconds, at most, until the server answers
SERVER = "org.apache.spark.sql.connect.service.SparkConnectServer"

# Tables here have a few rows: compiling code for a query, or splitting it, costs more than running it.
SMALL = {
    "spark.sql.shuffle.partitions": "1",
    "spark.databricks.delta.snapshotPartitions": "1",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
    "spark.databricks.delta.properties.defaults.checkpointInterval": "50",
}

# The server lives for minutes: what it takes to start and to get warm counts as much as how fast it is then.
SOON_WARM = (
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-XX:ReservedCodeCacheSize=240m",
    "-XX:+UnlockDiagnosticVMOptions",
    "-XX:-BytecodeVerificationRemote",  # a tenth of its start: the jars are those of the lock files
)

# What the server keeps for a page that nobody opens: thousands of plans, until its memory is full.
FORGETFUL = {
    "spark.ui.retainedJobs": "5",
    "spark.ui.retainedStages": "5",
    "spark.ui.retainedTasks": "100",
    "spark.sql.ui.retainedExecutions": "5",
    "spark.connect.ui.retainedSessions": "5",
    "spark.connect.ui.retainedStatements": "5",
}


def missing() -> str | None:
    """Return why Spark cannot run here."""
    if find_spec("pyspark") is None:
        return "pyspark is not installed"
    if not (shutil.which("java") or os.environ.get("JAVA_HOME")):
        return "Spark needs Java"
    if len(list(JARS.glob("delta-*.jar"))) < 2:
        return f"no Delta jars in {JARS.relative_to(ROOT)}"
    return None


def options(folder: Path) -> dict[str, str]:
    """Return the settings of a session with Delta whose tables live in a folder."""
    return {
        "spark.master": "local[2]",
        "spark.ui.enabled": "false",
        "spark.driver.memory": "2g",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.extraJavaOptions": " ".join(SOON_WARM),
        "spark.jars": ",".join(str(jar) for jar in sorted(JARS.glob("delta-*.jar"))),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.sql.session.timeZone": "UTC",
        "spark.log.level": "ERROR",
        **SMALL,
        **FORGETFUL,
    }


SESSIONS: list[Any] = []


def connect(url: str) -> Any:
    """Return a session of a server, which nobody stops and nobody collects while others are at work.

    pyspark 4.0 has one pool of threads for all sessions of a process, and takes it away when it stops one
    or collects one that was left: others then fail, or wait for ever where it happens in the midst of them.
    """
    from pyspark.sql import SparkSession

    SESSIONS.append(SparkSession.builder.remote(url).create())
    return SESSIONS[-1]


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """Run a Spark Connect server and yield its address."""
    import pyspark

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(Path(pyspark.__path__[0]) / "bin" / "spark-submit"), "--class", SERVER]
    bound = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(port),
    }
    for key, value in (options(folder) | bound).items():
        command += ["--conf", f"{key}={value}"]
    foreign = ("SPARK_", "PYSPARK_")
    environment = {key: value for key, value in os.environ.items() if not key.startswith(foreign)}
    environment["SPARK_LOCAL_IP"] = "127.0.0.1"
    log = folder / "server.log"
    with (
        log.open("w", encoding="utf-8") as output,
        subprocess.Popen(
            [*command, "spark-internal"], cwd=folder, stdout=output, stderr=output, env=environment
        ) as server,
    ):
        try:
            _wait(port, server, log)
            yield f"sc://127.0.0.1:{port}"
        finally:
            server.kill()


def _wait(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + STARTED
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            assert server.poll() is None, log.read_text(encoding="utf-8")
            assert time.monotonic() < deadline, log.read_text(encoding="utf-8")
            time.sleep(0.05)
        else:
            return


@pytest.fixture(scope="session")
def spark_url(tmp_path_factory):
    """The address of a Spark Connect server with Delta; its catalog is ``spark_catalog``."""
    why = missing()
    if why:
        tools.missing(why)
    with serving(tmp_path_factory.mktemp("spark")) as url:
        yield url
        for session in SESSIONS:
            session.stop()


@pytest.fixture(scope="session")
def spark(spark_url):
    """A session of that server."""
    return connect(spark_url)
