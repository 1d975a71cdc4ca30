"""The description of the local API (OpenAPI 3.1), made of the table of routes and the types of the schema."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

import msgspec

from node.api.routes import EVENT_KINDS, EVENTS, EVERYWHERE, FAILURES, JSON, NODES_OWN, ROUTES, Route
from node.api.schema import ErrorAnswer

VERSION: Final = "1"  # of the API, not of the program: the paths begin with it
REFERENCE: Final = "#/components/schemas/{name}"
TITLE: Final = "Perennial's local API"
ABOUT: Final = (
    "Times are seconds since 1970 in UTC, sizes are bytes.  It is served on the Unix socket api.sock in the node's"
    " home, which needs no token; and on a TCP port of the loopback address where that is switched on, or where there"
    " are no Unix sockets: port and token stand in api.json in the home, new at every start."
)


def document(routes: Iterable[Route] = ROUTES) -> bytes:
    """The description of these routes, as JSON."""
    known = tuple(routes)
    kinds = [*EVENT_KINDS.values(), *(kind for route in known for kind in _kinds(route))]
    schemas, components = msgspec.json.schema_components([*kinds, ErrorAnswer], ref_template=REFERENCE)
    schema_of = dict(zip(map(repr, [*kinds, ErrorAnswer]), schemas, strict=True))
    paths: defaultdict[str, dict[str, Any]] = defaultdict(dict)
    for route in known:
        paths[route.path][route.method.lower()] = _operation(route, schema_of)
    return msgspec.json.encode(
        {
            "openapi": "3.1.0",
            "info": {"title": TITLE, "version": VERSION, "description": ABOUT},
            "servers": [{"url": "/"}],
            "security": [{}, {"token": []}],
            "paths": paths,
            "components": {
                "schemas": components,
                "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            },
            "x-failures": {
                code: {"status": status, "meaning": meaning} for code, (status, meaning) in FAILURES.items()
            },
        }
    )


def _kinds(route: Route) -> list[Any]:
    kinds = [kind for kind in route.answers.values() if kind is not None]
    return kinds + ([route.body.kind] if route.body is not None and route.body.kind is not None else [])


def _operation(route: Route, schema_of: dict[str, dict[str, Any]]) -> dict[str, Any]:
    content = {media: _answer(media, kind, schema_of) for media, kind in route.answers.items()}
    found: dict[str, Any] = {
        "operationId": route.name,
        "summary": route.summary,
        "responses": {"200": {"description": "It was done.", "content": content}, **_failures(route, schema_of)},
    }
    if route.parameters:
        found["parameters"] = [
            {"name": one.name, "in": one.place, "required": one.is_needed, "description": one.summary,
             "schema": one.schema}
            for one in route.parameters
        ]  # fmt: skip
    if route.body is not None:
        found["requestBody"] = _body(route, schema_of)
    return found


def _answer(media: str, kind: Any, schema_of: dict[str, dict[str, Any]]) -> dict[str, Any]:
    if media == EVENTS:  # the stream is text; what its data holds stands beside it
        return {"schema": {"type": "string"}, "x-event": {"oneOf": [_event(kind, schema_of) for kind in EVENT_KINDS]}}
    if kind is None:
        return {"schema": {"type": "object"} if media == JSON else {}}
    return {"schema": schema_of[repr(kind)]}


def _event(kind: str, schema_of: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """An Event of one kind: the type of its data follows from it."""
    properties = {
        "number": {"type": "integer"},
        "at_s": {"type": "number"},
        "kind": {"const": kind},
        "data": schema_of[repr(EVENT_KINDS[kind])],
    }
    return {"title": "Event", "type": "object", "properties": properties, "required": list(properties)}


def _body(route: Route, schema_of: dict[str, dict[str, Any]]) -> dict[str, Any]:
    assert route.body is not None
    if route.body.kind is not None:
        return {"required": True, "content": {JSON: {"schema": schema_of[repr(route.body.kind)]}}}
    schema = {"type": "string", "format": "binary", "minLength": route.body.bytes_min}
    if route.body.bytes_max is not None:
        schema["maxLength"] = route.body.bytes_max
    return {"required": route.body.bytes_min > 0, "content": {"application/octet-stream": {"schema": schema}}}


def _failures(route: Route, schema_of: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """The answer to each failure: what is the same everywhere says its codes, the node's own may grow."""
    codes: defaultdict[int, list[str]] = defaultdict(list)
    for code in (*EVERYWHERE, *route.codes):
        codes[FAILURES[code][0]].append(code)
    found = {
        str(status): _failure("  ".join(f"{code}: {FAILURES[code][1]}" for code in sorted(at)), sorted(at), schema_of)
        for status, at in sorted(codes.items())
    }
    if route.refusals:
        known = ", ".join(route.refusals)
        found[str(NODES_OWN)] = _failure(f"The node cannot or will not: {known}, or another code.", [], schema_of)
    return found


def _failure(description: str, codes: list[str], schema_of: dict[str, dict[str, Any]]) -> dict[str, Any]:
    schema = schema_of[repr(ErrorAnswer)]
    if codes:
        schema = {"allOf": [schema, {"properties": {"code": {"enum": codes}}}]}
    return {"description": description, "content": {JSON: {"schema": schema}}}
