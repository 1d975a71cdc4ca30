"""The command line of the client, as the public suite calls it.

    tuf_client --metadata-dir D init ROOT
    tuf_client --metadata-dir D --metadata-url U refresh
    tuf_client --metadata-dir D --metadata-url U --target-name N [--target-name N ...] --target-base-url B
               --target-dir T download

Exit codes: 0 done, 1 a stated failure (one sentence on the error stream), 2 wrong usage.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from node.trust.errors import TrustError
from tests.conformance.client import Client, start
from tests.conformance.edges import ClientError, Folder, Site


def main(arguments: Sequence[str]) -> int:
    """Run one command.  Blocking; reads the clock."""
    options = _parsed(arguments)
    try:
        _run(options, datetime.now(UTC))
    except (TrustError, ClientError) as error:
        print(f"{options.command}: {error}", file=sys.stderr)
        return 1
    return 0


def _run(options: argparse.Namespace, now: datetime) -> None:
    metadata = Folder(options.metadata_dir)
    if options.command == "init":
        start(options.root, metadata, now)
        return
    client = Client(metadata, Site(options.metadata_url), now)
    client.refresh()
    if options.command == "download":
        for name in options.target_name:
            client.download(name, Site(options.target_base_url), Folder(options.target_dir))


def _parsed(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tuf_client")
    parser.add_argument("--metadata-dir", type=Path, required=True)
    parser.add_argument("--metadata-url")
    parser.add_argument("--target-name", action="append")
    parser.add_argument("--target-base-url")
    parser.add_argument("--target-dir", type=Path)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("init").add_argument("root", type=Path)
    commands.add_parser("refresh")
    commands.add_parser("download")
    options = parser.parse_args(arguments)
    needed = {
        "init": (),
        "refresh": ("metadata_url",),
        "download": ("metadata_url", "target_name", "target_base_url", "target_dir"),
    }
    missing = [name for name in needed[options.command] if getattr(options, name) is None]
    if missing:
        parser.error(f"{options.command} needs --{missing[0].replace('_', '-')}")
    return options
