"""What was stored or sent, read again within its limits."""

from __future__ import annotations

from typing import TypeVar

import msgspec

T = TypeVar("T")


def decoded(content: bytes, kind: type[T], bytes_max: int, refusal: type[Exception], what: str) -> T:
    """The ``kind`` that ``content`` holds in MessagePack.  ``what`` names it for a person: ``"trial"``.

    Raises:
        refusal: It is longer than ``bytes_max``, or no such thing.
    """
    if len(content) > bytes_max:
        raise refusal(f"a {what} of {len(content)} bytes is over {bytes_max}")
    try:
        return msgspec.msgpack.decode(content, type=kind)
    except (msgspec.DecodeError, RecursionError, ValueError) as error:  # text that is no text is a ValueError
        raise refusal(f"no {what}: {error}") from error
