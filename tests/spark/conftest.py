"""A Spark cluster on the loopback for the tests of this folder: one master, two workers, own ports.

Everything is started once for all tests that run in one process, and ended by its process id.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # for the modules beside the tests, as executors have them

from spark_cluster import PATIENCE_S, QUICK_JAVA, Cluster, free_port  # noqa: E402

IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let pass what PySpark itself warns of."""
    ours = [
        "ignore:PySpark does not yet fully support pandas",  # nothing goes through pandas
        "ignore::ResourceWarning",  # sockets of Py4J, which its own threads close
        "ignore::pytest.PytestUnraisableExceptionWarning",  # the same, seen by the garbage collector
    ]
    for item in items:
        if HERE in item.path.parents:
            for warning in ours:
                item.add_marker(pytest.mark.filterwarnings(warning))


def _need_spark() -> str:
    """Return the folder of PySpark; without it, or without Java, tests are skipped, except in CI."""
    reason = ""
    spec = find_spec("pyspark")
    if spec is None or spec.origin is None:
        reason = "PySpark is not installed: pip install 'songatlas[spark]'"
    elif "JAVA_HOME" not in os.environ and shutil.which("java") is None:
        reason = "no Java on this machine: run tools/install_java.sh"
    if reason and IN_CI:
        pytest.fail(f"CI must run Spark: {reason}")
    if reason:
        pytest.skip(reason)
    return str(Path(spec.origin).parent)  # type: ignore[union-attr, arg-type]


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A standalone cluster of two workers."""
    cluster = Cluster(_need_spark(), tmp_path_factory.mktemp("cluster"))
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.end()


@pytest.fixture(scope="session")
def spark(cluster: Cluster) -> Iterator[Any]:
    """A session on the cluster."""
    from songatlas.spark import open_session

    conf = {
        "spark.driver.memory": "1g",
        "spark.executor.memory": "1g",
        "spark.driver.extraJavaOptions": QUICK_JAVA,
        "spark.executor.extraJavaOptions": QUICK_JAVA,
        "spark.executorEnv.PYTHONPATH": str(HERE),
        "spark.sql.shuffle.partitions": "4",
        "spark.plugins": "org.apache.spark.sql.connect.SparkConnectPlugin",
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(free_port()),
        "spark.task.maxFailures": "2",  # a task that fails is begun again as often, in a new Python
    }
    session = open_session(cluster.url, conf=conf, patience_s=PATIENCE_S)
    yield session
    session.stop()


@pytest.fixture(scope="session")
def connect(spark: Any) -> Iterator[Any]:
    """A session of Spark Connect, served by the driver of the other session."""
    from songatlas.spark import open_session

    port = spark.conf.get("spark.connect.grpc.binding.port")
    session = open_session(f"sc://127.0.0.1:{port}", patience_s=PATIENCE_S)
    yield session
    session.stop()
