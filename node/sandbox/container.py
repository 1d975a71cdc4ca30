"""What Windows can hold a process to beside its job: an AppContainer, which shuts off files and other programs.

NEVER TRIED: nobody has run this on Windows yet.  The bytes of the lists and structures and the order of the calls are
tested, Windows is not.  So ``contained.py`` rehearses first, and only if all of it ends as wanted is a child started
in the container.

One container for all vaults of an account, because Windows lets programs of different containers not speak to each
other on one computer, and a prober must reach its twins.  What keeps them apart are the keys of their folders
(``acl.py``) and the lists of their processes, which let nobody near but the account itself, outside a container.

Standard library only; blocking.

Source: CreateAppContainerProfile, SECURITY_CAPABILITIES, UpdateProcThreadAttribute, TOKEN_DEFAULT_DACL and
SetNamedSecurityInfoW in the Windows API reference; "AppContainer isolation" there.
"""

from __future__ import annotations

import ctypes
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import msgspec

from node.sandbox import acl, windows
from node.sandbox.report import UNTRIED, SandboxReport
from node.sandbox.spec import SandboxSpec

NAME: Final = "Perennial.Vaults"  # the installer's uninstaller knows it, too
ALREADY_EXISTS: Final = 0x800700B7

FILE_OBJECT: Final = 1
ACCESS_LIST: Final = 4  # of what makes up the security of a thing
TOKEN_ADJUST_DEFAULT: Final = 0x80
TOKEN_DEFAULT_LIST: Final = 6  # a class of information
ENABLED: Final = 4

HANDLES: Final = 0x20002  # PROC_THREAD_ATTRIBUTE_HANDLE_LIST
CONTAINER: Final = 0x20009  # PROC_THREAD_ATTRIBUTE_SECURITY_CAPABILITIES
USE_HANDLES: Final = 0x100  # of STARTUPINFO: those for input, output and errors
DETACHED: Final = 0x8  # no console, for which another program would have to be started
UNICODE_ENVIRONMENT: Final = 0x400
EXTENDED_STARTUP: Final = 0x80000
FLAGS: Final = windows.CREATE_SUSPENDED | DETACHED | UNICODE_ENVIRONMENT | EXTENDED_STARTUP

# Windows tells UDP from TCP in no permission that a program could be given.
TCP_STAYS_OPEN: Final = "connecting by TCP stays open to it"
STORE_STAYS_OPEN: Final = "what it has stored can be overwritten by it"


class _Security(ctypes.Structure):
    """SECURITY_ATTRIBUTES."""

    _fields_ = (("length", ctypes.c_uint32), ("descriptor", ctypes.c_void_p), ("is_inherited", ctypes.c_int))


class _Capability(ctypes.Structure):
    """SID_AND_ATTRIBUTES."""

    _fields_ = (("identifier", ctypes.c_void_p), ("attributes", ctypes.c_uint32))


class Capabilities(ctypes.Structure):
    """SECURITY_CAPABILITIES: 24 bytes on 64-bit Windows."""

    _fields_ = (
        ("container", ctypes.c_void_p),
        ("capabilities", ctypes.POINTER(_Capability)),
        ("count", ctypes.c_uint32),
        ("reserved", ctypes.c_uint32),
    )


class Startup(ctypes.Structure):
    """STARTUPINFOEXW: 112 bytes on 64-bit Windows."""

    _fields_ = (
        ("length", ctypes.c_uint32),
        ("texts", ctypes.c_void_p * 3),
        ("numbers", ctypes.c_uint32 * 7),
        ("flags", ctypes.c_uint32),
        ("show", ctypes.c_uint16 * 2),
        ("reserved", ctypes.c_void_p),
        ("handles", ctypes.c_void_p * 3),
        ("attributes", ctypes.c_void_p),
    )


class _Begun(ctypes.Structure):
    """PROCESS_INFORMATION."""

    _fields_ = (
        ("process", ctypes.c_void_p),
        ("thread", ctypes.c_void_p),
        ("pid", ctypes.c_uint32),
        ("thread_id", ctypes.c_uint32),
    )


@dataclass(frozen=True, slots=True)
class Libraries:
    """The parts of Windows that are used here."""

    kernel: Any
    userenv: Any
    advapi: Any


@dataclass(frozen=True, slots=True)
class Asleep:
    """A process that has not run yet; ``handle`` is to be closed once it has ended."""

    pid: int
    handle: int


def load() -> Libraries:
    """Load them.

    Raises:
        OSError: This Windows has no AppContainer.
    """
    if sys.platform != "win32":
        raise NotImplementedError("this is no Windows")
    try:
        parts = Libraries(windows.load_kernel(), ctypes.WinDLL("userenv"), ctypes.WinDLL("advapi32"))
        declare(parts)
    except AttributeError as error:
        raise OSError(f"this Windows lacks it: {error}") from error
    return parts


