"""``perennial pod build runtime``: CPython, Qt and all wheels as one tree."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

import node
from node.cli.pod_shared import FOLDER, answer, as_json, stating_failures
from node.pod.runtime import making


@click.command("build runtime")
@click.argument("out", type=FOLDER)
@click.option("--platform", type=click.Choice(making.PLATFORMS), required=True, help="What it shall run on.")
@click.option(
    "--packages",
    type=FOLDER,
    help="Folder with the packages that were fetched before; what is missing is fetched into it.  OUT.packages if not"
    " given.",
)
@as_json
def build_runtime(out: Path, platform: str, packages: Path | None, is_json: bool) -> None:
    """Build the runtime that this checkout pins in the new folder OUT; on Debian 12, or what has apt-get and its lists.

    The same pins give the same tree hash everywhere.
    """
    begun_s = time.monotonic()
    checkout = Path(str(node.__file__)).parents[1]
    with stating_failures(is_json=is_json):
        made = making.make(checkout, platform, packages or out.with_name(f"{out.name}.packages"), out)
    took_s = time.monotonic() - begun_s
    data: dict[str, Any] = {
        "platform": platform,
        "tree": made.tree,
        "files": made.files,
        "bytes": made.size_bytes,
        "packages": len(made.sources.packages),
        "binaries": len(made.sources.binaries),
        "took_s": round(took_s, 1),
    }
    answer(
        is_json,
        data,
        f"Built a runtime for {platform} in {out}: {made.files:,} files, {made.size_bytes:,} bytes, {took_s:.0f} s.",
        f"Tree hash: {made.tree}",
        f"Its {len(made.sources.binaries)} binaries come from {len(made.sources.packages)} packages: see"
        f" {out / making.SOURCES}.",
    )
