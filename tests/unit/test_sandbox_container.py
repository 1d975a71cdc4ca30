"""What is asked of Windows for a container: bytes, order of calls, and what is undone.  No Windows has answered."""

from __future__ import annotations

import ctypes
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from node.sandbox import acl, container, windows
from node.sandbox.report import UNTRIED, SandboxReport
from node.sandbox.spec import PROBER_MODULE, SandboxSpec

SPEC = SandboxSpec(slot=Path("/slots/a"), data=Path("/home/vault"), module="node.vault", pycache=Path("/cache/a"))
KEYS = (acl.key_of("/slots/a"), *acl.NETWORK)
BEFORE = acl.access_list([acl.entry(acl.READ, acl.SYSTEM, acl.BELOW | acl.INHERITED)])
BY_JOB = SandboxReport("partial", memory_bytes=1, is_tried=False, reasons=(UNTRIED, windows.OPEN_ON_WINDOWS, "more"))


def text_at(address: int, length: int) -> bytes:
    return ctypes.string_at(address, length)


def identifier_at(address: int) -> bytes:
    return text_at(address, 8 + 4 * text_at(address, 2)[1])


class FakeWindows:
    """Stands for three libraries.  Notes every call, what is open, and what it was told; ``failing`` calls fail."""

    def __init__(self, *failing: str, acl_before: bytes | None = BEFORE, exists: bool = False) -> None:
        self.calls: list[str] = []
        self.open: set[str] = set()
        self.told: dict[str, Any] = {}
        self._failing = failing
        self._exists = exists
        self._sid = ctypes.create_string_buffer(acl.identifier(15, 2, 7))
        self._list = None if acl_before is None else ctypes.create_string_buffer(acl_before, len(acl_before))

    @property
    def libraries(self) -> container.Libraries:
        return container.Libraries(self, self, self)

    def _ok(self, name: str) -> bool:
        self.calls.append(name)
        return name not in self._failing

    def CreateAppContainerProfile(self, name: str, *rest: Any) -> int:  # noqa: N802
        assert rest[2:4] == (None, 0)  # no capability is kept with the profile: they are given at each start
        if self._exists:
            return 0x800700B7
        return self._sid_in(name, rest[4], "profile")

    def DeriveAppContainerSidFromAppContainerName(self, name: str, found: Any) -> int:  # noqa: N802
        return self._sid_in(name, found, "derive")

    def _sid_in(self, name: str, found: Any, call: str) -> int:
        assert name == container.NAME
        if not self._ok(call):
            return 0x80070005
        found._obj.value = ctypes.addressof(self._sid)
        self.open.add("identifier")
        return 0

    def FreeSid(self, sid: ctypes.c_void_p) -> None:  # noqa: N802
        assert sid.value == ctypes.addressof(self._sid)
        self.open.remove("identifier")

    def InitializeProcThreadAttributeList(self, made: Any, count: int, flags: int, length: Any) -> int:  # noqa: N802
        assert (count, flags) == (2, 0)
        if made is None:
            length._obj.value = 96
            return 0
        assert len(made) == 96
        if not self._ok("attributes"):
            return 0
        self.open.add("attributes")
        return 1

    def UpdateProcThreadAttribute(self, made: Any, flags: int, kind: int, value: Any, length: int, *rest: Any) -> int:  # noqa: N802
        assert (flags, rest) == (0, (None, None))
        assert length == ctypes.sizeof(value._obj)
        self.told[hex(kind)] = value._obj
        return int(self._ok(f"attribute {kind:#x}"))

    def DeleteProcThreadAttributeList(self, made: Any) -> None:  # noqa: N802
        self.open.remove("attributes")

    def CreateProcessW(self, *arguments: Any) -> int:  # noqa: N802
        assert {"identifier", "attributes"} <= self.open  # what it is pointed at is still there
        name, line, process, thread, inherits, flags, block, folder, startup, begun = arguments
        assert name is None
        self.told |= {
            "line": line.value, "flags": flags, "environment": block[:], "folder": folder, "startup": startup._obj,
            "capabilities": [
                (identifier_at(one.identifier), one.attributes)
                for one in self.told["0x20009"].capabilities[: self.told["0x20009"].count]
            ],
            "handles": list(self.told["0x20002"]),
            "container": identifier_at(self.told["0x20009"].container),
        }  # fmt: skip
        assert inherits == 1
        for security in (process._obj, thread._obj):
            assert (security.length, security.is_inherited) == (ctypes.sizeof(security), 0)
            self.told["security"] = text_at(security.descriptor, len(acl.descriptor(acl.CLOSED)))
        if not self._ok("process"):
            return 0
        begun._obj.process, begun._obj.thread, begun._obj.pid = 71, 72, 42
        self.open |= {"71", "72"}
        return 1

    def OpenProcessToken(self, process: int, access: int, token: Any) -> int:  # noqa: N802
        assert (process, access) == (71, 0x80)
        if not self._ok("token"):
            return 0
        token._obj.value = 73
        self.open.add("73")
        return 1

    def SetTokenInformation(self, token: ctypes.c_void_p, kind: int, content: Any, length: int) -> int:  # noqa: N802
        assert (token.value, kind, length) == (73, 6, ctypes.sizeof(ctypes.c_void_p))
        self.told["default"] = text_at(content._obj.value, len(acl.CLOSED))
        return int(self._ok("default"))

    def CloseHandle(self, handle: int | ctypes.c_void_p) -> int:  # noqa: N802
        self.open.remove(str(handle.value if isinstance(handle, ctypes.c_void_p) else handle))
        return 1

    def TerminateProcess(self, process: int, code: int) -> int:  # noqa: N802
        assert str(process) in self.open
        self.calls.append("terminate")
        return 1

    def GetLastError(self) -> int:  # noqa: N802
        return 5

    def GetNamedSecurityInfoW(self, name: str, *rest: Any) -> int:  # noqa: N802
        kind, what, owner, group, found, system, whole = rest
        assert (kind, what, owner, group, system) == (1, 4, None, None, None)
        if not self._ok(f"read {name}"):
            return 2
        found._obj.value = None if self._list is None else ctypes.addressof(self._list)
        whole._obj.value = 9
        self.open.add("descriptor")
        return 0

    def LocalFree(self, whole: ctypes.c_void_p) -> None:  # noqa: N802
        assert whole.value == 9
        self.open.remove("descriptor")

    def SetNamedSecurityInfoW(self, name: str, *rest: Any) -> int:  # noqa: N802
        kind, what, owner, group, content, system = rest
        assert (kind, what, owner, group, system) == (1, 4, None, None, None)  # nothing but the list changes
        self.told[name] = bytes(content)
        return 0 if self._ok(f"write {name}") else 5


