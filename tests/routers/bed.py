"""Homes, routers and an internet between them, made of network namespaces.  Needs root, ``ip`` and ``iptables``.

    home --- router (its own address to the outside, lets in only what answers) --- internet --- public

Each public computer and each router has a subnet of its own; all homes have the same inner one, as at home.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from collections.abc import AsyncIterator
from typing import Final

PREFIX: Final = "perennial-"
WAN: Final = f"{PREFIX}wan"
INNER: Final = "192.168.7"
OUTSIDE: Final = "44."  # how every address on this internet begins
STEP_S_MAX: Final = 20.0


class NoBed(Exception):
    """Namespaces cannot be made here; the message says why."""


def outer(number: int) -> str:
    """The address on the internet of public computer or router ``number``."""
    return f"{OUTSIDE}{number}.{number}.1"


def namespace(name: str) -> str:
    return f"{PREFIX}{name}"


@contextlib.asynccontextmanager
async def internet(public: int, homes: int, *, is_symmetric: bool = False) -> AsyncIterator[None]:
    """Namespaces public-1 ... and home-1 ..., the homes behind routers; gone afterwards.

    With ``is_symmetric`` the routers take another port for each peer.

    Raises:
        NoBed: It is not root, a program is lacking, or the system refuses.
    """
    if os.geteuid() != 0:
        raise NoBed("only root can make networks")
    for program in ("ip", _iptables()):
        if shutil.which(program) is None:
            raise NoBed(f"{program} is not installed")
    names = [f"public-{n + 1}" for n in range(public)] + [
        f"{kind}-{n + 1}" for n in range(homes) for kind in ("router", "home")
    ]
    try:
        await _make(public, homes, is_symmetric=is_symmetric)
        yield
    finally:
        for name in ("wan", *names):
            with contextlib.suppress(NoBed):
                await _ip("netns", "del", namespace(name))


async def _make(public: int, homes: int, *, is_symmetric: bool) -> None:
    await _ip("netns", "add", WAN)
    await _ip("-n", WAN, "link", "add", "br0", "type", "bridge")
    await _ip("-n", WAN, "link", "set", "br0", "up")
    for number in range(1, public + 1):
        await _attach(f"public-{number}", number)
    for number in range(1, homes + 1):
        await _attach(f"router-{number}", public + number)
        await _route(number, is_symmetric=is_symmetric)


async def _attach(name: str, number: int) -> None:
    """A computer on the internet."""
    space = namespace(name)
    await _ip("netns", "add", space)
    await _ip("-n", WAN, "link", "add", f"v{number}", "type", "veth", "peer", "name", "wan0", "netns", space)
    await _ip("-n", WAN, "link", "set", f"v{number}", "master", "br0", "up")
    await _ip("-n", space, "link", "set", "lo", "up")
    await _ip("-n", space, "addr", "add", f"{outer(number)}/8", "dev", "wan0")
    await _ip("-n", space, "link", "set", "wan0", "up")


async def _route(number: int, *, is_symmetric: bool) -> None:
    """A home behind its router, which lets in only what answers to something."""
    router, home = namespace(f"router-{number}"), namespace(f"home-{number}")
    await _ip("netns", "add", home)
    await _ip("-n", router, "link", "add", "lan0", "type", "veth", "peer", "name", "eth0", "netns", home)
    await _ip("-n", router, "addr", "add", f"{INNER}.1/24", "dev", "lan0")
    await _ip("-n", router, "link", "set", "lan0", "up")
    await _ip("-n", home, "link", "set", "lo", "up")
    await _ip("-n", home, "addr", "add", f"{INNER}.{10 + number}/24", "dev", "eth0")
    await _ip("-n", home, "link", "set", "eth0", "up")
    await _ip("-n", home, "route", "add", "default", "via", f"{INNER}.1")
    inside = ("netns", "exec", router)
    await _ip(*inside, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
    port = ("--random-fully",) if is_symmetric else ()
    for rule in (
        ("-t", "nat", "-A", "POSTROUTING", "-o", "wan0", "-j", "MASQUERADE", *port),
        ("-P", "FORWARD", "DROP"),
        ("-A", "FORWARD", "-i", "lan0", "-o", "wan0", "-j", "ACCEPT"),
        ("-A", "FORWARD", "-i", "wan0", "-o", "lan0", "-m", "state", "--state", "RELATED,ESTABLISHED", "-j", "ACCEPT"),
        ("-P", "INPUT", "DROP"),
        ("-A", "INPUT", "-i", "lan0", "-j", "ACCEPT"),
    ):
        await _ip(*inside, _iptables(), *rule)


def _iptables() -> str:
    """The older one needs no module of the kernel that newer systems may lack."""
    return "iptables-legacy" if shutil.which("iptables-legacy") else "iptables"


async def _ip(*words: str) -> None:
    process = await asyncio.create_subprocess_exec(
        "ip", *words, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(STEP_S_MAX):
        _, said = await process.communicate()
    if process.returncode:
        raise NoBed(f"ip {' '.join(words)}: {said.decode(errors='replace').strip()}")
