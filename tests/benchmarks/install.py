"""The installed app: what its updates cost to publish, to fetch and to put in place.

Each part is a module of its own, ``install_NAME``.
"""

from __future__ import annotations

import argparse
from typing import Any

from tests.benchmarks import parts

NAMES = ("modules", "bundle", "qt", "switch")


def add_arguments(command: argparse.ArgumentParser) -> None:
    parts.add_only(command, NAMES)


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    return parts.measured({name: f"tests.benchmarks.install_{name}" for name in arguments.only})