def spawn(fake: FakeWindows) -> container.Asleep:
    return container.spawn(
        fake.libraries, ["C:\\a b\\python.exe", "-c", "x"], folder=Path("/home/vault"),
        environment={"B": "2", "A": "1"}, handles=(3, 4, 5), keys=KEYS,
    )  # fmt: skip


def test_the_structures_are_as_long_as_windows_expects_them_on_64_bits() -> None:
    if ctypes.sizeof(ctypes.c_void_p) == 8:
        assert ctypes.sizeof(container.Capabilities) == 24
        assert ctypes.sizeof(container._Capability) == 16
        assert ctypes.sizeof(container._Security) == 24
        assert ctypes.sizeof(container._Begun) == 24
        assert ctypes.sizeof(container.Startup) == 112
        assert container.Capabilities.count.offset == 16
        assert container.Startup.flags.offset == 60
        assert container.Startup.handles.offset == 80
        assert container.Startup.attributes.offset == 104
        assert container._Security.descriptor.offset == 8


def test_a_process_is_started_asleep_in_the_container_and_what_it_makes_is_closed_before_it_runs() -> None:
    fake = FakeWindows()
    assert spawn(fake) == container.Asleep(42, 71)
    assert fake.calls == [
        "profile", "attributes", "attribute 0x20009", "attribute 0x20002", "process", "token", "default",
    ]  # fmt: skip
    assert fake.open == {"71"}
    assert fake.told["flags"] & windows.CREATE_SUSPENDED


