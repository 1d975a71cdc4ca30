"""What pods decide together, by one file that they exchange: found, recall, rotate, heartbeat; sign, merge, finish."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from node.cli.common import say
from node.cli.pod_shared import (
    FOLDER,
    answer,
    as_json,
    by_key,
    in_network,
    maybe_in_network,
    passphrase,
    progress,
    stating_failures,
)
from node.pod import finish as finishing
from node.pod import keys, pace
from node.pod import network as networks
from node.pod import sign as signing
from node.pod.conflict import read_branch
from node.pod.dates import ends
from node.pod.describe import describe, describe_changes
from node.pod.errors import PodError
from node.pod.files import replace, write_new
from node.pod.invitation import read_invitation
from node.pod.plans import Beating, Founding, Plan, Reaffirming, Recalling, Releasing, Resolving, Rotating
from node.pod.proposal import Proposal
from node.pod.signing_file import begin, encode_file, open_file
from node.pod.signing_file import merge as merge_proposals
from node.pod.silent import silent
from node.trust.metadata import time_text

FOUNDING = "founding.json"
into_file = click.option("--out", type=FOLDER, required=True, help="New signing file.")


@click.command()
@click.argument("folder", type=FOLDER)
@click.option("--pod", "pods", type=FOLDER, multiple=True, required=True, help="Invitation of a pod; one --pod each.")
@click.option("--founder", "founders", type=FOLDER, multiple=True, help="Invitation of a founder; one --founder each.")
@as_json
def found(folder: Path, pods: tuple[Path, ...], founders: tuple[Path, ...], is_json: bool) -> None:
    """Draft the founding of a network from invitations, as the signing file FOLDER/founding.json.

    Every pod and founder signs that file; then 'finish' makes the network of it.
    """
    with stating_failures(is_json=is_json):
        plan = Founding(tuple(map(read_invitation, pods)), tuple(map(read_invitation, founders)))
        proposal = begin(plan, None, networks.utc_now())
        signing.write_founding(folder, FOUNDING, proposal)
    _drafted(folder / FOUNDING, proposal, is_json=is_json)


@click.command()
@click.argument("release")
@in_network
@into_file
@as_json
def recall(release: str, network: Path, out: Path, is_json: bool) -> None:
    """Draft the recall of RELEASE, for example vault/0.1.2. A recall is for ever."""
    _draft(Recalling(release), network, out, is_json=is_json)


@click.command()
@click.argument("release")
@in_network
@into_file
@as_json
def reaffirm(release: str, network: Path, out: Path, is_json: bool) -> None:
    """Draft that the pods stand by RELEASE, for farms that cannot prove it. It takes as many pods as an app release."""
    _draft(Reaffirming(release), network, out, is_json=is_json)


@click.command()
@click.option("--leave", default="", help="Name of the pod that leaves.")
@click.option("--join", type=FOLDER, multiple=True, help="Invitation of the pod that takes its place.")
@click.option(
    "--resolves",
    type=FOLDER,
    multiple=True,
    help="A file of 'conflict': end that conflict. Who signed twice leaves; one --join for each of them, by name.",
)
@click.option("--recall", multiple=True, help="With --resolves: recall this release of either branch, too.")
@click.option(
    "--foundation-until",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Let the foundation end on this day; it can only be an earlier one than before.",
)
@in_network
@into_file
@as_json
def rotate(
    leave: str,
    join: tuple[Path, ...],
    resolves: tuple[Path, ...],
    recall: tuple[str, ...],
    foundation_until: datetime | None,
    network: Path,
    out: Path,
    is_json: bool,
) -> None:
    """Draft a new root: it renews all dates, and may let one pod take the place of another.

    With --resolves it ends a conflict: everybody who signed twice leaves at once.
    """
    until = time_text(foundation_until.replace(tzinfo=UTC)) if foundation_until else ""
    with stating_failures(is_json=is_json):
        joining = tuple(map(read_invitation, join))
        plan: Plan
        if resolves:
            if leave or until:
                raise PodError("who leaves to end a conflict is said by the conflict, and nothing else happens with it")
            plan = Resolving(tuple(map(read_branch, resolves)), joining, recall)
        else:
            if len(joining) > 1 or recall:
                raise PodError("several pods join, or a release is recalled in the same step, to end a conflict only")
            plan = Rotating(leave, joining[0] if joining else None, until)
    _draft(plan, network, out, is_json=is_json)


@click.command()
@in_network
@into_file
@as_json
def heartbeat(network: Path, out: Path, is_json: bool) -> None:
    """Draft a heartbeat: that the newest is still the newest. One pod signs it."""
    _draft(Beating(), network, out, is_json=is_json)


@click.command()
@click.argument("file", type=FOLDER)
@by_key
@maybe_in_network
@click.option("--checkout", type=FOLDER, help="For a release: the checkout to rebuild it from.")
@click.option("--before", type=FOLDER, multiple=True, help="Checkout of an earlier release that is not at hand.")
@click.option("--yes", "is_agreed", is_flag=True, help="Sign without being asked.")
@as_json
def sign(
    file: Path,
    key: str,
    network: Path | None,
    checkout: Path | None,
    before: tuple[Path, ...],
    is_agreed: bool,
    is_json: bool,
) -> None:
    """Say what FILE, a signing file or the folder of a release, asks for; then sign it with KEY if you agree."""
    file = file / signing.SIGNING if file.is_dir() else file
    with stating_failures(is_json=is_json):
        if is_json and not is_agreed:
            raise PodError("with --json nobody is asked: say --yes too")
        proposal, rebuilt = signing.open_to_sign(file, network, networks.utc_now()), None
        lines = describe(proposal)
        if isinstance(proposal.plan, Releasing):
            if checkout is None:
                raise PodError("a release is signed by who rebuilt it: give the checkout with --checkout")
            assert network is not None, "a release was opened without a network"
            rebuilt = signing.rebuild(proposal.plan, checkout)
            lines += [
                f"It is exactly what {checkout} gives.",
                *describe_changes(proposal, rebuilt, network, before),
                *pace.warning(proposal.plan.release, network, proposal.at),
            ]
        if not is_json:
            for line in lines:
                say(line)
        party = keys.load(key, passphrase)
        signed = signing.signed_as(party, proposal, network, networks.utc_now())
        if not is_agreed and not click.confirm(f"Sign this as {party.name}?"):
            raise PodError("nothing was signed")
        signing.keep_signed(file, signed, network, rebuilt, party, networks.utc_now())
    data, how_far = progress(signed)
    answer(is_json, {"signed_by": party.name, "says": lines, **data}, f"{party.name} signed {file}.", *how_far)


@click.command()
@click.argument("file", type=FOLDER)
@click.argument("others", type=FOLDER, nargs=-1, required=True)
@maybe_in_network
@as_json
def merge(file: Path, others: tuple[Path, ...], network: Path | None, is_json: bool) -> None:
    """Add to FILE the signatures of OTHERS, which are copies of it. The order does not matter."""
    with stating_failures(is_json=is_json):
        known = networks.published(network) if network else None
        merged = merge_proposals([open_file(copy, known) for copy in (file, *others)])
        replace(file, encode_file(merged))
    data, how_far = progress(merged)
    answer(is_json, data, f"Merged {len(others) + 1} copies into {file}.", *how_far)


@click.command()
@click.argument("file", type=FOLDER)
@in_network
@as_json
def finish(file: Path, network: Path, is_json: bool) -> None:
    """Take FILE, which enough have signed, over into the folder of the network; a founding makes that folder."""
    file = file / signing.SIGNING if file.is_dir() else file
    with stating_failures(is_json=is_json):
        now = networks.utc_now()
        finishing.finish(file, network, now)
        known = networks.published(network)
        lines, name = [*ends(known, now), *silent(network, known, now)], known.network
    answer(
        is_json,
        {"network": name, "folder": str(network), "says": lines},
        f"{network} holds the network {name[:16]}… with what {file} signed.",
        f"Its fingerprint: {name}",
        *lines,
        "Give every pod a copy of the folder; 'perennial pod publish' hands it to the farms.",
    )


def _draft(plan: Plan, network: Path, out: Path, *, is_json: bool) -> None:
    with stating_failures(is_json=is_json):
        proposal = signing.begin_here(plan, network, networks.utc_now())
        write_new(out, encode_file(proposal))
        warnings = silent(network, networks.published(network), proposal.at)
    _drafted(out, proposal, *warnings, is_json=is_json)


def _drafted(file: Path, proposal: Proposal, *warnings: str, is_json: bool) -> None:
    lines = [*describe(proposal), *warnings]
    answer(is_json, {"file": str(file), "says": lines}, *lines, f"Nobody has signed it yet. It is in {file}.")
