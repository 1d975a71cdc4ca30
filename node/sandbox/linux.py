"""What the Linux kernel can hold a process to: files and ports by Landlock, powers, limits, parent's death.

All of it needs no privilege and no library.  Everything here concerns the calling process, which must have one
thread, and cannot be undone.  Standard library only; blocking, a few hundred microseconds each.

Source: landlock(7), capabilities(7), prctl(2), setrlimit(2).
"""

from __future__ import annotations

import ctypes
import os
import resource
import stat
import struct
from typing import Final

STACK_BYTES: Final = 8 << 20  # the same everywhere: each thread's stack counts as address space
DESCRIPTORS_MAX: Final = 1 << 20

PR_SET_PDEATHSIG: Final = 1
PR_CAPBSET_DROP: Final = 24
PR_SET_CHILD_SUBREAPER: Final = 36
PR_SET_NO_NEW_PRIVS: Final = 38
PR_CAP_AMBIENT: Final = 47
PR_CAP_AMBIENT_CLEAR_ALL: Final = 4
SIGKILL: Final = 9
CAPABILITIES_MAX: Final = 64  # two words of 32 in version 3 of capset's structure
CAPABILITY_VERSION_3: Final = 0x20080522

# Landlock's system calls have the same numbers on every architecture.
LANDLOCK_CREATE_RULESET: Final = 444
LANDLOCK_ADD_RULE: Final = 445
LANDLOCK_RESTRICT_SELF: Final = 446
CREATE_RULESET_VERSION: Final = 1
RULE_PATH_BENEATH: Final = 1

# Landlock's rights to files, in the order of their bits.
EXECUTE: Final = 1 << 0
WRITE_FILE: Final = 1 << 1
READ_FILE: Final = 1 << 2
READ_DIR: Final = 1 << 3
REMOVE_FILE: Final = 1 << 5
MAKE_CHAR: Final = 1 << 6
MAKE_REG: Final = 1 << 8
MAKE_BLOCK: Final = 1 << 11
RIGHTS_OF_ABI_1: Final = (1 << 13) - 1
REFER: Final = 1 << 13  # ABI 2: link or rename between folders
TRUNCATE: Final = 1 << 14  # ABI 3
IOCTL_DEV: Final = 1 << 15  # ABI 5
BIND_TCP: Final = 1 << 0  # ABI 4
CONNECT_TCP: Final = 1 << 1
SCOPE_ABSTRACT_UNIX: Final = 1 << 0  # ABI 6
SCOPE_SIGNAL: Final = 1 << 1
ABI_TCP: Final = 4
ABI_SCOPES: Final = 6
# Before ABI 2 no file can be moved between folders, and a vault must move chunks into their place.
ABI_MIN: Final = 2

RIGHTS_TO_A_FILE: Final = EXECUTE | WRITE_FILE | READ_FILE | TRUNCATE | IOCTL_DEV
# What a path may be granted for.  No link, device, socket or pipe can be made anywhere, and no folder either: one
# that is closed to its owner, or nested without end, could not be measured or removed after a trial.
GRANTS: Final = {
    "read": READ_FILE | READ_DIR,
    "list": READ_DIR,
    "run": READ_FILE | EXECUTE,
    "device": READ_FILE | WRITE_FILE,
    "write": READ_FILE | READ_DIR | WRITE_FILE | TRUNCATE | MAKE_REG | REMOVE_FILE | REFER,
    # Files can be moved in, read and removed, but neither overwritten nor cut nor moved out.
    "keep": READ_FILE | READ_DIR | MAKE_REG | REMOVE_FILE | REFER,
    # For a whole program of ours, whose home is thrown away: all but running what it wrote itself, and devices.
    "home": (RIGHTS_OF_ABI_1 & ~(EXECUTE | MAKE_CHAR | MAKE_BLOCK)) | REFER | TRUNCATE,
}

_libc: Final = ctypes.CDLL(None, use_errno=True)


def system_call(number: int, *arguments: object) -> int:
    """Make a system call.

    Raises:
        OSError: The kernel refused.
    """
    result = int(_libc.syscall(ctypes.c_long(number), *arguments))
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def prctl(option: int, argument: int, structure: bytes | None = None) -> None:
    """Change this process, as the system call of the same name.

    Raises:
        OSError: The kernel refused.
    """
    zero = ctypes.c_ulong(0)
    if _libc.prctl(ctypes.c_int(option), ctypes.c_ulong(argument), structure or zero, zero, zero) < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def end_with_parent(parent_pid: int) -> None:
    """Have the kernel kill this process when the parent's starting thread ends.

    Raises:
        ProcessLookupError: The parent is already gone.
    """
    prctl(PR_SET_PDEATHSIG, SIGKILL)
    if os.getppid() != parent_pid:  # it ended before the line above
        raise ProcessLookupError("the supervisor is gone")