def test_it_is_given_its_keys_the_three_pipes_and_nothing_else() -> None:
    fake = FakeWindows()
    spawn(fake)
    assert fake.told["container"] == acl.identifier(15, 2, 7)
    assert fake.told["capabilities"] == [(key, 4) for key in KEYS]
    assert fake.told["handles"] == [3, 4, 5]
    startup = fake.told["startup"]
    assert (list(startup.handles), startup.flags, startup.length) == ([3, 4, 5], 0x100, ctypes.sizeof(startup))
    assert fake.told["environment"] == "A=1\0B=2\0\0"
    assert fake.told["line"] == '"C:\\a b\\python.exe" -c x'
    assert fake.told["folder"] == str(Path("/home/vault"))
    # Suspended, without a console, an environment in Unicode, and a longer structure: nothing of breaking away.
    assert fake.told["flags"] == 0x4 | 0x8 | 0x400 | 0x80000


def test_no_other_vault_comes_near_the_process_or_what_it_makes() -> None:
    fake = FakeWindows()
    spawn(fake)
    assert fake.told["security"] == acl.descriptor(acl.CLOSED)
    assert fake.told["default"] == acl.CLOSED


def test_a_container_that_there_is_already_is_used() -> None:
    fake = FakeWindows(exists=True)
    spawn(fake)
    assert fake.calls[0] == "derive"


@pytest.mark.parametrize(
    "failing", ["profile", "derive", "attributes", "attribute 0x20009", "attribute 0x20002", "process"]
)
def test_what_windows_refuses_before_there_is_a_process_leaves_nothing_behind(failing: str) -> None:
    fake = FakeWindows(failing, exists=failing == "derive")
    with pytest.raises(OSError, match="failed with"):
        spawn(fake)
    assert fake.calls[-1] == failing
    assert fake.open == set()


@pytest.mark.parametrize("failing", ["token", "default"])
def test_a_process_that_would_be_open_to_others_is_ended_before_it_runs(failing: str) -> None:
    fake = FakeWindows(failing)
    with pytest.raises(OSError, match="failed with 5"):
        spawn(fake)
    assert fake.calls[-1] == "terminate"
    assert fake.open == set()


def test_a_vault_reads_its_slot_and_writes_where_it_stores_and_a_prober_in_all_its_data() -> None:
    rights = container.rights(SPEC)
    prefixes = {Path(sys.prefix): acl.READ, Path(sys.base_prefix): acl.READ}
    data = SPEC.data
    assert rights == {
        Path("/slots/a"): acl.READ, Path("/cache/a"): acl.READ, data: acl.READ, **prefixes,
        data / "incoming": acl.CHANGE, data / "chunks": acl.CHANGE,
    }  # fmt: skip
    prober = replace(SPEC, module=PROBER_MODULE, pycache=None)
    assert container.rights(prober) == {Path("/slots/a"): acl.READ, data: acl.CHANGE, **prefixes}


def test_each_folder_is_opened_by_its_own_key_and_the_child_gets_those_keys_and_the_network() -> None:
    fake = FakeWindows()
    keys = container.hand_out_keys(fake.libraries, SPEC)
    assert keys == (*(acl.key_of(str(folder)) for folder in container.rights(SPEC)), *acl.NETWORK)
    for folder, right in container.rights(SPEC).items():
        assert fake.told[str(folder)] == acl.granted(BEFORE, acl.key_of(str(folder)), right)
    assert fake.open == set()


