"""The node's figures in the text format of Prometheus, version 0.0.4.

Nothing in it is secret or says who or where this is: no vault id, no address, no name of a folder.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, Literal, get_args

from node.api.schema import NodeState, SandboxLevel, Status, Traffic, Updates

Kind = Literal["counter", "gauge"]
Labels = Mapping[str, str]
COUNTERS_MAX: Final = 512  # kinds that a vault may count, of whatever version it is
COUNTER_NAME: Final = re.compile(r"[a-z]{1,16}(?:[ ._-][a-z]{1,16}){0,7}")  # words: no address and no id
ESCAPES: Final = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


def exposition(status: Status, updates: Updates, counters: Mapping[str, int], traffic: Sequence[Traffic] = ()) -> str:
    """All figures of one moment, each with what it is.  ``traffic``: by minute, oldest first."""
    version = {"version": status.in_use.version} if status.in_use else {"version": ""}
    families = [
        _family("state", "gauge", "1 for the state that the node is in.", _one_of(NodeState, "state", status.state)),
        _family("sandbox", "gauge", "1 for the level in force.", _one_of(SandboxLevel, "level", status.sandbox)),
        _family("practice", "gauge", "Whether this is a practice network.", [({}, int(status.is_practice))]),
        _family("vault_version_info", "gauge", "1, with the vault version in use.", [(version, 1)]),
        _family("space_used_bytes", "gauge", "What the whole home takes of the disk.", [({}, status.space.used_bytes)]),
        _family("space_quota_bytes", "gauge", "The most that it may take.", [({}, status.space.quota_bytes)]),
        _family("chunks", "gauge", "Chunks that are kept for the network.", [({}, status.space.chunk_count)]),
        _family("peers", "gauge", "Other vaults that are known.", [({}, status.peer_count)]),
        _family("subnets", "gauge", "Subnets that they are in.", [({}, status.subnet_count)]),
        _family("sent_bytes_last_minute", "gauge", "What the vault sent.", [({}, m.sent_bytes) for m in traffic[-1:]]),
        _family(
            "received_bytes_last_minute", "gauge", "What it received.", [({}, m.received_bytes) for m in traffic[-1:]]
        ),
        _family("handed_over_chunks", "gauge", "Chunks of a hand-over, by how far it is.", _handover(status)),
        _family("releases", "gauge", "Releases that are known, by what became of them.", _phases(updates)),
        _family("newest_event", "gauge", "The number of the newest event.", [({}, status.last_event)]),
        _family("vault_events_total", "counter", "What the vault has counted since its start.", _counted(counters)),
    ]  # fmt: skip
    return "".join(families)


def _one_of(kinds: object, label: str, value: str) -> list[tuple[Labels, int]]:
    return [({label: kind}, int(kind == value)) for kind in get_args(kinds)]


def _handover(status: Status) -> list[tuple[Labels, int]]:
    handover = status.handover
    return [] if handover is None else [({"are": "done"}, handover.done), ({"are": "left"}, handover.left)]


def _phases(updates: Updates) -> list[tuple[Labels, int]]:
    phases = sorted(update.phase for update in updates.items)
    return [({"phase": phase}, phases.count(phase)) for phase in dict.fromkeys(phases)]


def _counted(counters: Mapping[str, int]) -> list[tuple[Labels, int]]:
    """What the vault counts.  The names are its own: whatever else it might say in them is left out."""
    names = [name for name in sorted(counters) if COUNTER_NAME.fullmatch(name)]
    return [({"kind": name}, counters[name]) for name in names[:COUNTERS_MAX]]


def _family(name: str, kind: Kind, about: str, samples: Iterable[tuple[Labels, int]]) -> str:
    full = f"perennial_{name}"
    lines = [f"# HELP {full} {about}", f"# TYPE {full} {kind}"]
    lines += [f"{full}{_labels(labels)} {value}" for labels, value in samples]
    return "".join(f"{line}\n" for line in lines) if len(lines) > 2 else ""


def _labels(labels: Labels) -> str:
    inner = ",".join(f'{name}="{value.translate(ESCAPES)}"' for name, value in labels.items())
    return f"{{{inner}}}" if inner else ""
