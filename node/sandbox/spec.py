"""What a child is given, and the command that starts it.

A child is started twice over: the launcher (``launch.py``, from the app slot) gives up every power that the
child shall not have, and then becomes the child's interpreter with the slot first on its path.

    data/            read
    data/incoming/   read and write: where a file lies until all of it is on the disk
    data/chunks/     read, move in, remove: what lies there can be neither overwritten nor cut

The prober keeps nothing for others; it may write anywhere in its data.

What else it may do is in its ``Capabilities``.  Of the packages that are installed it can read those that they name.
"""

from __future__ import annotations

import json
import os
import site
import struct
import sys
import sysconfig
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from node.trust.capabilities import TODAY, Capabilities

PROBER_MODULE: Final = "node.prober"
INCOMING: Final = "incoming"
CHUNKS: Final = "chunks"

# The whole environment of every child, the same on every machine, so that it tells nothing.
ENVIRONMENT: Final = {
    "HOME": "/nonexistent",
    "PATH": "/nonexistent",  # a child starts no program, and whoever looks for one shall find none
    "LANG": "C.UTF-8",
    "TZ": "UTC",
    # An arena of the C library reserves 64 MiB of address space, and there would be eight for each core.
    "MALLOC_ARENA_MAX": "2",
    # What glibc starts with; said so, it moves neither as soon as a chunk is freed, and gives long pieces back at once.
    "MALLOC_MMAP_THRESHOLD_": "131072",
    "MALLOC_TRIM_THRESHOLD_": "131072",
}

HAS_LAUNCHER: Final = sys.platform in {"linux", "darwin"}

SYSTEM_PATHS: Final = (
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/usr/local/lib",
    "/etc/ld.so.cache",
    "/etc/localtime",
    "/usr/share/zoneinfo",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/etc/nsswitch.conf",
    "/dev/urandom",
)
# Besides what a profile of macOS allows every program.  Of a framework the interpreter becomes the second program.
MAC_PATHS: Final = (
    "/usr/lib",
    "/System/Library",
    "/usr/share/zoneinfo",
    "/etc/hosts",
    "/etc/resolv.conf",
    "/dev/urandom",
)
MAC_PROGRAM: Final = "Resources/Python.app/Contents/MacOS/Python"

# What a module is installed as, with what it loads in turn.  Nothing else can be granted, whatever a release declares.
PACKAGES: Final = {
    "cryptography": ("cryptography", "cffi", "_cffi_backend", "pycparser"),
    "iroh": ("iroh",),
    "msgspec": ("msgspec",),
    "zeroconf": ("zeroconf", "ifaddr"),
}

LAUNCH_CODE: Final = "import sys; sys.path.insert(0, sys.argv.pop(1)); from node.sandbox.launch import main; main()"

