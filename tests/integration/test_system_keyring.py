"""Keys in a real keyring of a desktop, unlocked, locked and gone, on a bus of its own."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from node.supervisor import keys
from node.supervisor.errors import KeyUnavailable
from node.supervisor.home import Home

TIMEOUT_S = 60.0
PROGRAMS = ("dbus-run-session", "gnome-keyring-daemon")
MISSING = [program for program in PROGRAMS if shutil.which(program) is None]

pytestmark = pytest.mark.skipif(
    bool(MISSING) or sys.platform != "linux", reason=f"not installed: {', '.join(MISSING)} (or this is no Linux)"
)


def run(tmp_path: Path, *command: str) -> str:
    """What the command prints, on a new session bus, with a new home folder and without a screen."""
    runtime = tmp_path / "runtime"
    runtime.mkdir(mode=0o700, exist_ok=True)
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(sys.path),
        "HOME": str(tmp_path),
        "XDG_RUNTIME_DIR": str(runtime),
        "PYTHONIOENCODING": "utf-8",
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.long
def test_a_key_lies_in_the_keyring_alone_and_is_neither_had_nor_replaced_when_that_is_locked_or_gone(
    tmp_path: Path,
) -> None:
    lines = run(tmp_path, "dbus-run-session", "--", sys.executable, "-m", __name__, str(tmp_path)).splitlines()

    assert lines == [
        "made, found again, and another one for another home",
        "found after the home was moved",
        *("locked: The keyring of this system refused: Failed to unlock the collection.",) * 2,
        "gone: refused, refused",
        "what runs goes on signing",
    ]


def test_without_a_bus_there_is_no_keyring_and_nothing_else_is_taken_instead(tmp_path: Path) -> None:
    assert run(tmp_path, sys.executable, "-m", __name__, str(tmp_path), "no bus").splitlines() == [
        "This system offers no keyring that encrypts, so the private key cannot be kept.",
    ]


def story(folder: Path) -> None:
    """What happens on the bus; it prints what it finds."""
    import secretstorage

    daemon = subprocess.Popen(
        ["gnome-keyring-daemon", "--foreground", "--unlock", "--components=secrets"],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert daemon.stdin is not None
    daemon.stdin.write(b"a password of this test")
    daemon.stdin.close()
    wait_for_keyring()
    one, other = made(folder / "one"), made(folder / "other")
    kept = load(one)
    assert load(one).vault_id == kept.vault_id != load(other).vault_id
    assert not holds_key(folder, kept)
    print("made, found again, and another one for another home")

    kept.new_run(time.time())  # from now on a lost key would be missed
    shutil.copytree(one.path, folder / "moved")
    moved = Home.open(folder / "moved")
    assert load(moved).vault_id == kept.vault_id
    print("found after the home was moved")

    secretstorage.get_default_collection(secretstorage.dbus_init()).lock()
    third = made(folder / "third")
    for home in (moved, third):
        print(f"locked: {refusal(home)}")

    daemon.send_signal(signal.SIGKILL)
    daemon.wait()
    print(f"gone: {', '.join('refused' for home in (moved, third) if refusal(home))}")
    assert not [*third.state.glob("vault_id*")]
    assert kept.new_run(time.time()).certificate
    print("what runs goes on signing")


def wait_for_keyring() -> None:
    """Until the daemon owns its name: whoever asks before makes the bus start another one, which stays locked."""
    ask = [
        "dbus-send",
        "--session",
        "--print-reply",
        "--dest=org.freedesktop.DBus",
        "/",
        "org.freedesktop.DBus.NameHasOwner",
    ]
    for _ in range(200):
        done = subprocess.run([*ask, "string:org.freedesktop.secrets"], capture_output=True, text=True, check=False)
        if "true" in done.stdout:
            return
        time.sleep(0.05)
    raise AssertionError("the keyring did not come up")


def made(folder: Path) -> Home:
    return Home.make(folder, kind="real", root=b"genesis", bind="127.0.1.1:0", quota_bytes=64 << 20)


def load(home: Home) -> keys.Keys:
    return asyncio.run(keys.load(home, os.urandom))


def refusal(home: Home) -> str:
    """Why the home's key cannot be had."""
    try:
        load(home)
    except KeyUnavailable as error:
        return str(error)
    return ""


def holds_key(folder: Path, kept: keys.Keys) -> bool:
    """Whether any file of the folder holds the key, as it is or as text."""
    seed = kept._signer._key.private_bytes_raw()
    written = (seed, base64.b64encode(seed), seed.hex().encode())
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    return any(form in content for form in written for content in files)


if __name__ == "__main__":
    if len(sys.argv) > 2:
        print(refusal(made(Path(sys.argv[1]) / "home")))
    else:
        story(Path(sys.argv[1]))
