"""A session on a Spark cluster that can do the work, or one clear sentence why there is none.

A master is ``local[N]``, ``spark://HOST:PORT``, ``yarn``, ``k8s://...``, or ``sc://HOST:PORT`` for a server
of Spark Connect. Before anything is read, the master must answer and the executors must show that they have
this version of songatlas.
"""

from __future__ import annotations

import os
import re
import socket
import sys
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast
from weakref import WeakSet

from songatlas import __version__
from songatlas.errors import BadSettings, quoted
from songatlas.spark.extra import SparkTrouble, muted, need_java, need_packages, quiet
from songatlas.spark.jobs import fetched, is_connect, run

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PATIENCE_S: Final = 90.0
"""Seconds that executors have to answer at first."""
_REACH_S: Final = 5.0
_CONNECT_PORT: Final = 15002
_MASTER: Final = re.compile(r"local(\[(\d+|\*)(,\d+)?\])?|spark://[^/]+:\d+|yarn|k8s://.+|sc://[^/]+.*")

_SQL: Final = {
    "spark.sql.execution.arrow.maxRecordsPerBatch": "131072",
    # Names that differ in the case of a letter are two columns.
    "spark.sql.caseSensitive": "true",
    # A folder x=01 is written again as x=01.
    "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
    "spark.sql.session.timeZone": "UTC",
    # Small tables are worked on by all cores, too.
    "spark.sql.files.maxPartitionBytes": "32m",
}
_GUESTS: Final[WeakSet[Any]] = WeakSet()
"""Sessions whose Spark somebody else started, who may go on with it."""
_CLUSTER: Final = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.driver.maxResultSize": "4g",
    # An executor runs as many tasks at a time as it has cores: each of them keeps to one.
    "spark.executorEnv.OMP_NUM_THREADS": "1",
    "spark.executorEnv.POLARS_MAX_THREADS": "1",
    # Python would otherwise take modules out of the folder that the work was started in, whoever filled it.
    "spark.executorEnv.PYTHONSAFEPATH": "1",
}
_QUIET: Final = Path(__file__).with_name("quiet.properties")
_HERE: Final = {"spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1"}


def conf_of(pairs: Sequence[str]) -> dict[str, str]:
    """Return settings of Spark that were given as ``KEY=VALUE``.

    Raises
    ------
    BadSettings
        Where one is not of that form, or its key does not begin with "spark.".

    Examples
    --------
    >>> conf_of(["spark.executor.memory=4g"])
    {'spark.executor.memory': '4g'}
    """
    conf = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip().startswith("spark."):
            raise BadSettings(
                f"the Spark setting {quoted(pair)} is not of the form spark.KEY=VALUE: "
                "write for example spark.executor.memory=4g"
            )
        conf[key.strip()] = value.strip()
    return conf


def open_session(
    master: str | None = None,
    *,
    conf: Mapping[str, str] | None = None,
    app_name: str = "songatlas",
    patience_s: float = PATIENCE_S,
) -> SparkSession:
    """Return a session whose executors can do the work; end it by `end_session`.

    Where Spark runs in this process already, it is a new session there, beside those that are open.

    Parameters
    ----------
    master : str, optional
        ``local``, ``local[N]``, ``local[*]``, ``spark://HOST:PORT``, ``yarn``, ``k8s://...`` or
        ``sc://HOST:PORT``; where Spark runs in this process already, that one, else ``local[*]``.
    conf : mapping, optional
        Settings of Spark; they win over those that are set here.
    app_name : str
        Name under which a cluster shows the run.
    patience_s : float
        Seconds that the executors have to answer.

    Raises
    ------
    BadSettings
        Where `master` is none of these.
    SparkTrouble
        Where packages or Java are missing, the master does not answer, or executors lack songatlas or have
        another version of it.
    """
    master = _running() or "local[*]" if master is None else master
    if _MASTER.fullmatch(master) is None:
        raise BadSettings(
            f"{master!r} is no Spark master: give local[N], spark://HOST:PORT, yarn, k8s://HOST:PORT or "
            "sc://HOST:PORT"
        )
    connect = master.startswith("sc://")
    need_packages(connect=connect)
    _reach(master)
    if not connect:
        need_java()
    given = dict(conf or {})
    session = _connected(master, given) if connect else _started(master, given, app_name)
    try:
        if not (master.startswith("local") and _own_python(master, given)):
            check_executors(session, patience_s=patience_s)
    except BaseException:
        end_session(session)
        raise
    return session


