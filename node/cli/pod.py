"""``perennial pod``: what the developers of a network do.  Every command says in plain words what it did."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from node.cli.common import PATH, ask_node, fail, print_json, say, shared_options
from node.pod import build as building
from node.pod import network as networks
from node.pod import publish as publishing
from node.pod import sign as signing
from node.pod.errors import PodError
from node.trust.chain import Chain
from node.trust.errors import TrustError
from node.trust.policy import high_threshold, majority

SHOWN_MAX: Final = 10  # differing files named in a sentence
FOLDER: Final = PATH

T = TypeVar("T")
in_network = click.option("--network", "network", type=FOLDER, required=True, help="Folder of the network.")


def as_json(command: Callable[..., T]) -> Callable[..., T]:
    """Give a command ``is_json``.  It takes --home like all others, and needs no home."""

    @shared_options
    @functools.wraps(command)
    def without_home(home: Path, **others: Any) -> T:
        del home
        return command(**others)

    return without_home


@click.group()
def pod() -> None:
    """Found a network; build, sign and publish releases."""


@pod.command("init-network")
@click.argument("folder", type=FOLDER)
@click.option("--pods", type=int, default=5, show_default=True, help="Groups of developers, one key each.")
@click.option("--foundation", type=int, default=3, show_default=True, help="Founders, one key each; 0 for none.")
@as_json
def init_network(folder: Path, pods: int, foundation: int, is_json: bool) -> None:
    """Make the keys, the genesis root and the first metadata of a new network in FOLDER."""
    with _stating_failures(is_json=is_json):
        networks.found(folder, pods, foundation)
        names, members = networks.pod_names(folder), networks.founder_names(folder)
        fingerprint = Chain.start(networks.genesis(folder)).network.hex()
    need = {"root, targets, app": high_threshold(pods), "snapshot, vault": majority(pods), "timestamp": 1}
    _say(
        is_json,
        {"network": fingerprint, "pods": names, "founders": members, "signatures_needed": need},
        f"Founded the network {fingerprint[:16]}… in {folder}.",
        f"Pods: {', '.join(names)}. Founders: {', '.join(members) or 'none'}.",
        f"{majority(pods)} pods must sign a vault release, {high_threshold(pods)} an app release.",
        f"Each key lies in a file of its own below {folder}; give every pod its own and keep no second copy.",
    )


@pod.command()
@click.argument("file", type=FOLDER)
@click.option("--name", required=True, help="Whose key it is.")
@as_json
def keygen(file: Path, name: str, is_json: bool) -> None:
    """Make a new Ed25519 key in the new file FILE, readable by you only."""
    with _stating_failures(is_json=is_json):
        public = networks.make_key(file, name)
    _say(is_json, {"file": str(file), "public": public}, f"Wrote a new key of {name} to {file}.", f"Public: {public}")


@pod.command()
@click.argument("source", type=FOLDER)
@click.option("--out", type=FOLDER, required=True, help="New folder for the release.")
@click.option("--version", required=True, help="What the release is called, for example 0.1.1.")
@click.option("--notes", default="", help="What changed, for people.")
@click.option("--by", type=click.Choice(["pods", "foundation"]), default="pods", show_default=True)
@as_json
def build(source: Path, out: Path, version: str, notes: str, by: str, is_json: bool) -> None:
    """Build a release of the vault layer from SOURCE: a checkout, or a folder that holds what node/vault holds."""
    with _stating_failures(is_json=is_json):
        built = building.build(source, out, version, notes, role="foundation" if by == "foundation" else "vault")
    size = sum(map(len, built.objects.values()))
    _say(
        is_json,
        {
            "release": built.release.name,
            "tree": built.release.tree,
            "manifest": built.release.manifest,
            "objects": len(built.objects),
            "bytes": size,
        },
        f"Built {built.release.name} in {out}: {len(built.objects)} objects, {size:,} bytes.",
        f"Tree hash: {built.release.tree}",
        "Nobody has signed it yet.",
    )


@pod.command()
@click.argument("release", type=FOLDER)
@in_network
@click.option("--pod", "name", required=True, help="Who signs.")
@as_json
def sign(release: Path, network: Path, name: str, is_json: bool) -> None:
    """Add the signatures of one pod, or founder, to the built RELEASE."""
    with _stating_failures(is_json=is_json):
        signed = signing.sign(release, network, name)
    if signed.is_complete:
        how_far = "It can be published."
    elif len(signed.signers) < signed.need:
        how_far = f"{signed.need - len(signed.signers)} more must sign before it can be published."
    else:
        how_far = f"{signed.snapshot_need - len(signed.snapshot_signers)} more pods must sign the snapshot."
    _say(
        is_json,
        {
            "release": signed.release,
            "signers": signed.signers,
            "needed": signed.need,
            "snapshot_signers": signed.snapshot_signers,
            "snapshot_needed": signed.snapshot_need,
            "is_complete": signed.is_complete,
        },
        f"{name} signed {signed.release}; signed so far by {', '.join(signed.signers) or 'no one who releases it'}.",
        how_far,
    )


@pod.command()
@click.argument("release", type=FOLDER)
@in_network
@shared_options
def publish(release: Path, network: Path, home: Path, is_json: bool) -> None:
    """Hand the signed RELEASE to a running node, which stores it in the network and tells its peers."""
    with _stating_failures(is_json=is_json):
        done = ask_node(home, lambda node: publishing.publish(release, network, node), is_json=is_json)
    _say(
        is_json,
        {
            "release": done.release,
            "outcome": done.outcome,
            "head_bytes": done.head_bytes,
            "objects": done.objects,
            "object_bytes": done.object_bytes,
            "holders_least": done.holders_least,
        },
        f"Stored {done.objects} objects ({done.object_bytes:,} bytes), each in at least {done.holders_least} vaults.",
        f"Published {done.release}; the node "
        + ("knew it already." if done.outcome == "known" else "verified it and passes it on."),
    )


@pod.command()
@click.argument("release", type=FOLDER)
@click.argument("checkout", type=FOLDER)
@as_json
def verify(release: Path, checkout: Path, is_json: bool) -> None:
    """Build the tree anew from CHECKOUT and say whether RELEASE is exactly that."""
    with _stating_failures(is_json=is_json):
        built = building.load(release)
        differing = building.compare(built, checkout)
        if differing and not is_json:
            more = f" and {len(differing) - SHOWN_MAX} more" if len(differing) > SHOWN_MAX else ""
            raise PodError(
                f"{built.release.name} is not what {checkout} gives: {', '.join(differing[:SHOWN_MAX])}{more}"
            )
    _say(
        is_json,
        {
            "release": built.release.name,
            "tree": built.release.tree,
            "is_reproduced": not differing,
            "differing": differing,
        },
        f"{built.release.name} is exactly what {checkout} gives; its tree hash is {built.release.tree}.",
    )
    if differing:
        raise SystemExit(1)


@contextlib.contextmanager
def _stating_failures(*, is_json: bool) -> Iterator[None]:
    """Turn a stated failure into one sentence, or one JSON object, and exit code 1."""
    try:
        yield
    except (PodError, TrustError) as error:
        fail(error, is_json=is_json)


def _say(is_json: bool, data: dict[str, Any], *sentences: str) -> None:
    if is_json:
        print_json(data)
    else:
        for sentence in sentences:
            say(sentence)