def declare(parts: Libraries) -> None:
    """Say of which types their arguments and results are.

    Raises:
        AttributeError: One of the functions does not exist.
    """
    pointer, number, text = ctypes.c_void_p, ctypes.c_uint32, ctypes.c_wchar_p
    signatures = (
        (parts.userenv, "CreateAppContainerProfile", (text, text, text, pointer, number, pointer), number),
        (parts.userenv, "DeriveAppContainerSidFromAppContainerName", (text, pointer), number),
        (parts.advapi, "FreeSid", (pointer,), pointer),
        (parts.advapi, "GetNamedSecurityInfoW", (text, ctypes.c_int, number, *(pointer,) * 5), number),
        (parts.advapi, "SetNamedSecurityInfoW", (text, ctypes.c_int, number, *(pointer,) * 4), number),
        (parts.advapi, "OpenProcessToken", (pointer, number, pointer), ctypes.c_int),
        (parts.advapi, "SetTokenInformation", (pointer, ctypes.c_int, pointer, number), ctypes.c_int),
        (parts.kernel, "LocalFree", (pointer,), pointer),
        (parts.kernel, "InitializeProcThreadAttributeList", (pointer, number, number, pointer), ctypes.c_int),
        (
            parts.kernel, "UpdateProcThreadAttribute",
            (pointer, number, ctypes.c_size_t, pointer, ctypes.c_size_t, pointer, pointer), ctypes.c_int,
        ),
        (parts.kernel, "DeleteProcThreadAttributeList", (pointer,), None),
        (
            parts.kernel, "CreateProcessW",
            (text, pointer, pointer, pointer, ctypes.c_int, number, pointer, text, pointer, pointer), ctypes.c_int,
        ),
        (parts.kernel, "TerminateProcess", (pointer, number), ctypes.c_int),
        (parts.kernel, "WaitForSingleObject", (pointer, number), number),
        (parts.kernel, "GetExitCodeProcess", (pointer, pointer), ctypes.c_int),
    )  # fmt: skip
    for library, name, arguments, result in signatures:
        function = getattr(library, name)
        function.argtypes, function.restype = arguments, result


def rights(spec: SandboxSpec) -> dict[Path, int]:
    """What the child may do, by folder.  The rest of Windows is open to every container, to read.

    A chunk keeps the list of the folder that it was written in when it is moved to ``chunks/``, so what was stored
    can be overwritten: to forbid that would take a change of its list at every move.
    """
    shown = [spec.slot, spec.data, spec.pycache, Path(sys.prefix), Path(sys.base_prefix)]
    return {path: acl.READ for path in shown if path is not None} | dict.fromkeys(spec.folders().values(), acl.CHANGE)


def hand_out_keys(parts: Libraries, spec: SandboxSpec) -> tuple[bytes, ...]:
    """Let each folder be opened by its key; return all that the child gets.  May take seconds for a large folder.

    What was written down stays so, and is deleted with the folder.  It opens nothing to who is not given the key, and
    another vault may be at work in the folder, to which the same key was given.

    Raises:
        OSError: A folder cannot be opened in that way.
    """
    for folder, right in rights(spec).items():
        grant(parts, folder, right)
    keys = tuple(acl.key_of(str(folder)) for folder in rights(spec))
    may = spec.capabilities
    return (*keys, *(acl.NETWORK if may.udp or may.tcp else ()))


def grant(parts: Libraries, folder: Path, right: int) -> None:
    """Let who has the key of ``folder`` do ``right`` in it and below; nothing else of its list changes.

    Raises:
        OSError: The disk keeps no lists, or this account may not change it.
    """
    found, whole = ctypes.c_void_p(), ctypes.c_void_p()
    code = parts.advapi.GetNamedSecurityInfoW(
        str(folder), FILE_OBJECT, ACCESS_LIST, None, None, ctypes.byref(found), None, ctypes.byref(whole)
    )
    if code:
        raise OSError(f"GetNamedSecurityInfo failed with {code} for {folder.name}")
    try:
        if not found.value:  # everybody may do everything; a list of ours alone would shut the farmer out
            raise OSError(f"{folder.name} lies on a disk that keeps no permissions")
        length = int.from_bytes(ctypes.string_at(found.value + 2, 2), "little")
        before = ctypes.string_at(found.value, length)
        after = acl.granted(before, acl.key_of(str(folder)), right)
    except ValueError as error:
        raise OSError(f"the permissions of {folder.name} are not understood: {error}") from error
    finally:
        parts.kernel.LocalFree(whole)
    if after == before:
        return
    content = ctypes.create_string_buffer(after, len(after))
    code = parts.advapi.SetNamedSecurityInfoW(str(folder), FILE_OBJECT, ACCESS_LIST, None, None, content, None)
    if code:
        raise OSError(f"SetNamedSecurityInfo failed with {code} for {folder.name}")


