"""The command line: quick, clear, and with the exit codes that scripts rely on."""

from __future__ import annotations

import asyncio
import io
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import msgspec
import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from node.api import schema
from node.api.server import ApiServer
from node.cli import run, say_what_can_be_said
from node.cli.commands import COMMANDS, Commands
from node.cli.practice import _print_result
from node.cli.settings import hours_of, hours_text, patch_of, size_of
from node.cli.tray import perennial
from node.supervisor import launched
from node.supervisor.bootstrap import Bootstrap
from node.supervisor.errors import InvitationError
from node.supervisor.home import Home
from node.supervisor.invitation import encode_invitation
from node.update.files import programs
from node.update.files.starting import BUSY_CODE, LAUNCHER
from node.vault.core.identity import Introduction
from tests import api_world
from tests.other_user import NOBODY, folder_open_to_all

UPDATE = schema.Update(
    release="vault/0.1.1", version="0.1.1", tree_hash="ab" * 32, phase="refused", verdict="refused",
    again_s=1_700_000_000.0,
    reason="slower: requests take 3 times as long", signers=("pod-1", "pod-2", "pod-3"), announced_s=1.0,
    decided_s=2.0, bytes_fetched=5279, seconds={"on_trial": 40.0},
    rollout=schema.RolloutView("Wave 2 of 3 is open, this farm is in wave 1.", 1, 2, 3, 9, 6, 1, False, 0.0, 1.0),
)  # fmt: skip
RECALLED = msgspec.structs.replace(
    UPDATE, release="vault/0.1.2", phase="recalled", verdict="recalled", reason="the developers recalled it"
)
WATCHED = msgspec.structs.replace(
    UPDATE, release="vault/0.1.3", phase="confirmed", verdict="promoted", reason="taken as an exception",
    watched_until_s=1_800_000_000.0, exception="full trials could not prove it here", is_urgent=True,
)  # fmt: skip


def call(*arguments: str) -> Result:
    return CliRunner().invoke(perennial, arguments)