def limit_resources(*, memory_bytes: int, file_bytes: int, open_files: int) -> None:
    """Limit memory, the largest file, the number of open ones, and the rest.

    No RLIMIT_NPROC: it counts every process of the user, not only ours (and a child can start none).

    Raises:
        OSError, ValueError: A limit could not be set.
    """
    for name, value in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_NOFILE, open_files),
        (resource.RLIMIT_STACK, STACK_BYTES),
        (resource.RLIMIT_CORE, 0),  # a core file would hold the transport key
        (resource.RLIMIT_RTPRIO, 0),  # some desktops let their users run at real-time priority
        (resource.RLIMIT_NICE, 0),
    ):
        hard = resource.getrlimit(name)[1]
        allowed = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(name, (allowed, allowed))


def drop_capabilities() -> None:
    """Give up every capability in every set, and the way to get one back by starting a program.

    Raises:
        OSError: The process still has capabilities.
    """
    if os.geteuid() == 0:  # else there is nothing to drop from the bounding set, and no right to do so
        for capability in range(CAPABILITIES_MAX):
            try:
                prctl(PR_CAPBSET_DROP, capability)
            except OSError:
                break  # this kernel knows no more of them
        prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    header = struct.pack("Ii", CAPABILITY_VERSION_3, 0)
    if _libc.capset(header, bytes(2 * struct.calcsize("III"))) < 0:
        raise OSError(ctypes.get_errno(), "capabilities could not be dropped")


def forbid_new_privileges() -> None:
    """See to it that no program started from here gains anything by its owner or its capabilities.

    Raises:
        OSError: The kernel refused.
    """
    prctl(PR_SET_NO_NEW_PRIVS, 1)


def landlock_abi() -> int:
    """The version of Landlock that this kernel offers; 0 for none."""
    try:
        return system_call(LANDLOCK_CREATE_RULESET, None, ctypes.c_size_t(0), ctypes.c_uint32(CREATE_RULESET_VERSION))
    except OSError:
        return 0


def restrict_files(grants: dict[str, list[str]], abi: int, *, may_connect: bool) -> None:
    """Deny every file but those granted, every TCP port, and with ABI 6 signals to others.

    Args:
        grants: Paths by the key of GRANTS; those for "read" and "list" may be absent, none of the others may.
        abi: The version to restrict by, ABI_MIN or above.
        may_connect: Whether connecting by TCP stays as it is; listening is denied in any case.

    Raises:
        OSError: Nothing is restricted.
    """
    assert abi >= ABI_MIN, abi
    handled = RIGHTS_OF_ABI_1
    for since, right in ((2, REFER), (3, TRUNCATE), (5, IOCTL_DEV)):
        handled |= right if abi >= since else 0
    attributes = struct.pack("Q", handled)
    if abi >= ABI_TCP:
        attributes += struct.pack("Q", BIND_TCP if may_connect else BIND_TCP | CONNECT_TCP)
    if abi >= ABI_SCOPES:
        attributes += struct.pack("Q", SCOPE_ABSTRACT_UNIX | SCOPE_SIGNAL)
    ruleset = system_call(LANDLOCK_CREATE_RULESET, attributes, ctypes.c_size_t(len(attributes)), ctypes.c_uint32(0))
    try:
        for kind, paths in grants.items():
            for path in paths:
                _grant(ruleset, path, GRANTS[kind] & handled, is_needed=kind not in {"read", "list"})
        system_call(LANDLOCK_RESTRICT_SELF, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    finally:
        os.close(ruleset)


def _grant(ruleset: int, path: str, rights: int, *, is_needed: bool) -> None:
    try:
        descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except (FileNotFoundError, PermissionError):
        if is_needed:
            raise
        return
    try:
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= RIGHTS_TO_A_FILE
        rule = struct.pack("=Qi", rights, descriptor)
        system_call(LANDLOCK_ADD_RULE, ctypes.c_int(ruleset), ctypes.c_int(RULE_PATH_BENEATH), rule, ctypes.c_uint32(0))
    finally:
        os.close(descriptor)
