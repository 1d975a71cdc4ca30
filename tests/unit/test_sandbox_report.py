"""What is said of a sandbox must be no better than what holds."""

import contextlib
import json
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.sandbox.errors import ChildError
from node.sandbox.report import Facts, Outcome, SandboxReport, confront, rate, read_report, uncontained

ALL = Facts(
    landlock_abi=7,
    files=True,
    scopes=True,
    tcp=True,
    udp=False,
    seccomp=True,
    memory_bytes=1 << 30,
    is_root=False,
    has_capabilities=False,
    is_tried=True,
    missing=(),
)


def but(**changes: Any) -> SandboxReport:
    return rate(msgspec.structs.replace(ALL, **changes))


def test_everything_in_force_as_an_ordinary_user_is_full() -> None:
    assert rate(ALL).level == "full"
    assert rate(ALL).reasons == ()


def test_an_old_landlock_is_full_where_the_filter_closes_its_holes() -> None:
    assert but(landlock_abi=2, scopes=False).level == "full"


@pytest.mark.parametrize(
    "changes",
    [
        {"files": False, "landlock_abi": 1, "scopes": False},
        {"seccomp": False, "missing": ("seccomp: no",)},
        {"memory_bytes": None, "missing": ("memory limit: no",)},
        {"is_root": True},
        {"has_capabilities": True, "missing": ("capabilities: no",)},
        {"is_tried": False},
    ],
)
def test_anything_lacking_is_partial_and_has_a_reason(changes: dict[str, Any]) -> None:
    report = but(**changes)
    assert report.level == "partial"
    assert report.reasons


def test_nothing_in_force_is_none() -> None:
    nothing = but(files=False, scopes=False, tcp=False, udp=False, seccomp=False, memory_bytes=None, landlock_abi=0)
    assert nothing.level == "none"
    assert not nothing.signals


def test_udp_is_never_claimed() -> None:
    assert rate(ALL).udp is False


def test_a_system_without_a_sandbox_says_so() -> None:
    assert uncontained().level == "none"
    assert uncontained().reasons


def test_the_launchers_line_is_read() -> None:
    assert read_report(json.dumps(msgspec.to_builtins(ALL)).encode() + b"\n") == rate(ALL)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b'{"error": "no such folder"}\n', "no such folder"),
        (b"Traceback (most recent call last):\n", "Traceback"),
        (b"\xff\xfe\n", "xff"),
        (b"", "nothing"),
        (b'{"landlock_abi": 7}\n', "landlock_abi"),
    ],
)
def test_any_other_line_is_a_failure_that_names_its_cause(line: bytes, words: str) -> None:
    with pytest.raises(ChildError, match=words):
        read_report(line)


@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_whatever_the_line_it_is_a_report_or_a_failure(line: bytes) -> None:
    with contextlib.suppress(ChildError):
        assert read_report(line).level in ("full", "partial", "none")


def outcome(kind: str, *, is_allowed: bool, name: str = "try") -> Outcome:
    return msgspec.convert(
        {"kind": kind, "name": name, "is_allowed": is_allowed, "detail": ""},
        Outcome,
    )


def test_a_self_test_as_wanted_changes_nothing() -> None:
    outcomes = [outcome("work", is_allowed=True), outcome("files", is_allowed=False)]
    assert confront(rate(ALL), outcomes) == rate(ALL)


@pytest.mark.parametrize(
    ("kind", "field"), [("files", "files"), ("others", "signals"), ("kernel", "seccomp"), ("tcp", "tcp")]
)
def test_a_successful_break_out_takes_the_claim_back(kind: str, field: str) -> None:
    report = confront(rate(ALL), [outcome(kind, is_allowed=True, name="steal")])
    assert getattr(report, field) is False
    assert report.level == "partial"
    assert "steal" in report.reasons[-1]


def test_a_memory_limit_that_does_not_hold_is_taken_back() -> None:
    assert confront(rate(ALL), [outcome("memory", is_allowed=True)]).memory_bytes is None


def test_a_sandbox_in_which_a_vault_cannot_work_is_not_full() -> None:
    report = confront(rate(ALL), [outcome("work", is_allowed=False, name="send")])
    assert report.level == "partial"
    assert "could not: send" in report.reasons[-1]


def test_a_self_test_that_breaks_everything_leaves_none() -> None:
    kinds = ("files", "others", "kernel", "tcp", "memory")
    assert confront(rate(ALL), [outcome(kind, is_allowed=True) for kind in kinds]).level == "none"