def end_session(session: SparkSession) -> None:
    """End a session of `open_session`; Spark that ran before goes on."""
    if session in _GUESTS:
        return
    from py4j.protocol import Py4JError  # type: ignore[import-untyped]

    # Java may be gone already, which is told by what was asked of it.
    with muted(), suppress(Py4JError, OSError):
        session.stop()


def check_shared(session: SparkSession, folder: Path, *, option: str = "-o") -> None:
    """Make sure that executors see a folder of this machine, by a file that is put there for a moment.

    Executors that are processes of this very program are not asked.

    Raises
    ------
    SparkTrouble
    """
    if not is_connect(session) and str(session.sparkContext.master).startswith("local"):
        return
    folder.mkdir(parents=True, exist_ok=True)
    mark = folder.resolve() / f".shared-{uuid.uuid4().hex}"

    def told(batches: Any, place: str = str(mark)) -> Any:
        """Run in an executor."""
        import platform
        from pathlib import Path

        import pyarrow

        for _ in batches:
            pass
        columns = [pyarrow.array([platform.node()]), pyarrow.array([Path(place).exists()])]
        yield pyarrow.RecordBatch.from_arrays(columns, names=["host", "seen"])

    try:
        mark.touch()
        answers = _asked(session, told, "host string, seen boolean", patience_s=None)
    finally:
        mark.unlink(missing_ok=True)
    if blind := sorted({answer["host"] for answer in answers if not answer["seen"]}):
        raise SparkTrouble(
            f"{option} {folder} is not shared with the executors (the one on {blind[0]} does not see it): "
            "name a folder they share or --rows-to ADDRESS"
        )


def check_executors(session: SparkSession, *, patience_s: float = PATIENCE_S) -> None:
    """Make sure that executors answer, with this version of songatlas.

    Those that are there now are likely all asked; others are as soon as they are given a task.

    Raises
    ------
    SparkTrouble
        Says which executor lacks what.
    """

    def told(batches: Any) -> Any:
        """Run in an executor that may lack songatlas: this function is sent as a whole."""
        import platform
        import sys

        import pyarrow

        for _ in batches:
            pass
        try:
            from songatlas import __version__ as found
        except ImportError:
            found = ""
        columns = [[platform.node()], [sys.executable], [found]]
        yield pyarrow.RecordBatch.from_arrays(
            [pyarrow.array(column) for column in columns], names=["host", "python", "version"]
        )

    form = "host string, python string, version string"
    for answer in _asked(session, told, form, patience_s=patience_s):
        if answer["version"] == __version__:
            continue
        has = f"has songatlas {answer['version']}" if answer["version"] else "has no songatlas"
        raise SparkTrouble(
            f"the executor on {answer['host']} ({answer['python']}) {has}, and this is {__version__}: "
            f"install the same on every worker, {answer['python']} -m pip install "
            f"'songatlas[spark]=={__version__}', or name a Python that has it by "
            "--spark-conf spark.pyspark.python=PATH"
        )


def _asked(session: SparkSession, task: Any, form: str, *, patience_s: float | None) -> list[dict[str, Any]]:
    """Return what a task answers that needs no songatlas, of about all executors."""
    n_tasks = 32 if is_connect(session) else 2 * session.sparkContext.defaultParallelism
    with quiet():
        answers = session.range(0, n_tasks, 1, n_tasks).mapInArrow(task, form)
    return list(run(session, lambda: fetched(answers), patience_s=patience_s).to_pylist())


def _running() -> str | None:
    """Return the master of Spark that runs in this process already."""
    found = sys.modules.get("pyspark.core.context")
    context = None if found is None else found.SparkContext._active_spark_context
    return None if context is None else str(context.master)