def spawn(
    parts: Libraries,
    command: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    handles: Sequence[int],
    keys: Sequence[bytes],
) -> Asleep:
    """Start a process in the container, asleep, with these capabilities and nothing inherited but these handles.

    Args:
        parts: ``load()``.
        command: The program and its arguments.
        folder: Where it stands.
        environment: All of its environment, but for what Windows adds in a container.
        handles: Its input, output and errors; inheritable.
        keys: ``hand_out_keys()``.

    Raises:
        OSError: Windows refused.  Nothing of it is left.
    """
    closed = ctypes.create_string_buffer(acl.descriptor(acl.CLOSED))
    security = _Security(ctypes.sizeof(_Security), ctypes.addressof(closed), 0)
    begun, line = _Begun(), ctypes.create_unicode_buffer(subprocess.list2cmdline(command))
    block = ctypes.create_unicode_buffer("".join(f"{name}={environment[name]}\0" for name in sorted(environment)))
    with ExitStack() as undo:
        container = _container(parts)
        undo.callback(parts.advapi.FreeSid, container)
        texts = [ctypes.create_string_buffer(key, len(key)) for key in keys]
        listed = (_Capability * len(keys))(*(_Capability(ctypes.addressof(text), ENABLED) for text in texts))
        capabilities = Capabilities(container, listed, len(keys), 0)
        inherited = (ctypes.c_void_p * len(handles))(*handles)
        attributes = _attributes(parts, undo, {CONTAINER: capabilities, HANDLES: inherited})
        startup = Startup(
            length=ctypes.sizeof(Startup), flags=USE_HANDLES, handles=(ctypes.c_void_p * 3)(*handles),
            attributes=ctypes.addressof(attributes),
        )  # fmt: skip
        done = parts.kernel.CreateProcessW(
            None, line, ctypes.byref(security), ctypes.byref(security), 1, FLAGS, block, str(folder),
            ctypes.byref(startup), ctypes.byref(begun),
        )  # fmt: skip
        _check(parts, done, "CreateProcess")
    parts.kernel.CloseHandle(begun.thread)
    try:
        _close_what_it_makes(parts, begun.process)
    except OSError:
        parts.kernel.TerminateProcess(begun.process, 1)
        parts.kernel.CloseHandle(begun.process)
        raise
    return Asleep(begun.pid, begun.process)


def held(by_job: SandboxReport) -> SandboxReport:
    """The report for a child that was started in the container, the rehearsal having shown what that is good for."""
    others = (reason for reason in by_job.reasons if reason not in {UNTRIED, windows.OPEN_ON_WINDOWS})
    reasons = (UNTRIED, TCP_STAYS_OPEN, STORE_STAYS_OPEN, *others)
    return msgspec.structs.replace(by_job, level="partial", files=True, signals=True, reasons=reasons)


def free(trouble: str, by_job: SandboxReport) -> SandboxReport:
    """The report for a child that was started without the container."""
    others = (reason for reason in by_job.reasons if reason != UNTRIED)
    return msgspec.structs.replace(by_job, reasons=(UNTRIED, f"AppContainer: {trouble}", *others))


def _container(parts: Libraries) -> ctypes.c_void_p:
    """The container's identifier, to be freed.  Windows makes its profile once for each account, and remembers it."""
    found = ctypes.c_void_p()
    result = parts.userenv.CreateAppContainerProfile(NAME, "Perennial", "The vaults of Perennial", None, 0,
                                                     ctypes.byref(found))  # fmt: skip
    call = "CreateAppContainerProfile"
    if result == ALREADY_EXISTS:
        result = parts.userenv.DeriveAppContainerSidFromAppContainerName(NAME, ctypes.byref(found))
        call = "DeriveAppContainerSidFromAppContainerName"
    if result:
        raise OSError(f"{call} failed with {result:#x}")
    return found


def _attributes(parts: Libraries, undo: ExitStack, values: Mapping[int, Any]) -> Any:
    """A list of attributes for a new process; it points at the values, which must live as long."""
    length = ctypes.c_size_t()
    parts.kernel.InitializeProcThreadAttributeList(None, len(values), 0, ctypes.byref(length))  # says how long
    made = ctypes.create_string_buffer(length.value)
    done = parts.kernel.InitializeProcThreadAttributeList(made, len(values), 0, ctypes.byref(length))
    _check(parts, done, "InitializeProcThreadAttributeList")
    undo.callback(parts.kernel.DeleteProcThreadAttributeList, made)
    for kind, value in values.items():
        done = parts.kernel.UpdateProcThreadAttribute(
            made, 0, kind, ctypes.byref(value), ctypes.sizeof(value), None, None
        )
        _check(parts, done, "UpdateProcThreadAttribute")
    return made


def _close_what_it_makes(parts: Libraries, process: int) -> None:
    """Let what the process makes be nobody's but the account's: its threads, for one, are not another vault's."""
    token = ctypes.c_void_p()
    done = parts.advapi.OpenProcessToken(process, TOKEN_ADJUST_DEFAULT, ctypes.byref(token))
    _check(parts, done, "OpenProcessToken")
    try:
        content = ctypes.create_string_buffer(acl.CLOSED, len(acl.CLOSED))
        pointer = ctypes.c_void_p(ctypes.addressof(content))
        done = parts.advapi.SetTokenInformation(
            token, TOKEN_DEFAULT_LIST, ctypes.byref(pointer), ctypes.sizeof(pointer)
        )
        _check(parts, done, "SetTokenInformation")
    finally:
        parts.kernel.CloseHandle(token)


def _check(parts: Libraries, result: object, call: str) -> None:
    if not result:
        raise OSError(f"{call} failed with {parts.kernel.GetLastError()}")
