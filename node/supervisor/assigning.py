"""What a vault is given to work with: the one in use and those of trials get it from one place, so it tells nothing."""

from __future__ import annotations

import contextlib
import ipaddress
import socket
from collections.abc import Callable

from node.supervisor.bootstrap import Bootstrap
from node.supervisor.home import Home
from node.supervisor.ports import Assignment
from node.supervisor.tending import Order
from node.vault import control
from node.vault.limiting import NO_LIMITS, Limits, SetLimits


class Assigning:
    """Makes the assignments of one home.

    ``is_discovering``: whether the farmer lets vaults look around at home; ``limits``: those of the vault in use now.
    """

    def __init__(
        self, home: Home, bootstrap: Bootstrap, is_discovering: Callable[[], bool],
        limits: Callable[[], Limits] = lambda: NO_LIMITS,
    ) -> None:  # fmt: skip
        self._home = home
        self._bootstrap = bootstrap
        self._is_discovering = is_discovering
        self.limits = limits

    def make(self, *, bind: str, quota_bytes: int, head: bytes, is_standby: bool) -> Assignment:
        """What differs between two vaults at the same moment is what is named here, and their keys."""
        return Assignment(
            network=self._home.network,
            bind=bind,
            quota_bytes=quota_bytes,
            contacts=self._bootstrap.contacts,
            head=head,
            pace=self._home.marker.pace,
            is_standby=is_standby,
            introductions=self._bootstrap.introductions,
            is_discovering=self._is_discovering() and not self._home.is_practice,
            limits=self.limits(),
        )


def newer_than(given: Assignment | None, head: Callable[[], bytes], limits: Callable[[], Limits]) -> list[Order]:
    """What a vault that listens is told of that which it was not ``given`` so; None: by others, nobody knows how.

    Each order says what is so when it is given.
    """
    orders: list[Order] = []
    if given is None or limits() != given.limits:
        orders.append(lambda number: SetLimits(number, limits()))
    if head() != (given.head if given is not None else b""):
        orders.append(lambda number: control.SetHead(number, head()))
    return orders


def with_free_port(bind: str) -> str:
    """``bind`` if its port is free, else with one that is: a vault in use is given its port too.  Blocking, but short.

    Nothing is received on it here.  Where none can be had, the port is left to the vault: 0.
    """
    host, _, wanted = bind.rpartition(":")
    for port in (int(wanted), 0):
        with contextlib.suppress(OSError, ValueError):
            ip = ipaddress.ip_address(host.strip("[]"))
            family = socket.AF_INET if ip.version == 4 else socket.AF_INET6
            with socket.socket(family, socket.SOCK_DGRAM) as trying:
                trying.bind((str(ip), port))
                return f"{host}:{trying.getsockname()[1]}"
    return f"{host}:0"
