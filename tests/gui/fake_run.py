"""Stands in for ``perennial run``: writes down what it was given, and starts or refuses as the test has arranged.

    python -m tests.gui.fake_run --home HOME ...

Beside HOME lie what it was given (``given``, a line of JSON each time), the failure that it shall state (``refusal``)
and the passphrase without which it does not start (``passphrase``).
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import msgspec

from node.api.schema import Examination, Finding, FindingResult

FREE_BYTES = 670 * 10**9
NO_KEYRING = "This system offers no keyring that encrypts."


def fake_run(home: Path) -> tuple[str, ...]:
    return (sys.executable, "-m", "tests.gui.fake_run", "--home", str(home))


def given(home: Path) -> list[dict[str, Any]]:
    """What it was given, each time that it was started."""
    path = home.parent / "given"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def examination(
    *, has_network: bool = True, has_keyring: bool = True, home: FindingResult = "lacking", free_bytes: int = FREE_BYTES
) -> Examination:
    """What the doctor finds."""
    keyring = Finding("keyring", "ok" if has_keyring else "lacking", "It answers." if has_keyring else NO_KEYRING)
    found = (keyring, Finding("home", home, "There is no home yet." if home == "lacking" else "It is no home."))
    return Examination("It works.", found, free_bytes, has_network)


def fake_doctor(found: Examination) -> tuple[str, ...]:
    return (sys.executable, "-c", f"print({msgspec.json.encode(found).decode()!r})")


def state(code: str, message: str) -> None:
    print(json.dumps({"code": code, "message": message}))
    sys.exit(1)


async def run(home: Path) -> None:
    line = sys.stdin.readline().rstrip("\n")
    with (home.parent / "given").open("a") as file:
        file.write(json.dumps({"words": sys.argv[3:], "line": line}) + "\n")
    refusal, passphrase = home.parent / "refusal", home.parent / "passphrase"
    if refusal.exists():
        state("home", refusal.read_text())
    if passphrase.exists() and passphrase.read_text() != line:
        state("key.passphrase", "The key of this home lies behind a passphrase.")
    from tests.gui.fake_node import FakeNode  # slow to load, not needed to refuse
    from tests.gui.samples import live, real

    node = FakeNode(home)
    node.say(live(real()))
    await node.start()
    print(json.dumps({"home": str(home), "pid": 1, "status": {}}), flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(run(Path(sys.argv[2])))