def test_twins_have_no_key_to_the_folder_of_the_other() -> None:
    fake = FakeWindows()
    one, other = (
        set(container.hand_out_keys(fake.libraries, replace(SPEC, data=Path(f"/trial/{name}"))))
        for name in ("control", "candidate")
    )
    assert {acl.key_of(f"/trial/candidate{below}") for below in ("", "/incoming", "/chunks")} == other - one
    assert len(one - other) == 3


def test_who_declares_no_network_gets_none() -> None:
    silent = replace(SPEC, capabilities=replace(SPEC.capabilities, udp=False))
    assert not set(container.hand_out_keys(FakeWindows().libraries, silent)) & set(acl.NETWORK)


def test_a_folder_that_is_open_already_is_not_touched_again() -> None:
    key = acl.key_of("/slots/a")
    fake = FakeWindows(acl_before=acl.granted(BEFORE, key, acl.READ))
    container.grant(fake.libraries, Path("/slots/a"), acl.READ)
    assert fake.calls == ["read /slots/a"]
    assert fake.open == set()


def test_where_everybody_may_everything_no_list_is_made_that_would_shut_the_farmer_out() -> None:
    fake = FakeWindows(acl_before=None)
    with pytest.raises(OSError, match="no permissions"):
        container.grant(fake.libraries, Path("/stick/data"), acl.READ)
    assert fake.calls == ["read /stick/data"]
    assert fake.open == set()


@pytest.mark.parametrize(
    ("fake", "words"),
    [
        (FakeWindows("read /slots/a"), "GetNamedSecurityInfo failed with 2 for a"),
        (FakeWindows("write /slots/a"), "SetNamedSecurityInfo failed with 5 for a"),
        (FakeWindows(acl_before=BEFORE[:4] + b"\2" + BEFORE[5:]), "permissions of a are not understood"),
    ],
    ids=["read", "write", "no list"],
)
def test_a_folder_that_cannot_be_opened_by_a_key_says_which_and_why(fake: FakeWindows, words: str) -> None:
    with pytest.raises(OSError, match=words):
        container.grant(fake.libraries, Path("/slots/a"), acl.READ)
    assert fake.open == set()


def test_every_function_that_is_called_has_its_types_and_a_windows_without_one_is_refused() -> None:
    names = [name for name in vars(FakeWindows) if name[0].isupper()]
    known = {name: SimpleNamespace() for name in names}
    libraries = container.Libraries(*[SimpleNamespace(**known)] * 3)
    with pytest.raises(AttributeError, match="WaitForSingleObject"):
        container.declare(libraries)
    # ``windows.load_kernel`` has those two.
    declared = {name for name, function in known.items() if hasattr(function, "argtypes")}
    assert set(names) - declared == {"CloseHandle", "GetLastError"}


def test_the_report_of_a_contained_child_says_first_that_nobody_tried_it_and_what_stays_open() -> None:
    report = container.held(BY_JOB)
    assert (report.level, report.files, report.signals, report.memory_bytes) == ("partial", True, True, 1)
    assert (report.tcp, report.udp, report.seccomp, report.is_tried) == (False, False, False, False)
    assert report.reasons == (UNTRIED, container.TCP_STAYS_OPEN, container.STORE_STAYS_OPEN, "more")


def test_in_the_container_without_a_job_files_are_shut_off_and_memory_is_not_limited() -> None:
    report = container.held(windows.free(OSError("no job")))
    assert (report.level, report.files, report.memory_bytes) == ("partial", True, None)
    assert "no job" in report.reasons


def test_the_report_without_the_container_is_that_of_the_job_and_why() -> None:
    report = container.free("it could not", BY_JOB)
    assert report == replace_reasons(BY_JOB, UNTRIED, "AppContainer: it could not", windows.OPEN_ON_WINDOWS, "more")


def replace_reasons(report: SandboxReport, *reasons: str) -> SandboxReport:
    return SandboxReport(report.level, memory_bytes=report.memory_bytes, is_tried=False, reasons=reasons)
