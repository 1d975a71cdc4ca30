"""``perennial pod keygen`` and ``show``: a pod's or founder's own key, and the public part that it hands over."""

from __future__ import annotations

import os
from pathlib import Path

import click
import msgspec

from node.cli.pod_shared import FOLDER, answer, as_json, new_passphrase, passphrase, stating_failures
from node.pod import keys
from node.pod.files import check_is_new, pretty, write_new
from node.pod.invitation import Invitation


@click.command()
@click.argument("name")
@click.option("--file", "file", type=FOLDER, help="Keep the key in this new file, behind a passphrase.")
@as_json
def keygen(name: str, file: Path | None, is_json: bool) -> None:
    """Make the key of the pod or founder NAME, here and now, and keep it in the keyring of this system.

    Nobody else ever needs it, and no copy of it is made. At a terminal the passphrase is asked for twice; elsewhere
    it is the first line of standard input.
    """
    with stating_failures(is_json=is_json):
        if file is None:
            party = keys.make_in_keyring(name, os.urandom)
        else:
            keys.check_name(name)
            check_is_new(file)  # before somebody invents a passphrase for nothing
            party = keys.make_in_file(file, name, new_passphrase(), os.urandom)
        invitation = Invitation.of(party)
    place = f"in {file}, behind your passphrase" if file else "in the keyring of this system"
    answer(
        is_json,
        {"name": name, "file": str(file) if file else None, "fingerprint": invitation.fingerprint},
        f"Made a new key of {name}; it is kept {place}.",
        f"Fingerprint: {invitation.fingerprint}",
        "If it is lost, the other pods can let a new key take its place; if it is stolen, tell them at once.",
    )


@click.command()
@click.argument("key")
@click.option("--out", type=FOLDER, help="Write the invitation into this new file.")
@as_json
def show(key: str, out: Path | None, is_json: bool) -> None:
    """Show the public part of KEY: a key file, or the name of a key in the keyring.

    With --out it is written as an invitation, which is what the others need of you.
    """
    with stating_failures(is_json=is_json):
        invitation = Invitation.of(keys.load(key, passphrase, for_practice=False))
        if out is not None:
            write_new(out, pretty(invitation))
    answer(
        is_json,
        {"invitation": msgspec.to_builtins(invitation), "fingerprint": invitation.fingerprint},
        f"The key of {invitation.name}.",
        f"Fingerprint: {invitation.fingerprint}",
        f"Its public part is in {out}: hand it over, and say the fingerprint by voice."
        if out
        else "With --out FILE its public part is written as an invitation for the others.",
    )
