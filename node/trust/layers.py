"""The layers: who releases them, what a release of each may contain, and how large it may be.

    layer     role          named                        contains
    vault     vault,        vault/0.1.1,                 node/__init__.py and node/vault/, readable source
              foundation    foundation/0.1.1
    app       app           app/0.1.1                    all of node/, gui/ and resources/, readable source
    runtime   app           runtime/0.1.1-linux-x86_64   the frozen tree of one platform, whatever is in it

The vault and the app are the same on every platform.  A runtime never comes into use by itself: the release of an app
names the runtimes on which it runs, one for each platform, so that a program is always a pair which was tried out as
one.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

Layer = Literal["vault", "app", "runtime"]

# The first part of a release's name -> its layer, and the role that may release it.
LAYER_OF: Final[Mapping[str, Layer]] = MappingProxyType(
    {"vault": "vault", "app": "app", "runtime": "runtime", "foundation": "vault"}
)
ROLE_OF: Final[Mapping[str, str]] = MappingProxyType(
    {"vault": "vault", "app": "app", "runtime": "app", "foundation": "foundation"}
)
ROLES: Final = ("vault", "foundation", "app")  # that release anything
LAYERS: Final[tuple[Layer, ...]] = ("vault", "app", "runtime")

# Of all files of a release together.  The vault has a few hundred kB, the app some MB, a runtime below 200 MB.
TREE_BYTES_MAX: Final[Mapping[Layer, int]] = MappingProxyType(
    {"vault": 64 << 20, "app": 64 << 20, "runtime": 512 << 20}
)
VERSION_PATTERN: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+_-]{0,63}")
PLATFORM_PATTERN: Final = re.compile(r"(linux|macos|windows)-[a-z0-9_]{1,16}")
PLATFORMS_MAX: Final = 12

# What the layer cannot do without.
NEEDED: Final[Mapping[Layer, tuple[str, ...]]] = MappingProxyType(
    {
        "vault": ("node/__init__.py", "node/vault/__init__.py", "node/vault/__main__.py"),
        "app": (
            *("node/__init__.py", "node/cli/__init__.py", "node/vault/__init__.py", "node/vault/__main__.py"),
            *("gui/__init__.py", "gui/__main__.py"),
        ),
        "runtime": (),
    }
)
APP_FOLDERS: Final = ("node", "gui", "resources")
# Readable source: nothing in it may be code that only a machine reads.
COMPILED_SUFFIXES: Final = (".pyc", ".pyo", ".so", ".pyd", ".dll", ".dylib", ".exe")


def role_of(release: str) -> str:
    """The role that released what is called so; "" if no release is called so."""
    folder, _, version = release.partition("/")
    return ROLE_OF.get(folder, "") if VERSION_PATTERN.fullmatch(version) else ""


def name_of(folder: str, version: str, platform: str = "") -> str:
    """The name of a release, for example ``runtime/0.1.1-linux-x86_64``."""
    return f"{folder}/{version}-{platform}" if platform else f"{folder}/{version}"


def interpreter_of(platform: str) -> str:
    """Where a runtime of that platform has its Python."""
    return "python.exe" if platform.startswith("windows-") else "bin/python3"


def fault_of(layer: Layer, platform: str, files: Mapping[str, bool]) -> str:
    """Why a release of that layer may not consist of these files; "" if it may.

    Of each file it is told whether it is executable.  Windows keeps no such mark, so a tree with one would have another
    hash there.
    """
    a_release = f"{'an' if layer == 'app' else 'a'} {layer} release"
    is_for_windows = layer == "app" or platform.startswith("windows-")
    for path, is_executable in files.items():
        if not is_in_layer(layer, path):
            return f"{a_release} may not contain {path!r}"
        if is_executable and is_for_windows:
            return f"{a_release} may not contain {path!r} as an executable file"
    for path in (*NEEDED[layer], *([interpreter_of(platform)] if layer == "runtime" else [])):
        if path not in files:
            return f"{a_release} needs {path!r}"
    return ""


def is_in_layer(layer: Layer, path: str) -> bool:
    """Whether a release of that layer may contain this file."""
    if layer == "runtime":
        return True
    if path.lower().endswith(COMPILED_SUFFIXES) or "__pycache__" in path.lower().split("/"):
        return False
    if layer == "app":
        folder, _, inside = path.partition("/")
        return folder in APP_FOLDERS and inside != ""
    return path == "node/__init__.py" or path.startswith("node/vault/")
