"""Two entries of a file system change places in one step, where the system can do that.

Linux has `renameat2` with RENAME_EXCHANGE, macOS `renamex_np` with RENAME_SWAP. Not every file system
follows: those over a network, and Windows, do not.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any, Final

_HERE: Final = -100  # AT_FDCWD
_EXCHANGE: Final = 2  # RENAME_EXCHANGE, and RENAME_SWAP

_CANNOT: Final = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EPERM, errno.EXDEV)
"""What a system or a file system says that cannot do it."""


def exchange(one: Path, other: Path) -> bool:
    """Let two files or folders change places, so that nobody ever sees one of them missing.

    Parameters
    ----------
    one, other : Path
        On one file system; both must exist.

    Returns
    -------
    bool
        False where the system cannot do it; nothing has changed then.

    Raises
    ------
    OSError
        If it can, and refuses.
    """
    call = _call()
    if call is None:
        return False
    ctypes.set_errno(0)
    if call(os.fsencode(one), os.fsencode(other)) == 0:
        return True
    code = ctypes.get_errno()
    if code in _CANNOT:
        return False
    raise OSError(code, os.strerror(code), str(one), None, str(other))


@cache
def _call() -> Any:
    """What makes two names change places; None where the system has nothing of the kind."""
    if sys.platform == "win32":
        return None
    library = ctypes.CDLL(None, use_errno=True)
    name, kinds = "renameat2", [ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_uint]
    if sys.platform == "darwin":
        name, kinds = "renamex_np", [ctypes.c_char_p, ctypes.c_char_p, ctypes.c_uint]
    function = getattr(library, name, None)
    if function is None:
        return None
    function.argtypes, function.restype = kinds, ctypes.c_int
    if sys.platform == "darwin":
        return lambda one, other: function(one, other, _EXCHANGE)
    return lambda one, other: function(_HERE, one, _HERE, other, _EXCHANGE)
