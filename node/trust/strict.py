"""JSON from others, read strictly: what two readers could understand in two ways is refused."""

from __future__ import annotations

import json
from typing import Any, NoReturn, TypeVar

import msgspec

from node.trust.errors import MalformedMetadata

T = TypeVar("T")


def read_json(content: bytes) -> Any:
    """Read JSON whose length was already checked: UTF-8, whole numbers, no key twice, not too deep.

    Raises:
        MalformedMetadata: It is anything else.
    """
    try:
        return json.loads(
            content.decode(), object_pairs_hook=_only_once, parse_float=_no_fraction, parse_constant=_no_fraction
        )
    except RecursionError as error:
        raise MalformedMetadata("it is nested too deeply") from error
    except UnicodeDecodeError as error:
        raise MalformedMetadata("it is not UTF-8") from error
    except ValueError as error:
        raise MalformedMetadata("it is no JSON") from error


def read_struct(content: bytes, kind: type[T]) -> T:
    """Read JSON that is a ``kind``, with every field in its place and no other.

    Raises:
        MalformedMetadata: It is not.
    """
    read_json(content)
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
        raise MalformedMetadata(str(error)) from error


def _only_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that appears twice: one reader would take the first, another the last."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise MalformedMetadata("a key appears twice in one object")
    return found


def _no_fraction(text: str) -> NoReturn:
    raise MalformedMetadata(f"{text[:20]} is not a whole number")