def _reach(master: str) -> None:
    """Refuse a master that no connection can be made to, at once; Spark itself tries for minutes."""
    scheme, _, rest = master.partition("://")
    if scheme not in ("spark", "sc"):
        return
    places = [_place(part) for part in rest.split("/")[0].split(",")]
    reasons = []
    for host, port in places:
        try:
            socket.create_connection((host, port), timeout=_REACH_S).close()
        except OSError as error:
            reasons.append(f"{host}:{port}: {error.strerror or error}")
        else:
            return
    what = "Spark Connect server" if scheme == "sc" else "Spark master"
    raise SparkTrouble(
        f"no {what} answers at {master} ({'; '.join(reasons)}): start it, or check host, port and firewall"
    )


def _place(text: str) -> tuple[str, int]:
    """Return host and port of ``host:port``."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit():
        host, port = text, str(_CONNECT_PORT)
    return host.strip("[]"), int(port)


def _is_here(master: str) -> bool:
    """Say whether the executors of a master run on this machine."""
    return master.startswith("local") or re.match(r"spark://(127\.|localhost|\[::1\])", master) is not None


def _python(master: str, conf: Mapping[str, str]) -> str | None:
    """Return the Python that executors shall run; None for what Spark runs by itself."""
    asked = conf.get("spark.pyspark.python") or os.environ.get("PYSPARK_PYTHON")
    return asked or (sys.executable if _is_here(master) else None)


def _own_python(master: str, conf: Mapping[str, str]) -> bool:
    """Say whether the executors run this very Python."""
    return _python(master, conf) == sys.executable


@contextmanager
def _environment(**values: str | None) -> Iterator[None]:
    """Set variables of the environment for a while; Spark reads some of its settings there alone."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update({name: value for name, value in values.items() if value is not None})
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


def _started(master: str, conf: Mapping[str, str], app_name: str) -> SparkSession:
    """Return a session of a Spark driver in this process."""
    if (running := _running()) is not None:
        return _beside(running, master, conf)
    settings: dict[str, Any] = {**_SQL, **_CLUSTER, **(_HERE if _is_here(master) else {}), **conf}
    options = (
        f"{os.environ.get('SPARK_SUBMIT_OPTS', '')} -Dlog4j2.configurationFile={_QUIET.as_uri()}".strip()
    )
    with quiet(), _environment(PYSPARK_PYTHON=_python(master, conf), SPARK_SUBMIT_OPTS=options):
        from pyspark.sql import SparkSession

        builder = SparkSession.builder.appName(app_name).master(master).config(map=settings)
        try:
            with muted(), ThreadPoolExecutor(1) as elsewhere:
                # In the main thread PySpark would take Ctrl-C, and call Java from within any call.
                return elsewhere.submit(builder.getOrCreate).result()
        except Exception as error:
            raise SparkTrouble(
                f"Spark did not start on {master}: {str(error).splitlines()[0]}; see what it printed above"
            ) from error


def _beside(running: str, master: str, conf: Mapping[str, str]) -> SparkSession:
    """Return a new session of the Spark that runs in this process."""
    if running != master:
        raise SparkTrouble(
            f"a Spark session on {running} is open in this process, and {master} is asked for: stop that "
            "session first"
        )
    with quiet():
        from pyspark.errors import PySparkException
        from pyspark.sql import SparkSession

        session = SparkSession.builder.getOrCreate().newSession()
        try:
            for key, value in {**_SQL, **conf}.items():
                session.conf.set(key, value)
        except PySparkException as error:
            raise SparkTrouble(
                f"Spark runs in this process already, and refused a setting: {str(error).splitlines()[0]}; "
                "give such settings where it is started, or stop it first"
            ) from error
    _GUESTS.add(session)
    return session


def _connected(master: str, conf: Mapping[str, str]) -> SparkSession:
    """Return a session of a server of Spark Connect."""
    with quiet():
        from pyspark.errors import PySparkException
        from pyspark.sql.connect.session import SparkSession as ConnectSession

        try:
            session = cast("SparkSession", ConnectSession.builder.remote(master).create())
            for key, value in {**_SQL, **conf}.items():
                session.conf.set(key, value)
        except PySparkException as error:
            raise SparkTrouble(
                f"the Spark Connect server at {master} refused: {str(error).splitlines()[0]}; settings of "
                "executors and of the driver are made where the server is started"
            ) from error
    return session
