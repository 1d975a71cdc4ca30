"""Small children for the tests of the sandbox: real processes from a real slot, a few lines in place of the vault."""

from __future__ import annotations

import shutil
from pathlib import Path

from node.sandbox.spec import SandboxSpec

ROOT = Path(__file__).parents[2]
NEEDED = ("control.py", "errors.py", "core/identity.py")

# What every stand-in begins with: the child's end of the channel, without any care.
PRELUDE = '''
import os, sys
import msgspec
from node.vault import control

def read():
    """The content of the next frame, or None at the end."""
    head = os.read(0, control.LENGTH_BYTES)
    if not head:
        return None
    content, length = b"", int.from_bytes(head, "big")
    while len(content) < length:
        content += os.read(0, length - len(content))
    return content

def order():
    content = read()
    return None if content is None else control.decode_order(content)

def raw(content):
    while content:
        content = content[os.write(1, content):]

def say(report):
    raw(control.encode(report))

def hello():
    say(control.Hello((1,), (1,), "ab" * 32))
    return order()
'''


def make_slot(folder: Path, body: str, *, package: str = "vault") -> Path:
    """A slot in ``folder`` whose ``node.<package>`` runs ``body`` after the prelude."""
    vault = folder / "node" / "vault"
    (vault / "core").mkdir(parents=True)
    main = folder / "node" / package / "__main__.py"
    main.parent.mkdir(exist_ok=True)
    for package_folder in {vault.parent, vault, vault / "core", main.parent}:
        (package_folder / "__init__.py").touch()
    for name in NEEDED:
        shutil.copyfile(ROOT / "node" / "vault" / name, vault / name)
    main.write_text(PRELUDE + body, encoding="utf-8")
    return folder


def make_spec(folder: Path, body: str, *, package: str = "vault") -> SandboxSpec:
    """All that a stand-in needs, below ``folder``."""
    data = folder / "data"
    data.mkdir(parents=True)
    return SandboxSpec(
        slot=make_slot(folder / "slot", body, package=package),
        data=data,
        module=f"node.{package}",
    )
