"""The error of the pods' tools."""

from __future__ import annotations

from typing import Final

from node.api.texts import printable

MESSAGE_CHARACTERS_MAX: Final = 2_000


class PodError(Exception):
    """The tool cannot do what was asked; the message is one sentence for the person who asked.  Nothing changed.

    The message is printable whatever it quotes: signing files and key files come from others.
    """

    code = "pod"

    def __init__(self, message: str) -> None:
        super().__init__(printable(message[:MESSAGE_CHARACTERS_MAX]))
