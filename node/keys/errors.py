"""The error of keeping keys."""

from __future__ import annotations


class KeyStoreError(Exception):
    """A key cannot be kept or cannot be had; the message is one sentence for a person.  Nothing changed."""

    code = "key"
