"""``perennial pod``: what the developers of a network do.  Every command says in plain words what it did."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from node.cli import pod_keys, pod_layers, pod_runtime, pod_signing
from node.cli.common import ask_node, shared_options
from node.cli.pod_shared import FOLDER, answer, as_json, in_network, stating_failures
from node.pod import build as building
from node.pod import network as networks
from node.pod import pace
from node.pod import publish as publishing
from node.pod import sign as signing
from node.pod.capabilities import listed, read_declared
from node.pod.conflict import ask_branch, encode_branch, look_into, read_branch
from node.pod.describe import URGENT
from node.pod.describe_conflict import describe_conflict
from node.pod.errors import PodError
from node.pod.files import write_new
from node.trust.capabilities import as_declared
from node.trust.policy import high_threshold, majority

OUTCOMES: Final = {
    "accepted": "verified it and passes it on",
    "known": "knew it already",
    "outdated": "knows of something newer in this network and passes that on; bring your folder up to date",
}
COMMANDS: Final = (
    *(pod_keys.keygen, pod_keys.show, pod_signing.found, pod_signing.sign, pod_signing.merge, pod_signing.finish),
    *(pod_layers.build_app, pod_runtime.build_runtime, pod_layers.pack),
    *(pod_signing.recall, pod_signing.reaffirm, pod_signing.rotate, pod_signing.heartbeat),
)


@click.group(cls=pod_layers.Words)
def pod() -> None:
    """Found a network; build, sign and publish releases; recall one; exchange a pod.

    The handbook's chapter "Pods" shows how these go together.
    """


for command in COMMANDS:
    pod.add_command(command)


@pod.command("init-network")
@click.argument("folder", type=FOLDER)
@click.option("--pods", type=int, default=5, show_default=True, help="Groups of developers, one key each.")
@click.option("--foundation", type=int, default=3, show_default=True, help="Founders, one key each; 0 for none.")
@as_json
def init_network(folder: Path, pods: int, foundation: int, is_json: bool) -> None:
    """Make a practice network in FOLDER: all keys at one place, lying open. A real one begins with 'found'."""
    with stating_failures(is_json=is_json):
        networks.found(folder, pods, foundation)
        names, members = networks.pod_names(folder), networks.founder_names(folder)
        fingerprint = networks.published(folder).network
    need = {"root, targets, app": high_threshold(pods), "snapshot, vault": majority(pods), "timestamp": 1}
    answer(
        is_json,
        {"network": fingerprint, "pods": names, "founders": members, "signatures_needed": need},
        f"Founded the network {fingerprint[:16]}… in {folder}.",
        f"Pods: {', '.join(names)}. Founders: {', '.join(members) or 'none'}.",
        f"{majority(pods)} pods must sign a vault release, {high_threshold(pods)} an app release.",
        f"It is for practice: all keys lie open below {folder}, and whoever reads them can sign.",
    )


@pod.command()
@click.argument("source", type=FOLDER)
@click.option("--out", type=FOLDER, required=True, help="New folder for the release.")
@click.option("--version", required=True, help="What the release is called, for example 0.1.1.")
@click.option("--notes", default="", help="What changed, for people.")
@click.option("--by", type=click.Choice(["pods", "foundation"]), default="pods", show_default=True)
@click.option("--floor", type=int, default=0, help="Let no recall lead below the release of this number any more.")
@click.option("--capabilities", type=FOLDER, help="JSON file of what it may do; else no more than its source needs.")
@click.option("--urgent", "is_urgent", is_flag=True, help="Ask farms for a trial of hours; more pods must sign it.")
@click.option("--network", type=FOLDER, help="Folder of the network: draft what its pods sign, too.")
@as_json
def build(
    source: Path,
    out: Path,
    version: str,
    notes: str,
    by: str,
    floor: int,
    capabilities: Path | None,
    is_urgent: bool,
    network: Path | None,
    is_json: bool,
) -> None:
    """Build a release of the vault layer from SOURCE: a checkout, or a folder that holds what node/vault holds.

    With --network the folder of the release gets a signing file, signing.json, for the pods of that network.
    """
    role = "foundation" if by == "foundation" else "vault"
    with stating_failures(is_json=is_json):
        asked = read_declared(capabilities) if capabilities else None
        built = building.build_tree(
            source, version, notes, role=role, floor=floor, capabilities=asked, is_urgent=is_urgent
        )
        building.write(built, out, signing.draft(built, network) if network else {})
        warnings = pace.warning(built.release, network, networks.utc_now()) if network else []
    size = sum(map(len, built.objects.values()))
    answer(
        is_json,
        {
            "release": built.release.name,
            "tree": built.release.tree,
            "manifest": built.release.manifest,
            "objects": len(built.objects),
            "bytes": size,
            "capabilities": as_declared(built.release.capabilities),
            "is_urgent": built.release.is_urgent,
            "warnings": warnings,
        },
        f"Built {built.release.name} in {out}: {len(built.objects)} objects, {size:,} bytes.",
        f"Tree hash: {built.release.tree}",
        f"It may use: {listed(built.release.capabilities)}.",
        *([URGENT] if built.release.is_urgent else []),
        *warnings,
        f"Nobody has signed it yet; {out / signing.SIGNING} is what the pods sign."
        if network
        else "With --network it would be drafted for the pods of a network.",
    )


@pod.command()
@click.argument("release", type=FOLDER, required=False)
@in_network
@shared_options
def publish(release: Path | None, network: Path, home: Path, is_json: bool) -> None:
    """Hand the signed RELEASE to a running node, which stores it in the network and tells its peers.

    Without RELEASE only what the network's folder says is handed over: for a recall, a rotation, a heartbeat.
    """
    with stating_failures(is_json=is_json):
        if release is None:
            told = ask_node(home, lambda node: publishing.announce(network, node), is_json=is_json)
            data = {"outcome": told.outcome, "head_bytes": told.head_bytes}
            answer(is_json, data, f"The node {OUTCOMES[told.outcome]}.")
            return
        done = ask_node(home, lambda node: publishing.publish(release, network, node), is_json=is_json)
    answer(
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
        f"Published {done.release}; the node {OUTCOMES[done.outcome]}."
        if done.outcome != "outdated"
        else f"Nothing new was published: the node {OUTCOMES[done.outcome]}.",
    )


@pod.command()
@click.argument("file", type=FOLDER, required=False)
@in_network
@click.option("--out", type=FOLDER, help="Write what the node carries into this new file, for 'rotate --resolves'.")
@shared_options
def conflict(file: Path | None, network: Path, out: Path | None, home: Path, is_json: bool) -> None:
    """Say whose signatures contradict each other, and in what: what a running node carries, or what FILE holds."""
    with stating_failures(is_json=is_json):
        known, roots = networks.published(network), networks.roots(network)
        branch = read_branch(file) if file else ask_node(home, lambda node: ask_branch(node, roots), is_json=is_json)
        dispute = look_into((branch,), known)
        lines = describe_conflict(dispute, known)
        if out is not None:
            write_new(out, encode_branch(branch))
    answer(
        is_json,
        {
            "conflict": dispute.identity,
            "role": dispute.role,
            "version": dispute.version,
            "signed_twice": dispute.names,
            "says": lines,
            "file": str(out) if out else None,
        },
        *lines,
        f"It is in {out or file}: 'perennial pod rotate --resolves {out or file}' drafts the way out."
        if out or file
        else "With --out FILE it is written down for 'perennial pod rotate --resolves FILE'.",
    )


@pod.command()
@click.argument("release", type=FOLDER)
@click.argument("checkout", type=FOLDER)
@as_json
def verify(release: Path, checkout: Path, is_json: bool) -> None:
    """Build the tree anew from CHECKOUT and say whether RELEASE is exactly that."""
    with stating_failures(is_json=is_json):
        built = building.load(release)
        differing = building.compare(built, checkout)
        if differing and not is_json:
            more = f" and {len(differing) - signing.SHOWN_MAX} more" if len(differing) > signing.SHOWN_MAX else ""
            raise PodError(
                f"{built.release.name} is not what {checkout} gives: {', '.join(differing[: signing.SHOWN_MAX])}{more}"
            )
    answer(
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
