"""What is asked of a person can come from a pipe too, and a pipe that gives no line of text ends in one sentence."""

from __future__ import annotations

import asyncio
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from node.api.schema import PASSPHRASE_CHARACTERS_MAX
from node.cli import asking
from node.cli import run as running
from node.cli.asking import NoAnswer, ask_secret
from node.cli.tray import perennial
from node.keys import sealed
from node.supervisor.home import Home
from node.supervisor.keys import load
from tests.signed_world import World

PASSPHRASE = "correct horse battery"
NO_TEXT = b"\xff\xfe\xc3\x28 correct horse\n"

# The command as it is, but that a pipe has less time; its standard input is held open by who started it.
IMPATIENT = """
import sys
from node.cli import asking, main
asking.LINE_S_MAX = 0.2
sys.argv[1:] = {arguments!r}
main()
"""


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "MEMORY_KIB", sealed.MEMORY_KIB_MIN)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home.make(
        tmp_path / "home", kind="real", root=World().genesis, bind="127.0.9.1:0", quota_bytes=64 << 20,
        key_place="passphrase",
    )  # fmt: skip


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """The writing end of what standard input is."""
    read, write = os.pipe()
    with os.fdopen(read) as stream:
        monkeypatch.setattr(sys, "stdin", stream)
        yield write
    os.close(write)


def files_of(folder: Path) -> dict[Path, bytes]:
    """All that lies there, but for the lock, which is empty or names a process."""
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file() and path.name != "lock"}


def run(home: Home, typed: bytes = b"") -> Result:
    return CliRunner().invoke(perennial, ["run", "--home", str(home.path)], input=typed)


