"""A network of a process's own, really left for where the system allows it.  Each scene is a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="namespaces are Linux's")

SCENE = """\
import json, os, socket
from node.sandbox import linux, namespace

def network():
    return os.readlink("/proc/self/ns/net")

def sends():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        try:
            one.bind(("127.0.3.1", 0))
            one.sendto(b"x", one.getsockname())
        except OSError:
            return False
        return True

{before}
was = network()
is_shut_off = namespace.shut_off()
print(json.dumps([is_shut_off, network() != was, sends()]))
"""
# What Ubuntu does since 23.10: an ordinary user may have a namespace, and has no power in it.
POWERLESS = """\
leave = namespace._leave

def leave_powerless(what):
    leave(what)
    linux.drop_capabilities()

namespace._leave = leave_powerless
"""
REFUSED = """\
def refuse(what):
    raise PermissionError("no namespaces here")

namespace._leave = refuse
"""


def shut_off(before: str = "") -> Any:
    """Whether it says that it has left, whether it has, and whether it can send to itself afterwards."""
    command = [sys.executable, "-c", SCENE.format(before=before)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    return json.loads(ended.stdout)


def test_who_can_leave_the_network_reaches_itself_in_an_empty_one() -> None:
    is_shut_off, has_left, sends = shut_off()
    if not is_shut_off:
        pytest.skip("this system lets nobody have a network of their own")

    assert has_left
    assert sends


@pytest.mark.parametrize("before", [POWERLESS, REFUSED])
def test_who_would_be_powerless_in_an_empty_network_stays_in_the_common_one(before: str) -> None:
    assert shut_off(before) == [False, False, True]
