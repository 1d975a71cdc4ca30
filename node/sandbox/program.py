"""A whole program of ours, held while it is tried out: it writes only in its home, and sees no file of the farmer's.

It starts contained children of its own, as it would otherwise; so less is taken from it than from a child.  What it
may touch:

    its home      everything but running what lies there; and so with its byte code
    to read       its own files, the interpreter and what is installed for it, fonts and what else a window needs
    the network   no TCP; of UDP whatever ``namespace.shut_off`` has left to whoever started it
    sockets       nobody's but its own, where the system lets an ordinary user hide folders
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from node.sandbox import spec
from node.sandbox.namespace import LISTENED_IN

WINDOW_PATHS: Final = (
    "/usr/share",
    "/etc/fonts",
    "/etc/ssl",
    "/etc/os-release",
    "/etc/mime.types",
    "/etc/passwd",
    "/proc",
    "/sys",
)
LAUNCH_CODE: Final = "import sys; sys.path.insert(0, sys.argv.pop(1)); from node.sandbox.hold import main; main()"
START_CODE: Final = """\
import sys
sys.path.insert(0, sys.argv.pop(1))
from {module} import main
sys.exit(main())
"""
FACTS_BYTES_MAX: Final = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramSpec:
    """One program: all paths absolute.  Its byte code is kept in ``cache``, and what holds it stands in ``facts``.

    ``shown``: another folder that it may read; ``hidden``: one of which it sees nothing else; ``variables``: of its
    environment, beside those that say nothing.

    ``runtime``: where its interpreter lies with all that is installed for it; None for the one that runs here.
    """

    app: Path
    home: Path
    cache: Path
    facts: Path
    runtime: Path | None = None
    shown: Path | None = None
    hidden: Path | None = None
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def python(self) -> Path:
        return Path(sys.executable) if self.runtime is None else self.runtime / "bin" / "python3"

    def grants(self) -> dict[str, list[str]]:
        """Every path that it may touch, by what it may do there.  Raises OSError: the interpreter cannot be read."""
        programs = spec.programs(self.python)
        ours = [*spec.system_paths(), *spec.interpreter_paths(), *sorted(spec.package_folders())]
        others = [str(path) for path in (self.runtime, self.shown) if path is not None]
        read = [*ours, *others, *WINDOW_PATHS, str(self.app)]
        return {
            "read": read,
            "list": [str(parent) for path in programs for parent in Path(path).parents],
            "run": programs,
            "device": ["/dev/null"],
            "home": [str(self.home), str(self.cache)],
        }

    def command(self, module: str, arguments: Sequence[str]) -> list[str]:
        """What starts the ``main`` of a module of it, held.  Raises OSError: the interpreter cannot be read."""
        cache, code = f"pycache_prefix={self.cache}", START_CODE.format(module=module)
        command = [str(self.python), "-I", "-X", cache, "-c", code, str(self.app), *arguments]
        order = {
            "parent_pid": os.getpid(),
            "home": str(self.home),
            "facts": str(self.facts),
            "grants": self.grants(),
            "hidden": [*LISTENED_IN, str(Path.home()), *([str(self.hidden)] if self.hidden is not None else [])],
            "prefixes": [sys.prefix, sys.base_prefix],
            "command": command,
            "environment": environment(self.home) | dict(self.variables),
        }
        return [sys.executable, "-I", "-S", "-B", "-c", LAUNCH_CODE, str(Path(__file__).parents[2]), json.dumps(order)]

    def is_held(self) -> bool:
        """Whether the program that was started last is kept from the farmer's files.  Blocking, but short."""
        try:
            with self.facts.open("rb") as file:
                return bool(json.loads(file.read(FACTS_BYTES_MAX)).get("files"))
        except (OSError, ValueError, AttributeError):
            return False


def own_command(module: str, arguments: Sequence[str]) -> list[str]:
    """What starts the ``main`` of a module of the program that runs here, held by nothing."""
    kept = ["-X", f"pycache_prefix={sys.pycache_prefix}"] if sys.pycache_prefix else []
    own = str(Path(__file__).parents[2])
    return [sys.executable, "-I", *kept, "-c", START_CODE.format(module=module), own, *arguments]


def environment(home: Path) -> dict[str, str]:
    """All of its environment: it tells nothing of the farmer, and shows a window to nobody."""
    own = str(home)
    return {
        **spec.ENVIRONMENT,
        "HOME": own,
        "TMPDIR": own,
        "XDG_RUNTIME_DIR": own,
        "XDG_CONFIG_HOME": own,
        "XDG_CACHE_HOME": own,
        "XDG_DATA_HOME": own,
        "QT_QPA_PLATFORM": "offscreen",
    }
