"""Programs of Spark as processes of their own, ended by their process ids: a cluster, a server."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PATIENCE_S = 300
QUICK_JAVA = "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"  # no process here lives long enough for more


def free_port() -> int:
    """Return a port that nobody listens at."""
    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        return int(door.getsockname()[1])


def children_of(pid: int) -> list[int]:
    """Return the processes that a process started."""
    found = subprocess.run(
        ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
    )
    return [int(word) for word in found.stdout.split()]


@dataclass
class Cluster:
    """A standalone cluster: processes of a master and of workers."""

    spark: str
    folder: Path
    url: str = ""
    master: subprocess.Popen[bytes] | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start_process(self, name: str, *words: str, memory: str = "256m") -> subprocess.Popen[bytes]:
        """Start a program of Spark; its log goes to a file."""
        environment = {
            **os.environ,
            "SPARK_LOCAL_IP": "127.0.0.1",
            "SPARK_DAEMON_MEMORY": memory,
            "SPARK_NO_DAEMONIZE": "1",
            "SPARK_DAEMON_JAVA_OPTS": QUICK_JAVA,
            "SPARK_SUBMIT_OPTS": QUICK_JAVA,
            "PYSPARK_PYTHON": sys.executable,
            "PYTHONPATH": str(HERE),
        }
        with (self.folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                [f"{self.spark}/bin/spark-class", *words],
                stdout=log,
                stderr=log,
                env=environment,
                cwd=self.folder,
                start_new_session=True,
            )

    def start(self) -> None:
        """Start the master and two workers of one core each."""
        port = free_port()
        self.url = f"spark://127.0.0.1:{port}"
        where = ("--host", "127.0.0.1", "--port", str(port), "--webui-port", "0")
        self.master = self.start_process("master", "org.apache.spark.deploy.master.Master", *where)
        for _ in range(2):
            self.add_worker()
        wait_for(port, self.folder / "master.log")

    def add_worker(self) -> None:
        """Start a worker."""
        name = f"worker{len(self.workers)}"
        where = ("--host", "127.0.0.1", "--webui-port", "0", "--work-dir", str(self.folder / name))
        room = ("--cores", "1", "--memory", "1500m")
        worker = "org.apache.spark.deploy.worker.Worker"
        self.workers.append(self.start_process(name, worker, *where, *room, self.url))

    def kill_worker(self) -> None:
        """Kill one worker with its executor, without warning."""
        worker = next(worker for worker in self.workers if worker.poll() is None)
        executors = children_of(worker.pid)
        for pid in (worker.pid, *executors):
            os.kill(pid, signal.SIGKILL)
        worker.wait()

    def end(self) -> None:
        """End all processes."""
        for process in (*self.workers, *([self.master] if self.master else [])):
            end_process(process)


def end_process(process: subprocess.Popen[bytes]) -> None:
    """End a process, and wait until it is gone."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_for(port: int, log: Path) -> None:
    """Wait until somebody listens at a port."""
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        with socket.socket() as door:
            door.settimeout(1)
            if door.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.2)
    pytest.fail(f"nobody listens at port {port}: {log.read_text()[-2000:]}")
