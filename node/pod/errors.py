"""The error of the pods' tools."""

from __future__ import annotations


class PodError(Exception):
    """The tool cannot do what was asked; the message is one sentence for the person who asked.  Nothing changed."""

    code = "pod"
