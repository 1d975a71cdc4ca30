"""Everything that decides whether a change lands: what `python3 installers/test.py` does.

Without options pytest runs once for each group of tests: most of them, two at a time, then those of the window, then
those that need the whole machine.  Tests marked ``long`` are left out of that; ``--long`` runs them too, for as long as
they take.
"""

import contextlib
import os
import re
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from installers import debian
from installers.environment import Environment, SetupError, clean_environ, say

ROOT = Path(__file__).resolve().parent.parent
# Tests of whole networks, and of how soon something is noticed: another test beside them would take their time.
ONE_AT_A_TIME = (
    "tests/desktop",  # first, and practice next: both look at one practice network, which takes its time
    *(
        f"tests/integration/test_{name}.py"
        for name in ("practice", "candidates", "halt", "kill", "signs_of_life", "staying")
    ),
)
# A process that has once shown a window goes on to hand out its events after every later test.
WINDOW = "tests/gui"
TWO_AT_A_TIME = ("-n", "2", "--dist", "loadfile")
SIDE_BY_SIDE = (*TWO_AT_A_TIME, *(f"--ignore={tests}" for tests in (*ONE_AT_A_TIME, WINDOW)))
TEST_GROUPS = (SIDE_BY_SIDE, (*TWO_AT_A_TIME, WINDOW), ONE_AT_A_TIME)
LONG = "--long"
NOT_LONG = ("-m", "not long")
TOTAL_S_MAX = 880  # a change is judged within 15 minutes, with PYTEST_GRACE_S
LONG_S_MAX = 7200
PYTEST_S_MIN = 60  # what pytest gets even when everything before was slow
PYTEST_GRACE_S = 20  # it ends by itself after the test in which its time ran out
READER_S_MAX = 2
# Groups of Debian packages without which some tests are left out.
OPTIONAL = {
    ("x11", "desktop"): "The app is not tried on a desktop",
    ("routers",): "No home is tried behind a router",
}
TIMED_OUT = 124  # as the command timeout says it
TAIL_BYTES = 4096  # pytest's closing line is at most one terminal line
COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True, slots=True)
class Outcome:
    name: str
    exit_code: int
    closing_line: str = ""


def main(arguments: list[str]) -> int:
    """Run every check; return 0 only when all of them passed."""
    if arguments[:1] in (["-h"], ["--help"]):
        print(
            "usage: python3 installers/test.py [--long | OPTIONS OF pytest]\n\n"
            "Sets .venv up, then runs ruff, mypy and pytest. --long: also the tests that take long."
        )
        return 0
    begun_s = time.monotonic()
    environment = Environment(ROOT)
    try:
        prepare(environment)
        outcomes = [run_static_check(environment, name, command) for name, command in STATIC_CHECKS]
        total_s_max = LONG_S_MAX if arguments == [LONG] else TOTAL_S_MAX
        for given in pytest_arguments(arguments):
            left_s = max(total_s_max - (time.monotonic() - begun_s), PYTEST_S_MIN)
            outcomes.append(run_pytest(environment, given, left_s))
    except (SetupError, OSError) as error:
        say(f"FAILED: the tests cannot run: {error}")
        return 1
    except KeyboardInterrupt:
        say("FAILED: interrupted")
        return 130
    print(closing_line(outcomes, time.monotonic() - begun_s), flush=True)
    return 0 if all(outcome.exit_code == 0 for outcome in outcomes) else 1


def pytest_arguments(arguments: list[str]) -> list[list[str]]:
    """What pytest is given, each time that it runs."""
    if arguments == [LONG]:
        return [list(group) for group in TEST_GROUPS]
    return [arguments] if arguments else [[*NOT_LONG, *group] for group in TEST_GROUPS]


STATIC_CHECKS = (
    ("ruff check", ["ruff", "check", "."]),
    ("ruff format", ["ruff", "format", "--check", "."]),
    ("mypy", ["mypy"]),  # strict, and on which packages: pyproject.toml
)


def prepare(environment: Environment) -> None:
    missing = debian.provide(("environment", "window", "test"))
    if missing:
        raise SetupError(debian.advice(missing))
    for groups, left_out in OPTIONAL.items():
        if missing := debian.provide(groups):
            if os.environ.get("CI") == "true":
                raise SetupError(debian.advice(missing))
            say(f"{left_out}: {debian.advice(missing)}")
    environment.prepare("test")


def offscreen_environ() -> dict[str, str]:
    """Return the environment of the checks: no screen, whatever this machine has."""
    environ = {**clean_environ(), "QT_QPA_PLATFORM": "offscreen"}
    return {name: value for name, value in environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY"}}


def run_static_check(environment: Environment, name: str, command: list[str]) -> Outcome:
    print(f"== {name}", flush=True)
    words = [str(environment.program(command[0])), *command[1:]]
    try:
        done = subprocess.run(
            words, cwd=ROOT, env=offscreen_environ(), stdin=subprocess.DEVNULL, timeout=TOTAL_S_MAX, check=False
        )
    except subprocess.TimeoutExpired:
        return Outcome(name, TIMED_OUT)
    return Outcome(name, done.returncode)


def run_pytest(environment: Environment, arguments: list[str], left_s: float) -> Outcome:
    print("== pytest", flush=True)
    colour = "--color=yes" if is_colourful() else "--color=no"
    options = ["-p", "no:cacheprovider", f"--session-timeout={left_s:.0f}", colour]
    given = arguments[1:] if arguments[:1] == ["--"] else arguments
    command = [str(environment.program("python")), "-m", "pytest", *options, *given]
    exit_code, closing_line = pass_through(command, left_s + PYTEST_GRACE_S)
    return Outcome("pytest", exit_code, closing_line)


def pass_through(command: list[str], timeout_s: float) -> tuple[int, str]:
    """Run the command, pass its output on as it comes; return its exit code and its last line."""
    tail = bytearray()
    with subprocess.Popen(
        command, cwd=ROOT, env=offscreen_environ(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE
    ) as child:
        assert child.stdout is not None
        # In a thread: a process that a test left behind may hold the pipe open when pytest has long ended.
        reader = threading.Thread(target=pass_on, args=(child.stdout.fileno(), tail), daemon=True)
        reader.start()
        try:
            exit_code = child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            child.kill()
            exit_code = TIMED_OUT
        reader.join(READER_S_MAX)
    lines = COLOURS.sub("", tail.decode(errors="replace")).strip().splitlines()
    return exit_code, lines[-1].strip("= ") if lines else ""


def pass_on(descriptor: int, tail: bytearray) -> None:
    with contextlib.suppress(OSError):  # closed, because nobody waits for what may still come
        while piece := os.read(descriptor, TAIL_BYTES):
            sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()
            tail += piece
            del tail[:-TAIL_BYTES]


def is_colourful() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ


def closing_line(outcomes: list[Outcome], took_s: float) -> str:
    failed = [outcome.name for outcome in outcomes if outcome.exit_code != 0]
    verdict = f"FAILED: {', '.join(failed)}" if failed else f"PASSED: {', '.join(o.name for o in outcomes)}"
    said = "; ".join(outcome.closing_line for outcome in outcomes if outcome.closing_line)
    return f"== {verdict} ({said}; {took_s:.0f} s in all)"
