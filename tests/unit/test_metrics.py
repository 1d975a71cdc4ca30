"""The figures as Prometheus reads them: right to the letter, and silent about who and where this is."""

from __future__ import annotations

import re

import msgspec

from node.api import schema
from node.api.metrics import exposition
from tests.api_world import STATUS

NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = rf'{NAME}="(?:[^"\\\n]|\\\\|\\"|\\n)*"'
SAMPLE = re.compile(rf"({NAME})(?:\{{({LABEL}(?:,{LABEL})*)\}})? (-?[0-9]+)")
NOTHING = schema.Updates((), ())


def read(text: str) -> dict[tuple[str, str], int]:
    """Read the text as strictly as the format is; a family's samples stand together below its type."""
    found: dict[tuple[str, str], int] = {}
    family = ""
    assert text.endswith("\n")
    for line in text.splitlines():
        if line.startswith("# TYPE "):
            _, _, family, kind = line.split(" ")
            assert kind in {"counter", "gauge"}
        elif not line.startswith("# HELP "):
            sample = SAMPLE.fullmatch(line)
            assert sample is not None, line
            assert sample[1] == family
            key = (sample[1], sample[2] or "")
            assert key not in found
            found[key] = int(sample[3])
    return found


def test_space_chunks_peers_and_counters_are_there():
    status = msgspec.structs.replace(STATUS, handover=schema.Handover(3, 4))

    found = read(exposition(status, NOTHING, {"connection over limit": 7, "repair copies": 0}))

    assert found["perennial_space_used_bytes", ""] == 1
    assert found["perennial_space_quota_bytes", ""] == 2
    assert found["perennial_chunks", ""] == 3
    assert found["perennial_peers", ""] == found["perennial_subnets", ""] == 7
    assert found["perennial_vault_events_total", 'kind="connection over limit"'] == 7
    assert found["perennial_vault_events_total", 'kind="repair copies"'] == 0
    assert found["perennial_handed_over_chunks", 'are="left"'] == 4


def test_the_traffic_of_the_last_whole_minute_is_there():
    traffic = (schema.Traffic(0.0, 1, 2), schema.Traffic(60.0, 30, 40))
    found = read(exposition(STATUS, NOTHING, {}, traffic))
    assert found["perennial_sent_bytes_last_minute", ""] == 30
    assert found["perennial_received_bytes_last_minute", ""] == 40


def test_of_the_states_one_is_in_force():
    found = read(exposition(STATUS, NOTHING, {}))
    states = {labels: value for (name, labels), value in found.items() if name == "perennial_state"}
    assert states['state="fine"'] == 1
    assert sum(states.values()) == 1
    assert len(states) == 6


def test_whatever_a_version_is_called_the_text_stays_readable():
    version = schema.VersionInUse('1"\\\n2', "ab" * 32, 1.0)
    text = exposition(msgspec.structs.replace(STATUS, in_use=version), NOTHING, {})
    assert ("perennial_vault_version_info", r'version="1\"\\\n2"') in read(text)


def test_nothing_says_who_or_where_this_is():
    """What a vault counts is called as it likes: its names are no way out."""
    status = msgspec.structs.replace(STATUS, farm="0123abcd", in_use=schema.VersionInUse("1", "ab" * 32, 1.0))
    telling = {
        "peer 192.0.2.7:4000": 1,
        "ab" * 32: 1,
        "x" * 81: 1,
        'a"} 1\nb': 1,
        "Ünïcode": 1,
        "blamed peer.malformed": 1,
    }

    text = exposition(status, NOTHING, telling)

    assert "0123abcd" not in text
    assert [labels for name, labels in read(text) if name == "perennial_vault_events_total"] == [
        'kind="blamed peer.malformed"'
    ]
