"""The doctor: says what works and what to do, needs nothing, changes nothing, and gives nothing away."""

from __future__ import annotations

import asyncio
import base64
import getpass
import json
import shutil
import socket
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner, Result

from node.api import door, schema
from node.api.doctor_texts import summary
from node.api.schema import Examination, Finding, KeyPlace
from node.cli.tray import perennial
from node.keys.errors import KeyStoreError
from node.sandbox.report import SandboxReport
from node.supervisor import diagnostics, doctor
from node.supervisor.diagnostics import Told
from node.supervisor.doctor import examine
from node.supervisor.home import Home
from tests.api_world import STATUS

FULL = SandboxReport("full", landlock_abi=6)


async def answering() -> None: ...


async def refusing() -> None:
    raise KeyStoreError("This system offers no keyring that encrypts.")


async def hanging() -> None:
    await asyncio.Event().wait()


def look(folder: Path, status: schema.Status | None = None, **others: Any) -> dict[str, Finding]:
    given = {"assess_sandbox": lambda: FULL, "ask_keyring": answering} | others
    found = asyncio.run(examine(folder, status, "Perennial does not run.", 0, **given))
    assert all(finding.sentence.endswith(".") for finding in found.findings)
    assert all(finding.advice.endswith((".", "")) for finding in found.findings)
    return {finding.name: finding for finding in found.findings}


def make_home(path: Path, bind: str = "127.0.0.1:0", key_place: KeyPlace = "keyring") -> Home:
    return Home.make(path, kind="real", root=b"r", bind=bind, quota_bytes=64 << 20, key_place=key_place)


def everything_below(path: Path) -> dict[str, tuple[int, float]]:
    return {str(p): (stat.S_IMODE(p.lstat().st_mode), p.lstat().st_mtime) for p in sorted(path.rglob("*"))}


class TestWithoutAHome:
    def test_it_says_what_to_do_first_and_makes_nothing(self, tmp_path: Path):
        found = look(tmp_path / "none")

        assert found["home"].result == "lacking"
        assert found["home"].sentence.startswith("There is no home at ")
        assert found["home"].advice.startswith("Start perennial: it leads you into a network")
        assert set(found) == {"python", "system", "sandbox", "keyring", "home", "disk"}
        assert list(tmp_path.iterdir()) == []

    def test_a_folder_of_something_else_is_said_to_be_none(self, tmp_path: Path):
        (tmp_path / "letter.txt").write_text("dear")
        found = look(tmp_path)
        assert (found["home"].result, found["home"].advice != "") == ("bad", True)

    @pytest.mark.parametrize("is_shipped", [True, False])
    def test_it_tells_programs_how_much_is_free_and_whether_a_network_came_along(
        self, tmp_path: Path, is_shipped: bool
    ):
        found = asyncio.run(
            examine(
                tmp_path / "none" / "deeper", None, "", 0,
                assess_sandbox=lambda: FULL, ask_keyring=answering, has_network=lambda: is_shipped,
            )
        )  # fmt: skip

        assert abs((found.free_bytes or 0) - shutil.disk_usage(tmp_path).free) < 1 << 30
        assert found.has_network == is_shipped
        assert not (tmp_path / "none").exists()


