"""Real Spark with real Delta: one Spark Connect server for all workers of a run, on this machine only.

The jars of Delta are not on PyPI; ``.tools/jars`` holds them.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TextIO

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
    "spark.sql.lightweightPlanChangeValidation": "false",
    "spark.sql.ui.explainMode": "simple",
    "spark.sql.debug.maxToStringFields": "1",
    "spark.databricks.delta.properties.defaults.checkpointInterval": "50",
    "spark.databricks.delta.writeChecksumFile.enabled": "false",
}

# Hadoop starts a program for each file that it moves by a FileContext, and one for its checksum: 22 for each commit.
# One server writes these tables, so the lock of a log that lies in plain files is enough.
PLAIN_FILES = {
    "spark.hadoop.fs.file.impl": "org.apache.hadoop.fs.RawLocalFileSystem",
    "spark.hadoop.fs.AbstractFileSystem.file.impl": "org.apache.hadoop.fs.local.RawLocalFs",
    "spark.delta.logStore.file.impl": "io.delta.storage.LocalLogStore",
}

# The server lives for minutes: what it takes to start and to get warm counts as much as how fast it is then.
SOON_WARM = (
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-XX:ReservedCodeCacheSize=240m",
    "-XX:+UnlockDiagnosticVMOptions",
    "-XX:-BytecodeVerificationRemote",  # a tenth of its start: the jars are those of the lock files
    "-Djdk.lang.Process.launchMechanism=VFORK",
    "-Xms1g",
    "-Xmn512m",
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
        **PLAIN_FILES,
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
    """Yield the address of the server of a folder: whoever comes first starts it, who goes last stops it.

    A lock on a file ends with the process that has it, so that one that was killed is not waited for.
    """
    address = folder / "address"
    with (folder / "changing").open("w") as changing, (folder / "using").open("w") as using:
        with _locked(changing):
            if not address.exists():
                address.write_text(" ".join(map(str, _start(folder))), encoding="utf-8")
            server, port = map(int, address.read_text(encoding="utf-8").split())
            fcntl.flock(using, fcntl.LOCK_SH)
        try:
            yield f"sc://127.0.0.1:{port}"
        finally:
            with _locked(changing), suppress(BlockingIOError):
                fcntl.flock(using, fcntl.LOCK_EX | fcntl.LOCK_NB)
                address.unlink()
                os.kill(server, signal.SIGKILL)
                for started in SERVERS:
                    started.wait()


@contextmanager
def _locked(file: TextIO) -> Iterator[None]:
    fcntl.flock(file, fcntl.LOCK_EX)
    try:
        yield
    finally:
        fcntl.flock(file, fcntl.LOCK_UN)


SERVERS: list[subprocess.Popen[bytes]] = []  # that this process has started


def _start(folder: Path) -> tuple[int, int]:
    """Start a server, and return the id of its process and its port once it answers."""
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
    with log.open("w", encoding="utf-8") as output:
        server = subprocess.Popen(
            [*command, "spark-internal"], cwd=folder, stdout=output, stderr=output, env=environment
        )
    SERVERS.append(server)
    try:
        _wait(port, server, log)
    except BaseException:
        server.kill()
        raise
    return server.pid, port


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
    own = tmp_path_factory.getbasetemp()  # of a worker: below that of the run
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "spark"
    folder.mkdir(exist_ok=True)
    with serving(folder) as url:
        yield url
        for session in SESSIONS:
            session.stop()


@pytest.fixture(scope="session")
def spark(spark_url):
    """A session of that server."""
    return connect(spark_url)