class TestALine:
    def test_each_question_takes_one_line_and_leaves_the_rest_to_the_next(self, pipe: int) -> None:
        os.write(pipe, "one\r\nzwölf\n".encode())

        assert [ask_secret("First", is_new=False), asking.ask("Second")] == ["one", "zwölf"]

    def test_a_line_without_an_end_is_cut_where_no_passphrase_is_so_long(self, pipe: int) -> None:
        os.write(pipe, bytes([ord("x")]) * (asking.LINE_BYTES_MAX + 9))

        assert len(ask_secret("Passphrase", is_new=False)) == asking.LINE_BYTES_MAX > PASSPHRASE_CHARACTERS_MAX

    def test_a_pipe_that_stays_silent_is_given_up(self, pipe: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(asking, "LINE_S_MAX", 0.05)

        with pytest.raises(NoAnswer, match="nothing came on standard input within 0 seconds"):
            ask_secret("Passphrase", is_new=False)
        os.write(pipe, b"\n")  # else the thread that waits would keep the pipe's end

    def test_what_is_not_utf_8_is_no_line(self, pipe: int) -> None:
        os.write(pipe, NO_TEXT)

        with pytest.raises(NoAnswer, match="not UTF-8"):
            ask_secret("Passphrase", is_new=True)

    def test_without_any_standard_input_that_is_said(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", None)

        with pytest.raises(NoAnswer, match="there is no standard input"):
            ask_secret("Passphrase", is_new=False)

    def test_a_person_at_a_terminal_may_think_as_long_as_they_like(self, monkeypatch: pytest.MonkeyPatch) -> None:
        class Terminal(io.StringIO):
            def isatty(self) -> bool:
                return True

        monkeypatch.setattr(sys, "stdin", Terminal())
        monkeypatch.setattr(asking, "LINE_S_MAX", 0.0)
        monkeypatch.setattr("click.prompt", lambda *_, confirmation_prompt, **__: f"typed {confirmation_prompt}")

        assert ask_secret("New passphrase", is_new=True) == "typed True"


class TestANodeThatNeedsAPassphrase:
    @pytest.mark.long
    def test_is_not_started_by_a_pipe_that_stays_silent(self, home: Home) -> None:
        before = files_of(home.path)
        code = IMPATIENT.format(arguments=["run", "--home", str(home.path)])
        read, write = os.pipe()
        try:
            ended = subprocess.run(
                [sys.executable, "-c", code], check=False, stdin=read, capture_output=True, text=True, timeout=60
            )
        finally:
            os.close(read)
            os.close(write)

        assert (ended.returncode, ended.stdout) == (1, "")
        [said] = ended.stderr.splitlines()
        assert "give it on standard input (nothing came on standard input within 0 seconds)." in said
        assert files_of(home.path) == before

    @pytest.mark.parametrize(("typed", "why"), [(NO_TEXT, "is not UTF-8"), (b"", "standard input is empty")])
    def test_is_not_started_by_bytes_that_are_no_text(self, home: Home, typed: bytes, why: str) -> None:
        before = files_of(home.path)

        said = run(home, typed=typed)

        assert (said.exit_code, said.stderr.count("\n"), why in said.stderr) == (1, 1, True)
        assert files_of(home.path) == before

    def test_says_to_programs_which_passphrase_it_wants(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(running, "_log_to", lambda _: None)

        def code(typed: bytes) -> str:
            said = CliRunner().invoke(perennial, ["run", "--json", "--home", str(home.path)], input=typed)
            return str(json.loads(said.stdout)["code"])

        assert [code(b""), code(b"short\n")] == ["key.new_passphrase"] * 2
        asyncio.run(load(home, os.urandom, passphrase=PASSPHRASE))
        assert [code(b""), code(b"another one altogether\n")] == ["key.passphrase"] * 2

    def test_keeps_nobody_from_the_home_while_it_waits_for_an_answer(
        self, home: Home, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def think(_prompt: str, *, is_new: bool) -> str:
            assert is_new
            with home.lock():
                raise NoAnswer("a person went away")

        monkeypatch.setattr(running, "ask_secret", think)

        assert "a person went away" in run(home).stderr

    def test_asks_nothing_while_another_one_runs_there(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(running, "ask_secret", nobody_asks)

        with home.lock():
            assert "already runs" in run(home).stderr

    def test_takes_fingerprint_and_passphrase_from_one_pipe(
        self, home: Home, tmp_path: Path, pipe: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        given: list[str] = []

        async def start(_home: Home, _lock: Any, load: Any, *_: Any) -> None:
            given.append(load.keywords["passphrase"])

        monkeypatch.setattr(running, "_run", start)
        monkeypatch.setattr(running, "_log_to", lambda _: None)
        (tmp_path / "root.json").write_bytes(home.root)
        os.write(pipe, f"{home.marker.network}\n{PASSPHRASE}\n".encode())

        words = ["--home", str(home.path), "--network", str(tmp_path / "root.json")]
        running.run.main(words, standalone_mode=False)

        assert given == [PASSPHRASE]

    def test_hears_that_its_key_is_lost_before_it_is_asked_for_anything(
        self, home: Home, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(running, "ask_secret", nobody_asks)
        asyncio.run(load(home, os.urandom, passphrase=PASSPHRASE)).new_run(1_800_000_000.0)
        (home.state / "vault_id.sealed").unlink()
        before = files_of(home.path)

        said = run(home)

        assert (said.exit_code, "is gone" in said.stderr, files_of(home.path) == before) == (1, True, True)

    def test_a_wrong_passphrase_is_said_and_changes_nothing(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(running, "_log_to", lambda _: None)
        asyncio.run(load(home, os.urandom, passphrase=PASSPHRASE))
        before = files_of(home.path)

        said = run(home, typed=b"another one altogether\n")

        assert (said.exit_code, said.stderr.count("\n")) == (1, 1)
        assert "the passphrase does not open the key" in said.stderr
        assert files_of(home.path) == before


@pytest.mark.parametrize(
    ("typed", "why"),
    [
        (NO_TEXT, "standard input is not UTF-8"),
        (b"", "standard input is empty"),
        (b"short\n", "has 12 to"),
    ],
)
def test_no_pods_key_is_made_behind_it_either(tmp_path: Path, typed: bytes, why: str) -> None:
    words = ["pod", "keygen", "ash", "--file", str(tmp_path / "ash.key")]

    said = CliRunner().invoke(perennial, words, input=typed)

    assert (said.exit_code, why in said.stderr, list(tmp_path.iterdir())) == (1, True, [])


def nobody_asks(*_: object, **__: object) -> str:
    raise AssertionError("somebody was asked")
