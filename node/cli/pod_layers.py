"""``perennial pod build app`` and ``perennial pod pack``: releases of the app, and of what it runs on."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import click

from node.cli.pod_shared import FOLDER, answer, as_json, stating_failures
from node.pod import build as building
from node.pod import network as networks
from node.pod import pace
from node.pod import sign as signing
from node.pod.errors import PodError
from node.pod.kept import kept_before
from node.trust.layers import Layer

before_releases = click.option(
    "--before",
    type=FOLDER,
    multiple=True,
    help="Folder of a release that farms have now, the newest first: they fetch only what differs from it.  Those that"
    " --network keeps are found by themselves.",
)
for_network = click.option("--network", type=FOLDER, help="Folder of the network: draft what its pods sign, too.")


class Words(click.Group):
    """A group whose commands may have names of two words; the longer name wins."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = " ".join(args[:2])
        if name in self.commands:
            return name, self.commands[name], args[2:]
        return super().resolve_command(ctx, args)


@click.command("build app")
@click.argument("source", type=FOLDER)
@click.option("--out", type=FOLDER, required=True, help="New folder for the release.")
@click.option("--version", required=True, help="What the release is called, for example 0.1.1.")
@click.option("--notes", default="", help="What changed, for people.")
@click.option(
    "--runtime",
    "runtimes",
    type=FOLDER,
    multiple=True,
    help="Folder of the release of a runtime that the app needs; one --runtime for each platform.  Elsewhere it runs on"
    " whatever a farm has.",
)
@click.option("--floor", type=int, default=0, help="Let no recall lead below the release of this number any more.")
@before_releases
@for_network
@as_json
def build_app(
    source: Path,
    out: Path,
    version: str,
    notes: str,
    runtimes: tuple[Path, ...],
    floor: int,
    before: tuple[Path, ...],
    network: Path | None,
    is_json: bool,
) -> None:
    """Build a release of the app from SOURCE, a checkout: its folders node, gui and resources."""
    with stating_failures(is_json=is_json):
        built = building.build_tree(
            source, version, notes, "app", floor=floor, runtimes=_runtimes(runtimes),
            before=_before(before, network, "app"),
        )  # fmt: skip
        building.write(built, out, signing.draft(built, network) if network else {})
    _told(built, out, network, is_json=is_json)


@click.command()
@click.argument("tree", type=FOLDER)
@click.option("--out", type=FOLDER, required=True, help="New folder for the release.")
@click.option("--version", required=True, help="What the release is called, for example 0.1.1.")
@click.option("--platform", required=True, help="What it runs on, for example linux-x86_64.")
@click.option("--notes", default="", help="What changed, for people.")
@before_releases
@for_network
@as_json
def pack(
    tree: Path,
    out: Path,
    version: str,
    platform: str,
    notes: str,
    before: tuple[Path, ...],
    network: Path | None,
    is_json: bool,
) -> None:
    """Build a release of a runtime from TREE, a folder that holds it.  It takes minutes.

    It is signed by who built the same tree: give it to 'sign' as the checkout.
    """
    with stating_failures(is_json=is_json):
        built = building.build_tree(
            tree, version, notes, "runtime", platform=platform, before=_before(before, network, "runtime", platform)
        )
        building.write(built, out, signing.draft(built, network) if network else {})
    _told(built, out, network, is_json=is_json)


def _runtimes(folders: Sequence[Path]) -> dict[str, str]:
    found: dict[str, str] = {}
    for folder in folders:
        release = building.load(folder).release
        if release.layer != "runtime" or release.platform in found:
            raise PodError(f"{folder} is no runtime, or a second one for {release.platform or 'nothing'}")
        found[release.platform] = release.tree
    return found


def _before(folders: Sequence[Path], network: Path | None, layer: Layer, platform: str = "") -> list[building.Built]:
    found = [building.load(folder) for folder in folders]
    for folder, built in zip(folders, found, strict=True):
        if (built.release.layer, built.release.platform) != (layer, platform):
            raise PodError(f"{folder} is a release of another kind")
    kept = kept_before(network, networks.published(network).head, layer, platform) if network else []
    return found + kept


def _told(built: building.Built, out: Path, network: Path | None, *, is_json: bool) -> None:
    release, size = built.release, sum(map(len, built.objects.values()))
    with stating_failures(is_json=is_json):
        warnings = pace.warning(release, network, networks.utc_now()) if network else []
    answer(
        is_json,
        {
            "release": release.name,
            "tree": release.tree,
            "manifest": release.manifest,
            "objects": len(built.objects),
            "bytes": size,
            "runtimes": release.runtimes,
            "deltas": sorted(release.deltas),
            "warnings": warnings,
        },
        f"Built {release.name} in {out}: {len(built.objects)} objects, {size:,} bytes.",
        f"Tree hash: {release.tree}",
        f"Releases from which farms fetch only what differs: {len(release.deltas)}.",
        *warnings,
        f"Nobody has signed it yet; {out / signing.SIGNING} is what the pods sign."
        if network
        else "With --network it would be drafted for the pods of a network.",
    )