class FakeNode(api_world.FakeNode):
    """A node with something to tell."""

    def status(self) -> schema.Status:
        return schema.Status(
            state="fine", sentence="All is well.", is_practice=True,
            space=schema.Space(70_000_000, self.quota_bytes, 1), peer_count=1, subnet_count=7,
            in_use=schema.VersionInUse("0.1.0", "cd" * 32, 1.0), sandbox="partial", farm="01234567", last_event=0,
            sandbox_reasons=("never tried", "no limit"), is_sandbox_tried=False,
        )  # fmt: skip

    def updates(self) -> schema.Updates:
        developers = schema.DeveloperNews("current", "Last news from the developers: 12 days ago.", 1.0)
        refused = schema.RefusedHead("ef" * 32, "2 signatures where 3 are needed", 1.0)
        return schema.Updates((WATCHED, RECALLED, UPDATE), (refused,), developers, trouble="The disk is full.")

    async def pause(self, lasts: str) -> schema.Status:
        pauses = (schema.PauseReason("asked", f"Paused: {lasts}."),)
        return msgspec.structs.replace(self.status(), state="paused", sentence=f"Paused: {lasts}.", pauses=pauses)

    async def resume(self) -> schema.Status:
        return self.status()

    async def put_chunk(self, content: bytes) -> schema.StoredChunk:
        return schema.StoredChunk("aa" * 32, 5)

    async def offer_head(self, content: bytes) -> schema.HeadAnswer:
        return schema.HeadAnswer("outdated", "")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[str]:
    """The folder of a node that runs, in a thread: commands have event loops of their own."""
    loop = asyncio.new_event_loop()
    server = asyncio.run_coroutine_threadsafe
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def make() -> ApiServer:
        api = ApiServer(FakeNode(), tmp_path / "api.sock")
        await api.start()
        return api

    api = server(make(), loop).result(10)
    try:
        yield str(tmp_path)
    finally:
        server(api.stop(), loop).result(10)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class TestAnswers:
    def test_status_begins_with_the_sentence(self, running: str):
        result = call("status", "--home", running)
        assert result.exit_code == 0
        assert result.stdout.startswith("All is well.\n")
        assert "1 vault in 7 subnets" in result.stdout
        assert "0.1.0 (cdcdcdcd)" in result.stdout
        assert "partial, untested: never tried; no limit\n" in result.stdout
        assert "in a file of this practice home" in result.stdout

    @pytest.mark.parametrize("arguments", [["status", "--json", "--home"], ["--json", "status", "--home"]])
    def test_json_is_what_the_api_says(self, running: str, arguments: list[str]):
        result = call(*arguments, running)
        assert msgspec.json.decode(result.stdout, type=schema.Status).sentence == "All is well."

    @pytest.mark.parametrize(("app", "shown"), [("", "0.1.0 (as installed)"), ("e" * 64, "0.1.0 (app eeeeeeee)")])
    def test_status_says_which_program_the_node_is(
        self, running: str, monkeypatch: pytest.MonkeyPatch, app: str, shown: str
    ):
        assert "program" not in call("status", "--home", running).stdout
        installed = msgspec.structs.replace(FakeNode().status(), program=schema.ProgramInUse("0.1.0", app))
        monkeypatch.setattr(FakeNode, "status", lambda _: installed)
        assert f"program   {shown}\n" in call("status", "--home", running).stdout

    def test_updates_say_which_program_was_left_and_why(self, running: str, monkeypatch: pytest.MonkeyPatch):
        left = schema.ProgramLeft(1.0, "0.2.0", "e" * 64, "", "Version 0.2.0 of Perennial itself has failed to start.")
        told = schema.Updates((), (), left_programs=(left,))
        monkeypatch.setattr(FakeNode, "updates", lambda _: told)
        assert f"  {left.sentence}\n" in call("updates", "--home", running).stdout

    def test_status_says_where_the_key_lies(self, running: str, monkeypatch: pytest.MonkeyPatch):
        shown = msgspec.structs.replace(FakeNode().status(), is_practice=False, key_place="unprotected")
        monkeypatch.setattr(FakeNode, "status", lambda _: shown)

        assert "key       unprotected: in a file that every program" in call("status", "--home", running).stdout

    def test_who_publishes_from_an_old_folder_hears_that_the_network_has_something_newer(
        self, running: str, tmp_path: Path
    ):
        network = str(tmp_path / "network")
        assert call("pod", "init-network", network).exit_code == 0

        result = call("pod", "publish", "--network", network, "--home", running)

        assert result.stdout == (
            "The node knows of something newer in this network and passes that on; bring your folder up to date.\n"
        )

    def test_the_home_may_be_named_before_the_command(self, running: str):
        assert call("--home", running, "status").exit_code == 0

    def test_a_home_is_found_also_where_no_shell_has_expanded_its_name(
        self, running: str, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv("HOME", str(Path(running).parent))

        result = call("status", f"--home=~/{Path(running).name}")

        assert result.exit_code == 0, result.output

    def test_updates_say_what_became_of_each_release_and_why(self, running: str):
        result = call("updates", "--home", running)
        assert result.stdout.startswith("The disk is full.\nLast news from the developers: 12 days ago.\n")
        assert "vault/0.1.1  refused: slower: requests take 3 times as long" in result.stdout
        assert "vault/0.1.2  recalled: the developers recalled it; the version from before came back\n" in result.stdout
        until = time.strftime("%Y-%m-%d %H:%M", time.localtime(1_800_000_000.0))
        assert f"in use; watched until {until}: until then a fault brings the one before back\n" in result.stdout
        assert "without the usual proof, because full trials could not prove it here\n" in result.stdout
        again = time.strftime("%Y-%m-%d %H:%M", time.localtime(1_700_000_000.0))
        assert f"taking over took too long; it is tried again at {again}, the version in use goes on\n" in result.stdout
        assert result.stdout.count("urgent: at least as many pods") == 1
        assert "pod-1, pod-2, pod-3" in result.stdout
        assert "    Wave 2 of 3 is open, this farm is in wave 1.\n" in result.stdout
        assert "metadata efefefef refused: 2 signatures where 3 are needed" in result.stdout
        assert msgspec.json.decode(call("updates", "--json", "--home", running).stdout, type=schema.Updates).items

    def test_an_invitation_is_printed_and_drawn(self, running: str):
        assert call("invite", "--home", running).stdout == "PERENNIAL-1-ABC\n"
        assert call("invite", "--json", "--home", running).stdout.startswith('{"text":"PERENNIAL-1-ABC","advice":""')
        assert call("invite", "--at", "2001:db8::1", "--home", running).stdout == "PERENNIAL-1-ABC2001:db8::1\n"
        drawn = call("invite", "--qr", "--home", running).stdout
        assert drawn.startswith("PERENNIAL-1-ABC\n")
        assert drawn.count("\n") > 10

    def test_beside_an_invitation_that_leads_nowhere_it_is_said_so_and_not_in_what_is_handed_on(
        self, running: str, monkeypatch: pytest.MonkeyPatch
    ):
        async def invitation(_node: FakeNode, at: str = "") -> schema.Invitation:
            return schema.Invitation("PERENNIAL-1-ABC", "" if at else "It leads nowhere.")

        monkeypatch.setattr(FakeNode, "invitation", invitation)
        told, helped = call("invite", "--home", running), call("invite", "--at", "44.0.0.1", "--home", running)
        assert (told.stdout, told.stderr) == ("PERENNIAL-1-ABC\n", "It leads nowhere.\n")
        assert (helped.stdout, helped.stderr) == ("PERENNIAL-1-ABC\n", "")

    def test_an_invitation_is_taken_even_where_the_shell_has_split_it(self, running: str):
        assert call("join", "PERENNIAL-1-ABC", "--home", running).stdout == "Perennial tries.\n"
        refused = call("join", "PERENNIAL-1-", "ABC", "--home", running)
        assert (refused.exit_code, refused.stderr) == (1, "This is no invitation.\n")

    def test_an_invitation_waits_for_the_start_of_a_node_that_does_not_run(self, tmp_path: Path):
        home = Home.make(tmp_path / "home", kind="practice", root=b"root", bind="127.0.0.1:0", quota_bytes=1 << 30)
        text = encode_invitation(home.network, [Introduction(bytes(32), ("10.0.0.1:1",))])
        done = call("join", text, "--json", "--home", str(home.path))
        assert (done.exit_code, msgspec.json.decode(done.stdout, type=schema.Joined).vaults) == (0, 1)
        assert len(Bootstrap(home).introductions) == 1

    def test_without_a_home_an_invitation_cannot_be_taken_and_it_is_said_why(self, tmp_path: Path):
        refused = call("join", "PERENNIAL-1-ABC", "--home", str(tmp_path / "nowhere"))
        assert refused.exit_code == 1
        assert "no Perennial home" in refused.stderr

    def test_local_discovery_is_switched_by_a_word(self, running: str):
        assert "local_discovery  on" in call("settings", "--home", running).stdout
        assert call("settings", "set", "local_discovery", "off", "--home", running).exit_code == 0
        assert call("settings", "set", "local_discovery", "perhaps", "--home", running).exit_code == 2

    @pytest.mark.parametrize(
        ("key", "value", "expected"),
        [
            ("upload_bytes_per_s", "1.5MB", schema.SettingsPatch(upload_bytes_per_s=1_500_000)),
            ("hours", "22-1,8", schema.SettingsPatch(hours=(0, 1, 8, 22, 23))),
            ("hours", "all", schema.SettingsPatch(hours=schema.HOURS)),
            ("notifications", "news", schema.SettingsPatch(notifications="news")),
            ("api_port", "8080", schema.SettingsPatch(api_port=8080)),
            ("pauses_on_battery", "off", schema.SettingsPatch(pauses_on_battery=False)),
        ],
    )
    def test_each_setting_is_written_as_people_say_it(self, key: str, value: str, expected: schema.SettingsPatch):
        assert patch_of(key, value) == expected

    @pytest.mark.parametrize(
        ("key", "value"),
        [("hours", "24"), ("hours", "8-"), ("hours", ""), ("notifications", "loud"), ("api_port", "-1")],
    )
    def test_what_is_no_value_of_its_kind_is_wrong_usage(self, running: str, key: str, value: str):
        assert call("settings", "set", "--home", running, key, "--", value).exit_code == 2

    @pytest.mark.parametrize("text", ["all", "8", "0-6,20-23", "0,2,4-5"])
    def test_hours_are_shown_as_they_are_written(self, text: str):
        assert hours_text(hours_of(text)) == text

    def test_a_pause_is_asked_for_until_it_is_resumed_if_nothing_is_said(self, running: str):
        assert call("pause", "--home", running).stdout == "Paused: until-resumed.\n"
        in_json = call("pause", "1h", "--json", "--home", running).stdout
        assert msgspec.json.decode(in_json, type=schema.Status).sentence == "Paused: 1h."
        assert call("pause", "for ever", "--home", running).exit_code == 2
        assert call("resume", "--home", running).stdout == "All is well.\n"

    def test_settings_are_shown_and_changed(self, running: str):
        assert "100 MB" in call("settings", "--home", running).stdout
        assert "1.5 GB" in call("settings", "set", "quota_bytes", "1.5GB", "--home", running).stdout
        shown = call("settings", "get", "--json", "--home", running)
        assert msgspec.json.decode(shown.stdout, type=schema.Settings).quota_bytes == 1_500_000_000

    def test_a_limit_below_what_is_in_use_says_that_shrinking_begins(self, running: str):
        said = call("settings", "set", "quota_bytes", "40MB", "--home", running).stdout
        assert "30 MB more than that are in use, so shrinking begins: chunks go to others first" in said
        assert "shrinking" not in call("settings", "set", "quota_bytes", "80MB", "--home", running).stdout
        in_json = call("settings", "set", "quota_bytes", "40MB", "--json", "--home", running).stdout
        assert msgspec.json.decode(in_json, type=schema.Settings).quota_bytes == 40_000_000

    def test_a_home_named_before_a_group_reaches_its_commands(self, running: str):
        assert call("--home", running, "settings", "get").exit_code == 0
        assert call("settings", "--home", running, "get").exit_code == 0


class TestForeignText:
    @pytest.mark.parametrize(
        ("encoding", "shown"), [("cp1252", "ö ?".encode("cp1252")), ("utf-8", "ö Ж".encode()), ("ascii", b"? ?")]
    )
    def test_a_letter_that_a_pipe_does_not_know_ends_nothing(self, encoding: str, shown: bytes):
        kept = io.BytesIO()
        stream = io.TextIOWrapper(kept, encoding=encoding)

        say_what_can_be_said(stream, None)
        stream.write("ö Ж")
        stream.flush()

        assert kept.getvalue() == shown

    """What peers, pods or releases have written reaches a terminal as text, and moves or colours nothing."""

    @pytest.mark.parametrize("command", ["status", "updates", "join x"])
    def test_it_is_printed_without_what_a_terminal_would_obey(
        self, running: str, monkeypatch: pytest.MonkeyPatch, command: str
    ):
        evil = "\x1b]52;c;cm0gLXJm\x07\x1b[2J\u202ekill\x9b31m\r\nAll is well."
        status = msgspec.structs.replace(FakeNode().status(), sentence=evil, farm=evil)
        update = msgspec.structs.replace(UPDATE, release=evil, reason=evil, signers=(evil,), exception=evil)
        updates = schema.Updates((update,), (schema.RefusedHead("ef" * 32, evil, 1.0),))

        async def join(_self: object, text: str) -> schema.Joined:
            raise InvitationError(evil)

        monkeypatch.setattr(FakeNode, "status", lambda _self: status)
        monkeypatch.setattr(FakeNode, "updates", lambda _self: updates)
        monkeypatch.setattr(FakeNode, "join", join)
        result = call(*command.split(), "--home", running)
        said = result.stdout + result.stderr
        assert "kill" in said
        assert all(character.isprintable() for line in said.split("\n") for character in line)
        assert "All is well." not in said.splitlines()

    def test_a_joined_sentence_too(self, running: str, monkeypatch: pytest.MonkeyPatch):
        async def join(_self: object, text: str) -> schema.Joined:
            return schema.Joined(1, "tries\x1b[2J")

        monkeypatch.setattr(FakeNode, "join", join)
        assert call("join", "x", "--home", running).stdout == "tries\N{REPLACEMENT CHARACTER}[2J\n"

    def test_what_a_release_in_a_practice_network_says_is_no_markup(self):
        written, evil = io.StringIO(), "[red]\x1b[2J gone"
        farm = SimpleNamespace(farm="farm-1", verdict=evil, reason=evil, decided_after_s=None, bytes_fetched=0)
        release = SimpleNamespace(name=evil, farms=[farm], sentence=evil)
        result: Any = SimpleNamespace(releases=[release], noise={}, is_as_expected=True)
        _print_result(Console(file=written, width=200), result)
        assert written.getvalue().count("[red]\N{REPLACEMENT CHARACTER}[2J gone") == 4


class TestFailures:
    def test_what_the_node_refuses_is_one_sentence_and_exit_code_1(self, running: str):
        result = call("settings", "set", "quota_bytes", "1", "--home", running)
        assert (result.exit_code, result.stdout, result.stderr) == (1, "", "The disk limit must be at least 1 kB.\n")

    def test_with_json_a_failure_is_an_error_answer(self, running: str):
        result = call("settings", "set", "quota_bytes", "1", "--json", "--home", running)
        assert result.exit_code == 1
        assert msgspec.json.decode(result.stdout, type=schema.ErrorAnswer).code == "settings"

    def test_it_holds_as_data_what_the_sentence_says(self, tmp_path: Path):
        result = call("status", "--json", "--home", str(tmp_path))
        said = msgspec.json.decode(result.stdout, type=schema.ErrorAnswer).said
        assert [one.code for one in said] == ["api.not_running"]

    @pytest.mark.parametrize("command", [["status"], ["updates"], ["settings"], ["settings", "get"]])
    def test_without_a_node_it_is_said_that_none_runs(self, tmp_path: Path, command: list[str]):
        result = call(*command, "--home", str(tmp_path))
        assert (result.exit_code, result.stderr) == (1, f"Perennial does not run on {tmp_path}.\n")

    @pytest.mark.parametrize(
        "arguments",
        [
            ["plough"],
            ["status", "--colour"],
            ["status", "more"],
            ["settings", "set"],
            ["settings", "set", "colour", "green"],
            ["settings", "set", "quota_bytes", "much"],
            ["settings", "set", "quota_bytes", "-5"],
            ["settings", "set", "quota_bytes", "999999999999999999T"],
            ["--home"],
        ],
    )
    def test_wrong_usage_is_exit_code_2(self, arguments: list[str]):
        result = call(*arguments)
        assert result.exit_code == 2
        assert "Traceback" not in result.stderr

    @pytest.mark.parametrize(
        "arguments",
        [
            ["plough"],
            ["status", "--colour"],
            ["get", "ab"],
            ["put", ""],
            ["settings", "set", "quota_bytes", "much"],
            ["practice", "--farms", "0"],
            ["practice", "--farms", "8"],
            ["practice", "--expect", "refused"],
            ["practice", "--candidate", "/dev/null", "--releases", "none"],
            ["run", "--quota", "5GB"],
            ["run", "--fingerprint", "ab" * 32],
            ["run", "--join", "--fingerprint", "ab" * 32],
            ["join"],
        ],
    )
    def test_wrong_usage_is_an_error_answer_too_with_json(self, arguments: list[str]):
        for result in (call("--json", *arguments), call(*arguments, "--json")):
            assert (result.exit_code, result.stderr) == (2, "")
            answer = msgspec.json.decode(result.stdout, type=schema.ErrorAnswer)
            assert answer.code == "usage"
            assert answer.message

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can be somebody else")
    @pytest.mark.parametrize("command", [["status"], ["put", "/dev/null"], ["join", "PERENNIAL-1-ABC"]])
    def test_a_home_that_this_user_may_not_enter_is_said_to_be_so(self, command: list[str]):
        call(*command, "--home", "/nowhere")  # load everything as root
        with folder_open_to_all() as folder:
            home = folder / "home"
            home.mkdir(mode=0o700)
            os.seteuid(NOBODY)
            try:
                result = call(*command, "--home", str(home))
            finally:
                os.seteuid(0)
        assert (result.exit_code, result.stdout) == (1, "")
        assert result.stderr == f"{home} cannot be entered: Permission denied.\n"

    def test_no_screen_says_what_to_do_instead(self, monkeypatch: pytest.MonkeyPatch):
        for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr(sys, "platform", "linux")
        result = call()
        assert result.exit_code == 1
        assert "perennial practice" in result.stderr


class TestRun:
    def run(self, home: Path) -> Result:
        return call("run", "--home", str(home))

    def test_a_home_that_is_not_there(self, tmp_path: Path):
        result = self.run(tmp_path / "nowhere")
        assert (result.exit_code, result.stderr) == (1, f"There is no Perennial home at {tmp_path / 'nowhere'} yet.\n")
        assert not (tmp_path / "nowhere").exists()

    def test_a_folder_of_something_else(self, tmp_path: Path):
        (tmp_path / "thesis.txt").write_text("years of work")
        result = self.run(tmp_path)
        assert result.exit_code == 1
        assert "is not a Perennial home" in result.stderr
        assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]

    def test_a_second_instance(self, tmp_path: Path):
        home = Home.make(tmp_path, kind="practice", root=b"genesis", bind="127.0.1.1:0", quota_bytes=64 << 20)
        with home.lock():
            result = self.run(tmp_path)
        assert (result.exit_code, result.stderr) == (
            1,
            f"Perennial already runs on {tmp_path} (process {os.getpid()}).\n",
        )

    def test_a_second_instance_tells_its_launcher_that_no_program_is_to_blame(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ):
        monkeypatch.setenv(LAUNCHER, "/opt/perennial/perennial")
        home = Home.make(tmp_path, kind="practice", root=b"genesis", bind="127.0.1.1:0", quota_bytes=64 << 20)
        with home.lock():
            assert self.run(tmp_path).exit_code == BUSY_CODE

    @pytest.mark.parametrize("launcher", ["/opt/perennial/perennial", ""])
    def test_a_program_is_proven_to_its_launcher_by_its_own_api(
        self, running: str, monkeypatch: pytest.MonkeyPatch, launcher: str
    ):
        monkeypatch.setenv(LAUNCHER, launcher)
        monkeypatch.setattr(launched, "HEALTHY_S", 0.0)
        home = SimpleNamespace(path=Path(running), slots=Path(running) / "slots")
        home.slots.mkdir()
        programs.point(home.slots, programs.Program("a" * 64))
        node = SimpleNamespace(
            home=home, vault=SimpleNamespace(is_listening=True), updates_trouble=SimpleNamespace(sentence="")
        )

        asyncio.run(run._prove(node))  # type: ignore[arg-type]

        assert programs.read(home.slots).is_proven is bool(launcher)

    def test_a_port_in_use(self, tmp_path: Path):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
            taken.bind(("127.0.9.1", 0))
            bind = f"127.0.9.1:{taken.getsockname()[1]}"
            Home.make(tmp_path, kind="practice", root=b"genesis", bind=bind, quota_bytes=64 << 20)
            result = self.run(tmp_path)
        assert (result.exit_code, result.stderr) == (
            1,
            f"{bind} is in use by another program, so the node cannot be reached there.\n",
        )


