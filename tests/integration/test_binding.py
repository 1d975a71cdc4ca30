"""The port of a vault: one for IPv4 and IPv6, so that the one a farmer opens is the one that others dial."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterator
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import pytest

from node.vault.transport import binding
from node.vault.transport.endpoint import ALPN


def bound(address: str) -> dict[str, int]:
    """By host, the ports of an endpoint that was bound there."""

    async def run() -> dict[str, int]:
        endpoint = await binding.bind(os.urandom(32), address, ALPN)
        found = [each.rpartition(":") for each in endpoint.bound_sockets()]
        await endpoint.close()
        return {host: int(port) for host, _, port in found}

    return asyncio.run(run())


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another program has for IPv6 alone."""
    with closing(_with_ipv6()) as other:
        yield other.getsockname()[1]


def _with_ipv6() -> socket.socket:
    try:
        other = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        other.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        other.bind(("::", 0))
    except OSError:
        pytest.skip("this computer has no IPv6")
    return other


@pytest.mark.usefixtures("taken")  # where there is no IPv6, it has no port
@pytest.mark.parametrize("host", ["0.0.0.0", "[::]"])
def test_the_first_start_takes_one_port_for_both_versions_of_ip(host: str):
    ports = bound(f"{host}:0")
    assert ports["0.0.0.0"] == ports["[::]"]


def test_a_later_start_has_that_port_again_for_both():
    with closing(_with_ipv6()) as other:
        port = other.getsockname()[1]
    assert bound(f"0.0.0.0:{port}") == {"0.0.0.0": port, "[::]": port}


def test_where_ipv6_cannot_have_the_port_the_vault_starts_all_the_same(taken: int):
    ports = bound(f"0.0.0.0:{taken}")
    assert ports["0.0.0.0"] == taken
    assert ports.get("[::]") != taken


def test_a_port_that_is_taken_is_said():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{other.getsockname()[1]}"
        with pytest.raises(OSError, match=f"cannot use {address}"):
            bound(address)


@pytest.mark.parametrize(
    ("found", "named"),
    [
        (("192.0.2.7:4433", "[::1]:4433"), ["192.0.2.7:4433"]),
        (("[::1]:4433", "[2001:db8::1]:4433"), ["[2001:db8::1]:4433"]),
        (("[::1]:4433",), ["[::1]:4433"]),
        ((), []),
    ],
)
def test_the_address_of_a_computer_at_itself_is_named_only_where_there_is_no_other(
    found: tuple[str, ...], named: list[str]
):
    assert binding.worth_naming(found) == named


@pytest.mark.parametrize(
    ("path", "dialled", "address"),
    [
        ("[::1]:4433", "127.0.3.1:4433", "127.0.3.1:4433"),
        ("127.0.3.1:4433", "127.0.3.1:4433", "127.0.3.1:4433"),
        ("[::1]:4433", "203.0.113.7:4433", "[::1]:4433"),
        ("", "203.0.113.7:4433", "203.0.113.7:4433"),
    ],
)
def test_a_peer_of_a_practice_network_is_where_it_was_dialled_though_the_way_changed_inside_the_computer(
    path: str, dialled: str, address: str
):
    connection: Any = SimpleNamespace(paths=lambda: [SimpleNamespace(remote_addr=path)] if path else [])
    assert binding.reached_at(connection, (dialled,)) == address
