"""What a child is given."""

import json
import struct
import sys
import sysconfig
from dataclasses import replace
from pathlib import Path

import pytest

from node.sandbox.spec import ENVIRONMENT, SandboxSpec, elf_loader, environment
from node.trust.capabilities import TODAY, Capabilities

VAULT = SandboxSpec(slot=Path("/slots/a"), data=Path("/data"), module="node.vault")
PROBER = SandboxSpec(slot=Path("/slots/a"), data=Path("/data"), module="node.prober")


def test_a_vault_writes_in_incoming_only_and_keeps_chunks() -> None:
    grants = VAULT.grants()
    assert grants["write"] == ["/data/incoming"]
    assert grants["keep"] == ["/data/chunks"]
    assert "/data" in grants["read"]


def test_the_prober_writes_in_its_data() -> None:
    assert PROBER.grants()["write"] == ["/data"]
    assert "keep" not in PROBER.grants()


def test_an_unknown_module_is_held_like_a_vault() -> None:
    other = SandboxSpec(slot=Path("/slots/a"), data=Path("/data"), module="node.other")
    assert other.grants()["write"] == ["/data/incoming"]


def test_slot_and_byte_code_are_read_only() -> None:
    spec = SandboxSpec(slot=Path("/slots/a"), data=Path("/data"), module="node.vault", pycache=Path("/pyc/a"))
    assert {"/slots/a", "/pyc/a"} <= set(spec.grants()["read"])


def test_nothing_can_be_executed_but_the_interpreter_and_its_loader() -> None:
    run = VAULT.grants()["run"]
    assert str(Path(sys.executable).resolve()) in run
    assert len(run) <= 2
    assert not any(Path(path).is_dir() for path in run)


def test_no_folder_of_a_person_is_granted() -> None:
    granted = [Path(path) for paths in VAULT.grants().values() for path in paths]
    assert Path.home() not in granted
    assert not {Path(path) for path in ("/", "/etc", "/usr", "/home", "/root", "/tmp", "/proc", "/dev")} & set(granted)


def test_the_environment_is_the_same_for_every_child_and_takes_nothing_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/bus")
    assert environment() == ENVIRONMENT


def test_only_the_packages_that_are_declared_can_be_read() -> None:
    installed = sysconfig.get_path("purelib")
    spec = SandboxSpec(
        slot=Path("/slots/a"), data=Path("/data"), module="node.vault",
        capabilities=replace(TODAY, modules=("cryptography", "unknown")),
    )  # fmt: skip

    readable = {Path(path) for path in spec.grants()["read"]}

    found = {path.name.partition(".")[0] for path in readable if path.parent == Path(installed).resolve()}
    assert "cryptography" in found
    assert not {"msgspec", "iroh", "zeroconf", "psutil", "keyring", "tuf"} & found
    assert not {Path(installed), *Path(installed).parents} & readable


def test_the_order_holds_all_that_the_release_declares() -> None:
    capabilities = Capabilities(memory_bytes=1 << 28, file_bytes=1 << 20, open_files=64, tcp=True)
    spec = replace(VAULT, capabilities=capabilities)
    if sys.platform == "linux":
        order = json.loads(spec.command()[-1])
        assert {name: order[name] for name in ("memory_bytes", "file_bytes", "open_files", "udp", "tcp")} == {
            "memory_bytes": 1 << 28, "file_bytes": 1 << 20, "open_files": 64, "udp": False, "tcp": True,
        }  # fmt: skip


def test_paths_must_be_absolute() -> None:
    with pytest.raises(AssertionError):
        SandboxSpec(slot=Path("slot"), data=Path("/data"), module="node.vault")


@pytest.mark.skipif(sys.platform != "linux", reason="the launcher is for Linux")
def test_the_launcher_runs_bare_and_is_told_everything_in_its_order() -> None:
    command = VAULT.command()
    assert command[1:5] == ["-I", "-S", "-B", "-c"]
    order = json.loads(command[-1])
    assert order["command"] == VAULT.start_command()
    assert order["environment"] == ENVIRONMENT


def test_the_loader_of_a_program_is_found(tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text("#!/bin/sh\n")
    assert elf_loader(script) is None

    program, loader = tmp_path / "program", b"/lib64/ld-linux-x86-64.so.2\0"
    at = 64 + 2 * 56  # behind the head and a table of two entries, of which the second one names the loader
    head = struct.pack("<6s26xQ14x2H6x", b"\x7fELF\x02\x01", 64, 56, 2)
    table = struct.pack("<I52xI4xQ16xQ16x", 6, 3, at, len(loader))
    program.write_bytes(head + table + loader)
    assert elf_loader(program) == "/lib64/ld-linux-x86-64.so.2"
    program.write_bytes(head + table.replace(b"\3", b"\1") + loader)
    assert elf_loader(program) is None  # it is linked statically