class TestQuickness:
    def test_help_names_every_command_and_loads_none(self):
        code = (
            "import sys; from node.cli import main; sys.argv[1:] = ['--help']\n"
            "try: main()\nfinally: print(*sys.modules, file=sys.stderr)"
        )
        shown = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        loaded = set(shown.stderr.split())
        assert all(name in shown.stdout for name in COMMANDS)
        assert not loaded & {"aiohttp", "cryptography", "rich", "tuf", "PySide6", "keyring", "psutil"}

    @pytest.mark.parametrize("name", ["put", "get", "join", "status"])
    def test_the_help_of_what_people_call_often_loads_no_more_than_that(self, name: str):
        code = (
            "import sys; from node.cli import main; sys.argv[1:] = [sys.argv[1], '--help']\n"
            "try: main()\nfinally: print(*sys.modules, file=sys.stderr)"
        )
        shown = subprocess.run([sys.executable, "-c", code, name], check=True, capture_output=True, text=True)
        assert not set(shown.stderr.split()) & {"aiohttp", "asyncio", "node.api.shares", "node.supervisor", "rich"}

    def test_put_and_get_load_the_way_to_the_node_and_not_the_node(self, tmp_path: Path):
        code = (
            "import sys; from node.cli import main; sys.argv[1:] = ['put', '/dev/null', '--home', sys.argv[1]]\n"
            "try: main()\nfinally: print(*sys.modules, file=sys.stderr)"
        )
        ended = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False, capture_output=True, text=True)
        said, loaded = ended.stderr.splitlines()
        assert said == f"Perennial does not run on {tmp_path}."
        assert not set(loaded.split()) & {"node.supervisor", "node.vault.core", "cryptography", "rich", "psutil", "tuf"}

    @pytest.mark.parametrize("name", COMMANDS)
    def test_every_command_is_there_and_takes_home_and_json(self, name: str):
        command = Commands("perennial").get_command(click.Context(click.Command("perennial")), name)
        assert command is not None
        commands = [command]
        if isinstance(command, click.Group) and not command.invoke_without_command:
            commands = list(command.commands.values())
        for one in commands:
            assert "is_json" in {parameter.name for parameter in one.params}, one.name

    def test_assertions_must_stay_on(self):
        code = "from node.cli import main; main()"
        refused = subprocess.run([sys.executable, "-O", "-c", code], check=False, capture_output=True, text=True)
        assert refused.returncode == 1
        assert "python -O" in refused.stderr