# Arguments: slot, module, folder of prepared byte code or "".  The folder serves the slot's own modules alone: with
# the option -X pycache_prefix every start would compile the standard library anew (0.3 s and 16 MB, 2026-11-22).
# Of it only what names the hash of its source is taken.  From a slot only source is loaded, never a library, whatever
# lies there.
START_CODE: Final = """\
import marshal, os, sys
from importlib.machinery import FileFinder, SourceFileLoader
from importlib.util import MAGIC_NUMBER, source_hash
CHECKED_HASH = b"\\3\\0\\0\\0"
slot, module, prepared = sys.argv[1:]
del sys.argv[1:]
class SlotLoader(SourceFileLoader):
    def get_code(self, name):
        if not prepared:
            return super().get_code(name)
        path = self.get_filename(name)
        source = self.get_data(path)
        try:
            kept = self.get_data(os.path.join(prepared, os.path.relpath(path, slot) + "c"))
            if kept[:16] == MAGIC_NUMBER + CHECKED_HASH + source_hash(source):
                return marshal.loads(memoryview(kept)[16:])
        except (OSError, EOFError, ValueError, TypeError):
            pass
        return self.source_to_code(source, path)
def slot_finder(path):
    if path != slot and not path.startswith(slot + os.sep):
        raise ImportError
    return FileFinder(path, (SlotLoader, [".py"]))
sys.path_hooks.insert(0, slot_finder)
sys.path.insert(0, slot)
import runpy
runpy.run_module(module, run_name="__main__", alter_sys=True)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxSpec:
    """One child: all paths absolute; ``slot`` and ``pycache`` are read-only to it, ``data`` is where it stands.

    ``pycache`` is laid out as the slot is.  ``landlock_abi_max`` makes this kernel behave like an
    older one, in tests.  ``must_shut_off``: where files of the computer would stay open to it, it is not started.
    """

    slot: Path
    data: Path
    module: str
    pycache: Path | None = None
    capabilities: Capabilities = TODAY
    landlock_abi_max: int | None = None
    must_shut_off: bool = False

    def __post_init__(self) -> None:
        assert self.slot.is_absolute(), self.slot
        assert self.data.is_absolute(), self.data
        assert self.pycache is None or self.pycache.is_absolute(), self.pycache

    def grants(self) -> dict[str, list[str]]:
        """Every path that the child may touch, by what it may do there (``linux.GRANTS``).

        Raises:
            OSError: The interpreter cannot be read.
        """
        own = [str(path) for path in (self.slot, self.data, self.pycache) if path is not None]
        closed, shared = package_folders(), [*system_paths(), *interpreter_paths()]
        return {
            "read": [*(path for top in shared for path in _outside(top, closed)), *own, *self._packages(closed)],
            # Python finds a module by listing the folder that it lies in.
            "list": [top for top in (*shared, *sorted(closed)) if Path(top).is_dir()],
            "run": programs(Path(sys.executable)),
            "device": ["/dev/null"],
            **{kind: [str(folder)] for kind, folder in self.folders().items()},
        }

    def folders(self) -> dict[str, Path]:
        """The folders in which the child may make files, by the kind of grant; they must exist when it starts."""
        if self.module == PROBER_MODULE:
            return {"write": self.data}
        return {"write": self.data / INCOMING, "keep": self.data / CHUNKS}

    def _packages(self, folders: Collection[str]) -> list[str]:
        """The installed packages that it may load."""
        granted = {name for module in self.capabilities.modules for name in PACKAGES.get(module, ())}
        entries = (
            path for folder in sorted(folders) if Path(folder).is_dir() for path in sorted(Path(folder).iterdir())
        )
        return [str(path) for path in entries if path.name.partition(".")[0] in granted]

    def start_command(self) -> list[str]:
        """The command that runs the module, with nothing contained."""
        prepared = "" if self.pycache is None else str(self.pycache)
        return [sys.executable, "-I", "-B", "-c", START_CODE, str(self.slot), self.module, prepared]

    def command(self) -> list[str]:
        """The command that runs the module in the sandbox, as far as this system has one.

        Raises:
            OSError: The interpreter cannot be read.
        """
        if not HAS_LAUNCHER:
            return self.start_command()
        order = {
            "parent_pid": os.getpid(),
            "data": str(self.data),
            "folders": [str(folder) for folder in self.folders().values()],
            "grants": self.grants(),
            **asdict(self.capabilities),
            "landlock_abi_max": self.landlock_abi_max,
            "must_shut_off": self.must_shut_off,
            "command": self.start_command(),
            "environment": ENVIRONMENT,
        }
        app = str(Path(__file__).parents[2])
        return [sys.executable, "-I", "-S", "-B", "-c", LAUNCH_CODE, app, json.dumps(order)]


def environment() -> dict[str, str]:
    """The environment to start a child with."""
    if sys.platform != "win32":
        return dict(ENVIRONMENT)
    return ENVIRONMENT | {"SYSTEMROOT": os.environ.get("SYSTEMROOT", "")}  # no program starts without it


def system_paths() -> tuple[str, ...]:
    return MAC_PATHS if sys.platform == "darwin" else SYSTEM_PATHS


def interpreter_paths() -> list[str]:
    """Where the running interpreter's own modules lie."""
    paths = {os.path.realpath(sysconfig.get_path(name)) for name in ("stdlib", "platstdlib")}
    # A prefix such as /usr holds more than the interpreter, so only its libraries.
    paths |= {f"{os.path.realpath(sys.base_prefix)}/{folder}" for folder in ("lib", "lib64")}
    return [*sorted(paths), f"{sys.prefix}/pyvenv.cfg"]


def package_folders() -> set[str]:
    """Where packages are installed, for this interpreter or for the one that it was made from."""
    named = {sysconfig.get_path(name) for name in ("purelib", "platlib")}
    return {os.path.realpath(folder) for folder in named | set(site.getsitepackages([sys.prefix, sys.base_prefix]))}


def _outside(path: str, closed: Collection[str]) -> Iterator[str]:
    """``path``, or if closed folders lie below it, all but them.

    Links in it are left out: a grant is for what lies in a folder, not for what is linked there.
    """
    path = os.path.realpath(path)
    if not any(folder == path or folder.startswith(f"{path}/") for folder in closed):
        yield path
    elif path not in closed:
        for entry in sorted(os.scandir(path), key=lambda entry: entry.name):
            if not entry.is_symlink():
                yield from _outside(entry.path, closed)


def programs(python: Path) -> list[str]:
    """An interpreter and the dynamic loader that it names: all that may ever be executed."""
    program = os.path.realpath(python)
    if sys.platform == "darwin":
        return [program, os.path.realpath(f"{sys.base_prefix}/{MAC_PROGRAM}")]
    loader = elf_loader(Path(program))
    return [program] if loader is None else [program, os.path.realpath(loader)]


def elf_loader(program: Path) -> str | None:
    """The dynamic loader that a 64-bit little-endian ELF program asks for (PT_INTERP), or None.

    Raises:
        OSError: The program cannot be read.
    """
    with program.open("rb") as file:
        head = file.read(64)
        if len(head) < 64 or head[:6] != b"\x7fELF\x02\x01":
            return None
        table = struct.unpack_from("<Q", head, 32)[0]
        entry_bytes, entries = struct.unpack_from("<HH", head, 54)
        file.seek(table)
        content = file.read(entry_bytes * entries)
        for start in range(0, len(content) - 55, entry_bytes):
            kind, offset, length = struct.unpack_from("<I4xQ16xQ", content, start)
            if kind == 3:
                file.seek(offset)
                return file.read(min(length, 4096)).rstrip(b"\0").decode()
    return None
