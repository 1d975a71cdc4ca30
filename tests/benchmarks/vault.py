"""The vault: store, transport, network, shares, simulation, kill test; each against what was asked of it."""

from __future__ import annotations

import argparse
from typing import Any

from tests.benchmarks import parts

NAMES = ("store", "transport", "network", "shares", "simulation", "kill")


def add_arguments(command: argparse.ArgumentParser) -> None:
    parts.add_only(command, NAMES)


def measure(arguments: argparse.Namespace) -> dict[str, Any]:
    return parts.measured({name: f"tests.benchmarks.{name}" for name in arguments.only})