class TestCtrlC:
    # Presses Ctrl+C when something is imported for the first time, or when the command has begun.
    CODE = """
import os, signal, sys
class Finder:
    def find_spec(self, name, path=None, target=None):
        if name == {name!r}:
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Finder())
from node.cli import main
sys.argv[1:] = {arguments!r}
main()
"""

    @pytest.mark.parametrize("name", ["node.cli.tray", "click", "node.cli.put", "node.api.shares.walk", "aiohttp"])
    @pytest.mark.parametrize("is_json", [False, True])
    def test_while_a_command_is_loaded_it_ends_quietly(self, tmp_path: Path, name: str, is_json: bool):
        arguments = ["put", "/dev/null", "--home", str(tmp_path), *(["--json"] if is_json else [])]
        code = self.CODE.format(name=name, arguments=arguments)
        ended = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
        assert (ended.returncode, ended.stdout, ended.stderr) == (130, "", "")

    def test_in_the_middle_of_a_question_it_ends_quietly(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
        def interrupted(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("node.api.client.Client.status", interrupted)
        result = call("status", "--home", str(tmp_path))
        assert (result.exit_code, result.stdout, result.stderr.strip()) == (130, "", "")


@pytest.mark.parametrize(
    ("text", "in_bytes"),
    [("5", 5), ("100GB", 100 * 10**9), ("1.5 TB", 1_500 * 10**9), ("64MiB", 64 << 20), ("2k", 2000), ("7 B", 7)],
)
def test_sizes_are_read_as_people_write_them(text: str, in_bytes: int):
    assert size_of(text) == in_bytes


@pytest.mark.parametrize("text", ["", "GB", "1,5GB", "-1", "1 gigabyte", "0x10", "١", "1e9"])
def test_what_is_no_size_is_refused(text: str):
    with pytest.raises(click.BadParameter):
        size_of(text)


def test_json_failures_are_valid_json(tmp_path: Path):
    assert json.loads(call("status", "--json", "--home", str(tmp_path)).stdout)["code"] == "api.not_running"


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a path is text")
def test_a_failure_that_names_a_path_which_is_no_text_is_valid_json_too(tmp_path: Path):
    odd = os.fsdecode(os.fsencode(tmp_path) + b"/b\xe4ume")
    for arguments in (("status", "--home", odd), ("put", odd, "--home", str(tmp_path)), ("doctor", "--home", odd)):
        result = call(*arguments, "--json")
        assert msgspec.json.decode(result.stdout), result.stderr
