"""What a vault release may do: part of every release, and the configuration of its sandbox.

Not declared, not possible.

    kind          what holds a vault to it                                       costs
    memory_bytes  RLIMIT_AS: its whole address space                                 1
    file_bytes    RLIMIT_FSIZE: its largest file                                     1
    open_files    RLIMIT_NOFILE                                                      1
    udp           seccomp: sockets for UDP, to any address                           2
    tcp           seccomp and Landlock: connecting by TCP; listening never           2
    modules       Landlock: installed packages whose files it can read at all   2 each

What no vault release may ever do is in ``FROZEN``; it belongs to the app, and no signature buys it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Annotated, Any, Final

import msgspec

from node.trust.errors import PolicyViolation

CAPABILITIES_FIELD: Final = "capabilities"

MEMORY_BYTES_MIN: Final = 128 << 20  # less, and not even the launcher comes up
MEMORY_BYTES_MAX: Final = 4 << 30
FILE_BYTES_MIN: Final = 1 << 20  # a chunk
FILE_BYTES_MAX: Final = 64 << 20
OPEN_FILES_MIN: Final = 64
OPEN_FILES_MAX: Final = 8_192
MODULES_MAX: Final = 16
MODULE_PATTERN: Final = r"^[A-Za-z_][A-Za-z0-9_]{0,39}\Z"

FROZEN: Final[Mapping[str, str]] = {
    "subprocess": "start programs",
    "keyring": "reach the keyring",
    "native": "bring native code along or load any",
    "write": "write outside its data",
    "read": "read outside its data",
}
# Packages that would give what is frozen.  With ``ctypes`` there is a way from Python to native code in every
# interpreter; what it can reach is held by the kernel.
FROZEN_MODULES: Final[Mapping[str, str]] = {
    **dict.fromkeys(("subprocess", "multiprocessing", "pty"), "subprocess"),
    **dict.fromkeys(("keyring", "secretstorage", "jeepney", "dbus"), "keyring"),
    **dict.fromkeys(("ctypes", "cffi"), "native"),
}

COSTS: Final[Mapping[str, int]] = {
    "memory_bytes": 1, "file_bytes": 1, "open_files": 1, "udp": 2, "tcp": 2, "modules": 2,
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a vault may do; ``modules`` are sorted, and the standard library is not among them."""

    memory_bytes: int
    file_bytes: int
    open_files: int
    udp: bool = False
    tcp: bool = False
    modules: tuple[str, ...] = ()


# What the first vaults need, and what a release may do that does not say.  Farms of all versions must agree on it, so
# it never changes: a network that wants another base writes an anchor.
TODAY: Final = Capabilities(
    memory_bytes=1 << 30,
    file_bytes=4 << 20,
    open_files=1_024,
    udp=True,
    modules=("cryptography", "iroh", "msgspec", "zeroconf"),
)


class _Declared(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    memory_bytes: Annotated[int, msgspec.Meta(ge=MEMORY_BYTES_MIN, le=MEMORY_BYTES_MAX)]
    file_bytes: Annotated[int, msgspec.Meta(ge=FILE_BYTES_MIN, le=FILE_BYTES_MAX)]
    open_files: Annotated[int, msgspec.Meta(ge=OPEN_FILES_MIN, le=OPEN_FILES_MAX)]
    udp: bool = False
    tcp: bool = False
    modules: Annotated[
        tuple[Annotated[str, msgspec.Meta(pattern=MODULE_PATTERN)], ...], msgspec.Meta(max_length=MODULES_MAX)
    ] = ()


def read_capabilities(said: Any) -> Capabilities:
    """What somebody declared.

    Raises:
        PolicyViolation: It is something else, or what no vault release may ever do.
    """
    for kind in sorted(set(FROZEN) & set(said)) if isinstance(said, dict) else ():
        raise _frozen(kind)
    try:
        found = msgspec.convert(said, _Declared)
    except (msgspec.ValidationError, RecursionError) as error:
        raise PolicyViolation(f"these are no capabilities: {error}") from error
    for module in found.modules:
        if module.lower() in FROZEN_MODULES:
            raise _frozen(FROZEN_MODULES[module.lower()])
    if list(found.modules) != sorted(set(found.modules)):
        raise PolicyViolation("the modules are unsorted, or one is there twice")
    return Capabilities(**{name: getattr(found, name) for name in _Declared.__struct_fields__})


def as_declared(capabilities: Capabilities) -> dict[str, Any]:
    """What ``read_capabilities`` reads as these."""
    said = {field.name: getattr(capabilities, field.name) for field in fields(capabilities)}
    return said | {"modules": list(capabilities.modules)}


def capabilities_in(custom: Any) -> Capabilities:
    """What a release says that it may do in what stands with it in a statement.

    Raises:
        PolicyViolation: As ``read_capabilities``, or there stands something else.
    """
    if not isinstance(custom, dict):
        raise PolicyViolation("what stands with a release is no description of one")
    return read_capabilities(custom[CAPABILITIES_FIELD]) if CAPABILITIES_FIELD in custom else TODAY


def cost(base: Capabilities, new: Capabilities) -> int:
    """The price of all that ``new`` may do and ``base`` may not; having less costs nothing."""
    grown = sum(COSTS[kind] for kind in COSTS if kind != "modules" and getattr(new, kind) > getattr(base, kind))
    return grown + COSTS["modules"] * len(set(new.modules) - set(base.modules))


def _frozen(kind: str) -> PolicyViolation:
    return PolicyViolation(f"no vault release may ever {FROZEN[kind]}: that belongs to the app")