class TestAHome:
    def test_a_whole_one_is_fine_and_left_as_it_is(self, tmp_path: Path):
        home = make_home(tmp_path / "home")
        (home.state / "probe").write_bytes(b"")
        (home.state / "probe").unlink()
        before = everything_below(home.path)

        found = look(home.path)

        after = everything_below(home.path)
        after.pop(str(home.state)), before.pop(str(home.state))  # a file was written there and removed
        assert after == before
        assert {name: f.result for name, f in found.items() if f.result != "ok"} == {
            "api": "lacking",
            "node": "lacking",
        }
        assert found["node"].advice.startswith("Start perennial")

    def test_one_that_others_may_enter_is_bad(self, tmp_path: Path):
        home = make_home(tmp_path / "home")
        home.path.chmod(0o755)
        assert look(home.path)["home"].result == "bad"

    def test_where_nobody_looked_who_may_enter_it_is_not_said_to_be_closed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        home = make_home(tmp_path / "home")
        assert look(home.path)["home"].sentence == f"{home.path} is a home, and closed to others."

        monkeypatch.setattr(doctor, "sys", SimpleNamespace(platform="win32"))

        assert doctor._home(home.path)[1].sentence == f"{home.path} is a home."

    def test_a_disk_that_cannot_be_written_is_bad(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        home = make_home(tmp_path / "home")
        (home.state / "probe").mkdir()  # where the doctor writes

        found = look(home.path)

        assert found["disk"].result == "bad"
        assert "Make room" in found["disk"].advice

    def test_a_port_that_another_program_has_is_bad_unless_the_node_runs(self, tmp_path: Path):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.bind(("127.0.0.1", 0))
            home = make_home(tmp_path / "home", bind=f"127.0.0.1:{other.getsockname()[1]}")
            assert look(home.path)["port"].result == "bad"
            assert look(home.path, STATUS)["port"].result == "ok"
        assert look(home.path)["port"].result == "ok"

    def test_a_node_with_a_problem_is_bad_in_its_own_words(self, tmp_path: Path):
        home = make_home(tmp_path / "home")
        status = msgspec.structs.replace(STATUS, state="problem", sentence="The vault does not keep running.")
        found = look(home.path, status)
        assert (found["node"].result, found["node"].sentence) == ("bad", "The vault does not keep running.")
        assert found["api"].result == "ok"


class TestTheComputer:
    def test_what_the_sandbox_lacks_is_said(self, tmp_path: Path):
        report = SandboxReport("partial", reasons=("the kernel is old",))
        found = look(tmp_path / "none", assess_sandbox=lambda: report)
        assert found["sandbox"].result == "lacking"
        assert "the kernel is old" in found["sandbox"].sentence

    def test_of_a_node_that_runs_its_own_sandbox_counts(self, tmp_path: Path):
        status = msgspec.structs.replace(STATUS, sandbox="none", sandbox_reasons=("no sandbox here",))
        assert look(make_home(tmp_path / "home").path, status)["sandbox"].result == "lacking"

    def test_a_keyring_that_is_missing_or_locked_is_bad_where_it_is_needed(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setattr(doctor, "KEYRING_S_MAX", 0.01)
        home = make_home(tmp_path / "home")
        for ask in (refusing, hanging):
            assert look(home.path, ask_keyring=ask)["keyring"].result == "bad"
            assert look(tmp_path / "none", ask_keyring=ask)["keyring"].result != "bad"
            elsewhere = make_home(tmp_path / ask.__name__, key_place="unprotected")
            assert look(elsewhere.path, ask_keyring=ask)["keyring"].sentence.endswith("lies unprotected in a file.")

    def test_a_python_out_of_range_is_bad(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(doctor, "PYTHON_OLDEST", (3, 99))
        assert look(tmp_path / "none")["python"].result == "bad"


def test_the_first_sentence_is_the_worst():
    def told(*results: Any) -> str:
        return summary(tuple(Finding("disk", result, f"{result.title()}.") for result in results))

    assert told("ok", "ok") == "Everything that was looked at works."
    assert told("ok", "lacking", "unknown") == "It works; 2 things less well."
    assert told("lacking", "bad") == "Bad."
    assert told("bad", "bad") == "Bad. 1 more do not work; see below."


PERSON, COMPUTER = "rosalind.gaertner", "rosas-laptop"
VAULT_ID = "10293847" + "5f6a7b8c" * 7  # its start could be any number
SEED = bytes(range(100, 132))
PLANTED = {
    "token": door.token_of(SEED),
    "seed in hex": SEED.hex(),
    "seed in base64": base64.b64encode(SEED).decode(),
    "vault id": VAULT_ID,
    "start of the vault id": VAULT_ID[:8],
    "another vault's id": "5a6b7c8d" * 8,
    "start of another's, of digits alone": "98765432",
    "address": "192.0.2.77",
    "address with port": "198.51.100.4:41000",
    "IPv6 address": "2001:db8:77::4",
    "hardware address": "00:16:3e:aa:bb:cc",
    "invitation": "PERENNIAL-1-Q2W3E4R5T6Z7U8I9",
    "user": PERSON,
    "computer": COMPUTER,
    "mail": "rosalind@example.org",
    "a path elsewhere": "/media/Stick of R/tax.pdf",
    "share": "c0ffee00" * 8,
}


@pytest.fixture
def planted(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home in which all of it lies about."""
    monkeypatch.setenv("LOGNAME", PERSON)
    monkeypatch.setattr(socket, "gethostname", lambda: COMPUTER)
    assert getpass.getuser() == PERSON
    folder = tmp_path_factory.mktemp("h") / PERSON / "M D"  # a home's path may not be long
    home = make_home(folder, bind="192.0.2.77:41000", key_place="unprotected")
    door.save(home.path, door.Door(4711, PLANTED["token"]))
    (home.state / "vault_id.key").write_bytes(SEED)
    lines = [f"2026-11-29T08:47:53Z INFO node.x met {what}={secret}, {secret!r}" for what, secret in PLANTED.items()]
    lines += [f"cannot write {home.path}/state/x: [Errno 28] No space left on device: '{home.path}/state/x'"]
    for name in ("supervisor.log", "vault.log"):
        (home.logs / name).write_text("\n".join([*lines, "the last line is there"]) + "\n")
    return home


def told_by_node() -> Told:
    status = msgspec.structs.replace(
        STATUS, farm=VAULT_ID[:8], sentence=f"The disk /home/{PERSON} cannot be written.",
        in_use=schema.VersionInUse("0.1.0", "cd" * 32, 1.0),
    )  # fmt: skip
    refused = schema.RefusedHead(PLANTED["another vault's id"], f"sent by {PLANTED['address']}", 1.0)
    return Told(status, schema.Updates((), (refused,)), schema.Settings(1), None, {"peer 192.0.2.77": 1})


class TestTheFile:
    def check(self, text: str, home: Home) -> None:
        for what, secret in PLANTED.items():
            assert secret.lower() not in text.lower(), what
        assert str(home.path) not in text
        assert "M D" not in text
        assert text.count("the last line is there") == 2

    def test_nothing_that_was_planted_is_in_it(self, planted: Home):
        found = Examination("", tuple(look(planted.path, told_by_node().status).values()))

        text = diagnostics.make(planted.path, found, told_by_node(), 1_800_000_000.0).decode()

        self.check(text, planted)
        assert "cd" * 32 in text  # the version in use, which everybody has
        assert "No space left on device" in text
        assert "2027-01-15T08:00:00Z" in text

    def test_the_command_writes_it_with_no_node_running(self, planted: Home, tmp_path: Path, quick: None):
        result = call("doctor", "--home", str(planted.path), "--output", str(tmp_path / "out.txt"))
        assert result.exit_code == 0
        assert f"Perennial does not run on {planted.path}." in result.stdout
        self.check((tmp_path / "out.txt").read_text(), planted)

    def test_of_a_long_log_the_end_is_in_it_in_whole_lines(self, tmp_path: Path):
        logs = tmp_path / "logs"
        logs.mkdir()
        (logs / "vault.log").write_text("".join(f"line {n}\n" for n in range(40_000)))

        text = diagnostics.make(tmp_path, Examination("", ()), None, 0.0).decode()

        tail = text.split("== vault.log ==\n")[1]
        assert "line 39999\n" in tail
        assert len(text) < 2 * diagnostics.TAIL_BYTES
        assert tail.startswith("line ")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without trying to break out of a sandbox, which takes its time."""
    assert examine.__kwdefaults__ is not None
    monkeypatch.setitem(examine.__kwdefaults__, "assess_sandbox", lambda: FULL)


def call(*arguments: str) -> Result:
    return CliRunner().invoke(perennial, arguments)


class TestTheCommand:
    def test_it_is_said_to_write_a_file_only_when_asked_to(self):
        said = " ".join(CliRunner().invoke(perennial, ["--help"]).stdout.split())
        assert "with --output, write a diagnostics file" in said

    def test_it_needs_neither_home_nor_node(self, tmp_path: Path):
        result = call("doctor", "--home", str(tmp_path / "none"))
        assert result.exit_code == 0
        assert "There is no home at" in result.stdout
        assert "Start perennial" in result.stdout
        assert not (tmp_path / "none").exists()

    def test_json_is_an_examination(self, tmp_path: Path, quick: None):
        result = call("doctor", "--json", "--home", str(tmp_path / "none"))
        assert msgspec.json.decode(result.stdout, type=Examination).findings

    def test_a_file_that_cannot_be_written_is_one_sentence(self, tmp_path: Path, quick: None):
        result = call("doctor", "--json", "--home", str(tmp_path / "none"), "--output", str(tmp_path / "no" / "file"))
        assert result.exit_code == 1
        assert json.loads(result.stdout)["code"] == "output"
