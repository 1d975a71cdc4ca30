"""Run by the installed interpreter under wine: a container as far as wine goes.

wine has no AppContainer: the library that makes one is played here, and the capability list of a new process, which
wine refuses, is left out.  All else is asked of wine: pipes, attributes, lists of permissions, tokens, processes.  So
a child starts and speaks, and its rehearsal does what a vault does and then finds that nothing is shut off.
"""

from __future__ import annotations

import asyncio
import ctypes
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

APP: Final = Path(sys.executable).parents[1] / "app"
sys.path.insert(0, str(APP))

import psutil  # type: ignore[import-untyped]  # noqa: E402  # it ships no types

from node.sandbox import acl, contained, container, windows  # noqa: E402
from node.sandbox.piped import Piped  # noqa: E402
from node.sandbox.spec import SandboxSpec  # noqa: E402
from node.sandbox.start import Started, wake_contained  # noqa: E402

HELLO_S_MAX: Final = 60.0
IDENTIFIER: Final = ctypes.create_string_buffer(acl.identifier(15, 2, 1))


class Played:
    """A library of Windows, of which some functions are played."""

    def __init__(self, library: Any, **functions: Callable[..., object]) -> None:
        self.__dict__ |= {"_library": library, **functions}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._library, name)


def libraries() -> container.Libraries:
    if sys.platform != "win32":
        raise NotImplementedError("this is no Windows")

    def make(*given: Any) -> int:
        given[-1]._obj.value = ctypes.addressof(IDENTIFIER)
        return 0

    def update(made: Any, flags: int, kind: int, *rest: Any) -> int:
        return 1 if kind == container.CONTAINER else kernel.UpdateProcThreadAttribute(made, flags, kind, *rest)

    kernel, advapi = windows.load_kernel(), ctypes.WinDLL("advapi32")
    userenv = Played(None, CreateAppContainerProfile=make, DeriveAppContainerSidFromAppContainerName=make)
    parts = container.Libraries(kernel, userenv, Played(advapi, FreeSid=lambda _: None))
    container.declare(parts)
    return container.Libraries(Played(kernel, UpdateProcThreadAttribute=update), userenv, parts.advapi)


async def main(folder: Path) -> None:
    parts = libraries()
    spec = SandboxSpec(slot=APP, data=folder / "data", module="node.vault")
    for path in spec.folders().values():
        path.mkdir(parents=True)
    keys = container.hand_out_keys(parts, spec)

    async def begin(command: list[str]) -> tuple[Piped, Started]:
        process = await contained.start(parts, command, spec, keys, contained.open_pipes())
        return process, wake_contained(process, spec.capabilities.memory_bytes, parts.kernel, psutil.Process)

    rehearsing, held = await begin(contained.rehearsal(spec))
    print("rehearsal:", await contained.hear(rehearsing))
    held.let_go()
    child, held = await begin(spec.command())
    assert child.stdin is not None
    assert child.stdout is not None
    async with asyncio.timeout(HELLO_S_MAX):
        print("child:", "Hello" if b"Hello" in await child.stdout.read(1 << 10) else "silence")
        child.stdin.close()
        print("ended:", await child.wait())
    held.let_go()
    child.close()


if __name__ == "__main__":
    # wine does not know the identifier that stands for whoever owns a thing.
    acl.CLOSED = acl.access_list([acl.entry(acl.ALL, acl.identifier(1, 0))])  # type: ignore[misc]
    with tempfile.TemporaryDirectory() as made:
        asyncio.run(main(Path(made)))
