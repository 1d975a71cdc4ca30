"""What the source of a vault release needs, read out of it: an aid for people who review it, not a proof.

What a vault may do is held by its sandbox, whatever its source says.  This finds what was forgotten, and names what no
reading by a program can judge.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from node.trust.capabilities import FROZEN, FROZEN_MODULES

OWN_PACKAGE: Final = "node"
FILES_REMEMBERED: Final = 256  # trees that are compared with each other share nearly all of theirs
UDP_MODULES: Final = frozenset({"iroh", "zeroconf", "socket"})
UDP_CALLS: Final = frozenset({"create_datagram_endpoint"})
TCP_CALLS: Final = frozenset({"create_connection", "create_server", "open_connection", "start_server"})
PROGRAM_CALLS: Final = frozenset({"create_subprocess_exec", "create_subprocess_shell", "ProcessPoolExecutor"})
PROGRAM_STARTS: Final = tuple(f"os.{start}" for start in ("system", "popen", "fork", "exec", "spawn", "posix_spawn"))
DYNAMIC_CALLS: Final = frozenset({"eval", "exec", "compile", "__import__"})
# What the standard library has of native code and of code that is not written down.
DYNAMIC_MODULES: Final = frozenset({"ctypes", "importlib", "marshal", "pickle", "runpy"})


@dataclass(frozen=True, slots=True)
class Needs:
    """What source needs.

    ``frozen`` is what no release may do, ``to_read`` what a person must judge; each with its place.
    """

    modules: tuple[str, ...] = ()
    udp: bool = False
    tcp: bool = False
    frozen: tuple[str, ...] = ()
    to_read: tuple[str, ...] = ()


def derive(files: Iterable[tuple[str, bytes]]) -> Needs:
    """What these files need: each with its path and its content; whatever is no Python is passed over."""
    modules: set[str] = set()
    calls: set[str] = set()
    frozen: list[str] = []
    to_read: list[str] = []
    for path, content in sorted(files):
        if not path.endswith(".py"):
            continue
        uses = _uses(content)
        if uses is None:
            to_read.append(f"{path}: it is no Python that can be read here")
            continue
        for line, kind, name in uses:
            where = f"{path}:{line}: {name}"
            top = name.partition(".")[0]
            if kind == "import" and top not in sys.stdlib_module_names and top != OWN_PACKAGE:
                modules.add(top)
            if (kind == "import" and top in DYNAMIC_MODULES) or (kind == "call" and name in DYNAMIC_CALLS):
                to_read.append(where)
            elif kind == "import" and top.lower() in FROZEN_MODULES:
                frozen.append(f"{where}: {FROZEN[FROZEN_MODULES[top.lower()]]}")
            elif name.startswith(PROGRAM_STARTS) or name.rpartition(".")[2] in PROGRAM_CALLS:
                frozen.append(f"{where}: {FROZEN['subprocess']}")
            calls.add(top if kind == "import" else name.rpartition(".")[2])
    return Needs(
        tuple(sorted(modules)),
        bool(calls & (UDP_MODULES | UDP_CALLS)),
        bool(calls & TCP_CALLS),
        tuple(frozen),
        tuple(to_read),
    )


@lru_cache(FILES_REMEMBERED)
def _uses(content: bytes) -> tuple[tuple[int, str, str], ...] | None:
    """Line, kind and name of everything that is imported from elsewhere or called; none where nothing can be read."""
    try:
        tree = ast.parse(content)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    return tuple(_uses_in(tree))


def _uses_in(tree: ast.AST) -> Iterator[tuple[int, str, str]]:
    for item in ast.walk(tree):
        match item:
            case ast.Import(names=names):
                yield from ((item.lineno, "import", alias.name) for alias in names)
            case ast.ImportFrom(module=str(module), names=names, level=0):
                yield from ((item.lineno, "import", f"{module}.{alias.name}") for alias in names)
            case ast.Call(func=ast.Name(id=name)):
                yield item.lineno, "call", name
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner), attr=name)):
                yield item.lineno, "call", f"{owner}.{name}"
            case ast.Call(func=ast.Attribute(attr=name)):
                yield item.lineno, "call", name
