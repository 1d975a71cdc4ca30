"""Requests made up from the API's own description, put to a real server, and each answer held against it.

The event stream is left out: it never ends.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, Verbosity, assume, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.core.result import Ok

from node.api import door
from node.api.server import ApiServer
from tests.api_world import FakeNode

UNENDING = {"events"}
ANSWER_S_MAX = 20.0
# What no description can say: that a chunk of these digits is nowhere, or that an invitation is none.
NOT_HERE = {"ignored_auth", "positive_data_acceptance"}


@contextmanager
def served(home: Path) -> Iterator[tuple[door.Door, FakeNode]]:
    """A node that answers over TCP, in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    node = FakeNode()

    async def make() -> ApiServer:
        api = ApiServer(node, home / "api.sock", has_socket=False)
        await api.start()
        return api

    api = asyncio.run_coroutine_threadsafe(make(), loop).result(ANSWER_S_MAX)
    try:
        opened = door.load(home)
        assert opened is not None
        yield opened, node
    finally:
        asyncio.run_coroutine_threadsafe(api.stop(), loop).result(ANSWER_S_MAX)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def description(opened: door.Door) -> dict[str, Any]:
    answer = requests.get(
        f"{opened.url}/v1/openapi.json", headers={"Authorization": f"Bearer {opened.token}"}, timeout=ANSWER_S_MAX
    )
    assert answer.status_code == 200
    found: dict[str, Any] = msgspec.json.decode(answer.content)
    return found


def try_all(opened: door.Door, examples: int, *, is_random: bool) -> dict[str, int]:
    """Try each operation with requests that keep to the description and with others; how often each answer came.

    Raises whatever ``schemathesis`` finds.
    """
    document = schemathesis.openapi.from_dict(description(opened))
    headers = {"Authorization": f"Bearer {opened.token}"}
    seen: dict[str, int] = {}
    with requests.Session() as session:
        for found in document.get_all_operations():
            assert isinstance(found, Ok), found
            operation = found.ok()
            if operation.definition.raw["operationId"] in UNENDING:
                continue
            for mode in GenerationMode:
                _try(operation, mode, examples, session, opened.url, headers, seen, is_random=is_random)
    return seen


def _try(
    operation: Any, mode: GenerationMode, examples: int, session: requests.Session, url: str,
    headers: dict[str, str], seen: dict[str, int], *, is_random: bool,
) -> None:  # fmt: skip
    if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query or operation.path_parameters):
        return  # it takes nothing, so nothing can be wrong with it

    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        derandomize=not is_random,
        verbosity=Verbosity.quiet,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy(generation_mode=mode))
    def one(case: Any) -> None:
        assume(not (isinstance(case.body, dict) and "api_port" in case.body))  # it would close the door that this uses
        left_out = [check for check in CHECKS.get_all() if check.__name__ in NOT_HERE]
        answer = case.call_and_validate(
            base_url=url, session=session, headers=headers, excluded_checks=left_out, timeout=ANSWER_S_MAX
        )
        key = f"{operation.label} {answer.status_code}"
        seen[key] = seen.get(key, 0) + 1

    one()
