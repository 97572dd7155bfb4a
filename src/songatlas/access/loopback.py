"""Addresses that this computer alone can reach."""

from __future__ import annotations

import socket
from ipaddress import IPv6Address, ip_address
from typing import Final

LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
"""Names under which this computer reaches itself, and no other one does."""


def is_loopback(address: str) -> bool:
    """Say whether what listens to an address is reached by this computer alone.

    Parameters
    ----------
    address : str
        An IP address, or a name that this computer has for one of its own.

    Examples
    --------
    >>> is_loopback("127.0.0.2"), is_loopback("0.0.0.0"), is_loopback("192.0.2.7")
    (True, False, False)
    """
    if address in LOOPBACK:
        return True
    try:
        return _is_inner(address)
    except ValueError:
        return _all_inner(address)


def _is_inner(address: str) -> bool:
    """Whether an IP address is a loopback one; ValueError where it is none."""
    found = ip_address(address)
    inside = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return (inside or found).is_loopback


def _all_inner(name: str) -> bool:
    """Whether a name stands for loopback addresses alone, as this computer looks it up."""
    try:
        found = socket.getaddrinfo(name, None) if name else []
    except (OSError, UnicodeError):
        return False
    return bool(found) and all(_is_inner(str(each[4][0])) for each in found)
