"""The later releases that a candidate app must take in and go back from.

The vault is today's under another version, but that it ends again and again once it is the farm's own: it knows that by
the farm's vault id, which no vault of a trial has.  The app is the candidate itself with one more comment.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import node.vault
from node.pod.build import Built, build_tree
from node.pod.network import keep, party, pod_names, utc_now
from node.pod.plans import Recalling, Releasing
from node.pod.sign import begin_here
from node.practice.releases import Change, apply, copy_source
from node.trust.head import decode, encode
from node.trust.layers import APP_FOLDERS

LASTS_S: Final = 3.0  # long enough that it is in use by then, also on a slow computer
_STARTED: Final = "            await driver.wait_until_started()\n"


def next_version() -> str:
    major, minor, patch = (int(part) for part in node.vault.__version__.split("."))
    return f"{major}.{minor}.{patch + 1}"


def write_relapsing(target: Path, vault_id: bytes) -> Path:
    """Write its source for the farm with that vault id.  Blocking.

    Raises:
        PracticeError: Today's source is not what this was written for.
        OSError: It cannot be written.
    """
    copy_source(target, version=next_version(), change=None)
    relapse = (
        f'            if vault.record.certificate.vault_id.hex() == "{vault_id.hex()}":\n'
        f"                asyncio.get_running_loop().call_later({LASTS_S}, os._exit, 9)\n"
    )
    apply(target, Change("__main__.py", _STARTED, _STARTED + relapse))
    return target


@dataclass(frozen=True, slots=True)
class LaterApp:
    """A later app, and the candidate that it follows.  ``objects``: of its chunks those that the candidate lacks."""

    built: Built
    candidate: Built

    @property
    def objects(self) -> list[bytes]:
        built = self.built
        new = [content for address, content in built.objects.items() if address not in self.candidate.objects]
        return [built.manifest, *new]


def build_later(app: Path, target: Path) -> LaterApp:
    """Build the app that follows ``app``.  Blocking.

    Raises:
        PodError: The candidate cannot be released.
        OSError: It cannot be written.
    """
    candidate = build_tree(app, "0", layer="app")
    for name in APP_FOLDERS:
        if (app / name).is_dir():
            shutil.copytree(app / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    init = target / "node" / "cli" / "__init__.py"
    init.chmod(0o600)
    init.write_text(init.read_text(encoding="utf-8") + "\n# a later app\n", encoding="utf-8", newline="\n")
    return LaterApp(build_tree(target, "1", layer="app", before=(candidate,)), candidate)


def release(later: LaterApp, network_folder: Path) -> bytes:
    """Let the pods of a practice network sign it; the head.  Blocking.  Raises PodError."""
    return _signed(Releasing(later.built.release, later.built.manifest), network_folder)


def recall(later: LaterApp, network_folder: Path) -> bytes:
    """Let them recall it; the head.  Blocking.  Raises PodError."""
    return _signed(Recalling(later.built.release.name), network_folder)


def _signed(plan: Releasing | Recalling, network_folder: Path) -> bytes:
    proposal = begin_here(plan, network_folder, utc_now())
    for pod in pod_names(network_folder):
        proposal = proposal.signed_by(party(network_folder, pod))
    head = encode(proposal.head())
    keep(network_folder, decode(head))
    return head
