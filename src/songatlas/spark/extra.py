"""What Spark needs on this machine: the packages of the extra, and Java where Spark itself runs here."""

from __future__ import annotations

import logging
import os
import re
import shutil
import subprocess
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from songatlas.errors import SongAtlasError

LEAST_JAVA: Final = 17
"""Spark 4 runs on Java 17 or newer."""
LEAST_PYSPARK: Final = 4
"""First version of PySpark in which frames become Arrow tables."""

_PACKAGES: Final = ("pyspark", "pyarrow", "pandas")
_CONNECT_PACKAGES: Final = ("grpc", "grpc_status", "zstandard")


_LOGGERS: Final = ("", "py4j", "py4j.clientserver", "py4j.java_gateway")
_EXTRA: Final = "clustering on Spark needs the extra 'spark' ({what}): pip install 'songatlas[spark]'"


class SparkTrouble(SongAtlasError):
    """Spark is not there, does not answer, or cannot do what was asked."""


def need_packages(*, connect: bool = False) -> None:
    """Refuse to go on where a package of the extra is missing, too old, or cannot be imported.

    Raises
    ------
    SparkTrouble
    """
    names = _PACKAGES + (_CONNECT_PACKAGES if connect else ())
    missing = [name for name in names if find_spec(name) is None]
    if missing:
        raise SparkTrouble(_EXTRA.format(what=f"{', '.join(missing)} not installed"))
    for name in names:
        with quiet(), _told_imports(name):
            import_module(name)
    found = str(getattr(import_module("pyspark"), "__version__", "0"))
    if not found.split(".")[0].isdigit() or int(found.split(".")[0]) < LEAST_PYSPARK:
        raise SparkTrouble(_EXTRA.format(what=f"PySpark {LEAST_PYSPARK}.0 or newer; here is {found}"))


def need_java() -> None:
    """Refuse to go on where there is no Java that Spark runs on.

    Raises
    ------
    SparkTrouble
    """
    home = os.environ.get("JAVA_HOME")
    java = str(Path(home) / "bin" / "java") if home else shutil.which("java")
    if java is None or not Path(java).exists():
        where = f"JAVA_HOME is {home!r}, where there is none" if home else "there is none on the PATH"
        raise SparkTrouble(
            f"Spark needs Java {LEAST_JAVA} or newer on this machine; {where}: install a package like "
            f"openjdk-{LEAST_JAVA}-jre-headless, or set JAVA_HOME to the folder of one"
        )
    said = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr  # noqa: S603
    found = re.search(r'version "(?:1\.)?(\d+)', said)
    if found is not None and int(found[1]) < LEAST_JAVA:
        raise SparkTrouble(
            f"Spark needs Java {LEAST_JAVA} or newer; {java} is Java {found[1]}: install a newer one, or set "
            "JAVA_HOME to its folder"
        )


@contextmanager
def quiet() -> Iterator[None]:
    """Keep to itself that PySpark knows no newer pandas: nothing here goes through pandas."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas")
        yield


@contextmanager
def muted() -> Iterator[None]:
    """Keep to itself what Py4J tells of calls that are cut off, from now on: each is told in our words."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_is_no_cut_call)
    yield


def _is_no_cut_call(record: logging.LogRecord) -> bool:
    """Say whether a record is other than one of Py4J on a call that was cut off."""
    return "py4j" not in Path(record.pathname).parts or "while sending" not in str(record.msg)


@contextmanager
def _told_imports(name: str) -> Iterator[None]:
    """Tell of a package that is there and cannot be imported."""
    try:
        yield
    except ImportError as error:
        reason = str(error).strip().partition("\n")[0]
        raise SparkTrouble(_EXTRA.format(what=f"{name} cannot be imported: {reason}")) from error
