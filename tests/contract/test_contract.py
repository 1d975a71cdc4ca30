"""The local API is what its description says, and nothing else."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any, get_args, get_type_hints

import msgspec

from node.api import schema
from node.api.handlers import Handlers
from node.api.openapi import document
from node.api.routes import EVENT_KINDS, EVERYWHERE, FAILURES, ROUTES
from node.api.server import ApiServer
from tests.api_world import FakeNode

ROOT = Path(__file__).parents[2]
EXAMPLES = 3
TRYING_S_MAX = 120
UNENDING = {"events"}


def described() -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(document())
    return found


def test_whatever_is_asked_is_answered_as_described():
    # In a process of its own: pytest would rewrite every module of schemathesis, which is a plugin of it.
    ended = subprocess.run(
        [sys.executable, "-m", "tests.contract", "--examples", str(EXAMPLES), "--repeatable"],
        cwd=ROOT, capture_output=True, text=True, timeout=TRYING_S_MAX, check=False,
    )  # fmt: skip

    assert ended.returncode == 0, ended.stdout + ended.stderr
    seen = {line.split(maxsplit=1)[1] for line in ended.stdout.splitlines()}
    assert {f"{route.method} {route.path}" for route in ROUTES if route.name not in UNENDING} == {
        answer.rpartition(" ")[0] for answer in seen
    }
    assert {"PUT /v1/chunks 200", "PATCH /v1/settings 200", "POST /v1/shares 200", "PUT /v1/chunks 400"} <= seen


def test_what_is_served_is_described_and_the_other_way_round(tmp_path: Path):
    server = ApiServer(FakeNode(), tmp_path / "api.sock")

    router = server.local.application.router
    is_served = {(route.method, route.resource.canonical) for route in router.routes() if route.resource}

    is_described = {(method.upper(), path) for path, at in described()["paths"].items() for method in at}
    assert is_served == is_described


def test_each_route_has_a_handler_of_its_own(tmp_path: Path):
    server = ApiServer(FakeNode(), tmp_path / "api.sock")

    table = Handlers(FakeNode(), server._change).table()

    assert list(table) == [route.name for route in ROUTES]
    assert len(set(table.values())) == len(table)


def test_each_failure_of_a_route_has_its_answer_with_its_code():
    found = described()
    assert {code: (at["status"], at["meaning"]) for code, at in found["x-failures"].items()} == dict(FAILURES)
    for route in ROUTES:
        answers = found["paths"][route.path][route.method.lower()]["responses"]
        for code in (*EVERYWHERE, *route.codes):
            kind, limit = answers[str(FAILURES[code][0])]["content"]["application/json"]["schema"]["allOf"]
            assert kind == {"$ref": "#/components/schemas/ErrorAnswer"}
            assert code in limit["properties"]["code"]["enum"]
        assert ("409" in answers) == bool(route.refusals)
        assert set(answers) - {"200", "409"} == {str(FAILURES[code][0]) for code in (*EVERYWHERE, *route.codes)}


def test_each_kind_of_event_is_described():
    kinds = get_args(get_type_hints(schema.Event)["kind"])
    assert set(EVENT_KINDS) == set(kinds)
    stream = described()["paths"]["/v1/events"]["get"]["responses"]["200"]["content"]["text/event-stream"]
    assert [kind["properties"]["kind"]["const"] for kind in stream["x-event"]["oneOf"]] == list(EVENT_KINDS)
