"""One password for all who may enter: kept as a salted scrypt hash, and guessed slowly.

The file holds one line, `songatlas-scrypt$N$R$P$SALT$HASH` (hexadecimal), and never the password. Who fails
too often has to wait, each computer for itself and, where many fail at once, all of them: who is in already
stays in.

References
----------
RFC 7914, *The scrypt Password-Based Key Derivation Function*.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from pathlib import Path
from threading import Lock
from typing import Final

from songatlas.errors import BadSettings
from songatlas.files import read_at_most

SHORTEST: Final = 10
"""Characters that a password must have."""

LONGEST: Final = 1000
"""Characters of a password that are looked at."""

FREE_TRIES: Final = 5
"""Failures of one computer in a row before it has to wait; the wait doubles with each more."""

LONGEST_WAIT_S: Final = 900.0
FAILURES_A_MINUTE: Final = 60
"""Failures of all computers together in a minute before everybody has to wait."""

_N, _R, _P = 2**15, 8, 1
_LINE: Final = re.compile(
    r"songatlas-scrypt\$(\d{1,8})\$(\d{1,3})\$(\d{1,3})\$([0-9a-f]{32})\$([0-9a-f]{64})"
)
_MOST_KNOWN: Final = 10_000  # computers that failures are counted of
_MOST_MEMORY: Final = 2**28
_LARGEST: Final = 10_000  # bytes of a password file that are looked at


def hash_password(password: str) -> str:
    """Return the line that stands for a password, with a salt of its own.

    Examples
    --------
    >>> line = hash_password("correct horse")
    >>> is_password("correct horse", line), is_password("Correct horse", line)
    (True, False)
    """
    salt = secrets.token_bytes(16)
    return f"songatlas-scrypt${_N}${_R}${_P}${salt.hex()}${_scrypt(password, salt, _N, _R, _P).hex()}"


def is_password(password: str, line: str) -> bool:
    """Say whether a password is the one that a line stands for; takes as long either way."""
    found = _LINE.fullmatch(line)
    if found is None or len(password) > LONGEST:
        return False
    n, r, p = (int(found[part]) for part in (1, 2, 3))
    return hmac.compare_digest(_scrypt(password, bytes.fromhex(found[4]), n, r, p), bytes.fromhex(found[5]))


def read_password_file(path: Path) -> str:
    """Return the line of a password file.

    Raises
    ------
    BadSettings
        If the file cannot be read, or holds anything else: a password that stands there as it is, too.
    """
    try:
        line = read_at_most(path, _LARGEST).decode("utf-8").strip()
    except OSError as error:
        reason = error.strerror or error
        raise BadSettings(f"cannot read the password file {str(path)!r} ({reason}): {_MAKE_ONE}") from error
    except UnicodeDecodeError as error:
        raise BadSettings(f"{str(path)!r} holds no hashed password: {_MAKE_ONE}") from error
    found = _LINE.fullmatch(line)
    if found is None or 128 * int(found[1]) * int(found[2]) >= _MOST_MEMORY or int(found[1]) < 2:
        raise BadSettings(f"{str(path)!r} holds no hashed password: {_MAKE_ONE}")
    return line


def write_password_file(path: Path, password: str) -> None:
    """Write a new password file that its owner alone can read.

    Raises
    ------
    BadSettings
        If the password is too short or too long, or the file is there already or cannot be written.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadSettings(
            f"the password has {len(password)} characters: take {SHORTEST} to {LONGEST}, such as four words"
        )
    line = f"{hash_password(password)}\n"
    try:
        number = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(number, "w", encoding="ascii") as file:
            file.write(line)
    except FileExistsError as error:
        raise BadSettings(f"{str(path)!r} is there already: name a new file, or remove it first") from error
    except OSError as error:
        raise BadSettings(f"cannot write {str(path)!r} ({error.strerror}): name another file") from error


_MAKE_ONE: Final = "make one with songatlas app --make-password-file NEW_FILE"


class Failures:
    """Who failed how often, and how long they have to wait.

    Parameters
    ----------
    clock : callable
        Seconds that only grow.

    Examples
    --------
    >>> failures = Failures(lambda: 0.0)
    >>> for _ in range(FREE_TRIES + 2):
    ...     failures.add("203.0.113.5")
    >>> failures.wait_s("203.0.113.5"), failures.wait_s("203.0.113.6")
    (4.0, 0.0)
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._of: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._latest: deque[float] = deque(maxlen=FAILURES_A_MINUTE)
        self._lock = Lock()

    def wait_s(self, who: str) -> float:
        """Return how many seconds a computer has to wait before its next try."""
        now = self._clock()
        with self._lock:
            n_failed, at = self._of.get(who, (0, now))
            own = min(2.0 ** min(n_failed - FREE_TRIES, 20), LONGEST_WAIT_S) if n_failed > FREE_TRIES else 0.0
            is_storm = len(self._latest) == FAILURES_A_MINUTE
            all_wait = self._latest[0] + 60.0 - now if is_storm else 0.0
        return max(0.0, at + own - now, all_wait)

    def add(self, who: str) -> None:
        """Count a failure."""
        now = self._clock()
        with self._lock:
            n_failed, _ = self._of.pop(who, (0, now))
            self._of[who] = n_failed + 1, now
            self._latest.append(now)
            while len(self._of) > _MOST_KNOWN:
                self._of.popitem(last=False)

    def forget(self, who: str) -> None:
        """Forget the failures of a computer that knew the password in the end."""
        with self._lock:
            self._of.pop(who, None)


def _scrypt(password: str, salt: bytes, n: int, r: int, p: int) -> bytes:
    content = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(content, salt=salt, n=n, r=r, p=p, maxmem=_MOST_MEMORY, dklen=32)
