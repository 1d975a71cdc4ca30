"""What is asked of macOS: the text of the profile, and when a child is started in it.  No Mac has read it."""

import os
import subprocess
from typing import Any

import pytest

from node.sandbox import macos
from node.sandbox.report import UNTRIED, Facts, SandboxReport, rate
from node.sandbox.spec import ENVIRONMENT

GRANTS = {
    "read": ["/slots/a", "/data"],
    "list": ["/packages"],
    "run": ["/python"],
    "device": ["/dev/null"],
    "write": ["/data/incoming"],
    "keep": ["/data/chunks"],
}


def rules(*, udp: bool = True, tcp: bool = False, **changes: list[str]) -> list[str]:
    """The rules of a profile, each in one line."""
    text = macos.profile(GRANTS | changes, udp=udp, tcp=tcp)
    assert is_balanced(text)
    return [" ".join(f"({rule}".split()) for rule in text.split("\n(")]


def is_balanced(text: str) -> bool:
    """Whether every bracket outside of strings is closed, and every string ends."""
    depth, is_quoted, position = 0, False, 0
    while position < len(text):
        character = text[position]
        position += 1 + (is_quoted and character == "\\")
        is_quoted ^= character == '"'
        depth += 0 if is_quoted else {"(": 1, ")": -1}.get(character, 0)
        if depth < 0:
            return False
    return depth == 0 and not is_quoted


def allowed(operation: str, **changes: Any) -> list[str]:
    return [rule for rule in rules(**changes) if rule.startswith(f"(allow {operation}")]


def test_everything_is_denied_first() -> None:
    assert rules()[1] == "(deny default)"


def test_only_incoming_can_be_written_to_and_chunks_only_filled_and_emptied() -> None:
    assert allowed("file-write-data") == [
        '(allow file-write-data (literal "/dev/null"))',
        '(allow file-write-data (subpath "/data/incoming"))',
    ]
    assert [rule for rule in allowed("file-write") if "chunks" in rule] == [
        '(allow file-write-create (require-all (subpath "/data/chunks") (vnode-type REGULAR-FILE)))',
        '(allow file-write-unlink (subpath "/data/chunks"))',
    ]
    assert not any("file-write*" in rule for rule in rules())


def test_only_the_interpreter_can_be_executed_and_no_process_forked() -> None:
    assert allowed("process") == ['(allow process-exec (literal "/python"))']
    denied = rules()
    assert denied.index("(deny process-exec*)") < denied.index('(allow process-exec (literal "/python"))')
    assert "(deny process-fork)" in denied


def test_nobody_else_is_signalled_and_no_keeper_of_keys_is_asked() -> None:
    found = rules()
    assert allowed("signal") == ["(allow signal (target self))"]
    assert allowed("mach") == []
    # What is imported allows some services; the last rule that fits decides.
    refusal = next(rule for rule in found if rule.startswith("(deny mach-lookup"))
    assert '(global-name "com.apple.SecurityServer")' in refusal
    assert found.index(refusal) > found.index('(import "system.sb")')


@pytest.mark.parametrize(("udp", "tcp"), [(True, False), (False, True), (False, False), (True, True)])
def test_there_is_the_network_that_a_release_declares_and_nobody_can_connect(udp: bool, tcp: bool) -> None:
    found = allowed("network", udp=udp, tcp=tcp)
    assert any("udp" in rule for rule in found) == udp
    assert any("tcp" in rule for rule in found) == tcp
    assert [rule for rule in found if "tcp" in rule] == ['(allow network-outbound (remote tcp "*:*"))'] * tcp
    assert "(deny network*)" in rules(udp=udp, tcp=tcp)


@pytest.mark.parametrize("path", ['/a" (subpath "/', "/a\\", '/a\\"b', "/with (brackets", "/ünïcode"])
def test_no_path_can_add_a_rule(path: str) -> None:
    plain = rules(read=["/plain"])
    assert len(rules(read=[path])) == len(plain)


ORDER: dict[str, Any] = {
    "grants": GRANTS,
    "folders": ["/data/incoming", "/data/chunks"],
    "command": ["/python", "-c", "pass"],
    "environment": ENVIRONMENT,
    "modules": ("msgspec",),
    "memory_bytes": 1 << 30,
    "file_bytes": 1 << 40,
    "open_files": 1 << 20,
    "udp": True,
    "tcp": False,
}


def contained(monkeypatch: pytest.MonkeyPatch, **outcome: Any) -> tuple[SandboxReport, list[str], list[str]]:
    """The report, the child's command and the rehearsal's, if the rehearsal ends like that."""
    asked: list[str] = []

    def run(command: list[str], **_: Any) -> subprocess.CompletedProcess[bytes]:
        asked.extend(command)
        if "error" in outcome:
            raise outcome["error"]
        return subprocess.CompletedProcess(command, outcome["code"], b"", outcome.get("words", b""))

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setattr(macos, "limit_resources", lambda **_: None)
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    facts, command = macos.contain(ORDER)
    return rate(Facts(**facts)), command, asked


def test_after_a_good_rehearsal_the_child_starts_in_the_very_profile_that_was_rehearsed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    report, command, asked = contained(monkeypatch, code=0)
    assert command[:2] == asked[:2] == [macos.SANDBOX_EXEC, "-p"]
    assert command[2] == asked[2]
    assert command[3:] == ORDER["command"]
    assert (report.level, report.files, report.signals, report.tcp) == ("partial", True, True, True)


@pytest.mark.parametrize(
    "outcome",
    [
        {"code": 65, "words": b"sandbox-exec: no such operation\n"},
        {"code": 1, "words": b"the profile holds nothing back\n"},
        {"error": FileNotFoundError("no sandbox-exec")},
        {"error": subprocess.TimeoutExpired("sandbox-exec", 15)},
    ],
)
def test_after_a_bad_one_the_child_starts_uncontained_and_the_report_says_why(
    monkeypatch: pytest.MonkeyPatch, outcome: dict[str, Any]
) -> None:
    report, command, _ = contained(monkeypatch, **outcome)
    assert command == ORDER["command"]
    assert report.level == "none"
    assert (report.files, report.tcp, report.signals) == (False, False, False)
    assert "sandbox-exec: " in report.reasons[-1]


def test_whatever_is_in_force_it_is_said_that_nobody_tried_it(monkeypatch: pytest.MonkeyPatch) -> None:
    report, _, _ = contained(monkeypatch, code=0)
    assert not report.is_tried
    assert report.reasons[0] == UNTRIED
    assert report.memory_bytes is None


def test_the_rehearsal_is_a_program() -> None:
    compile(macos.REHEARSAL + macos.BIND, "rehearsal", "exec")
