"""The error of keeping keys."""

from __future__ import annotations

from node.api.told import ToldError


class KeyStoreError(ToldError):
    """A key cannot be kept or cannot be had; the message is one sentence for a person.  Nothing changed."""

    code = "key"


class WrongPassphrase(KeyStoreError):
    """The passphrase does not open the key, or cannot be taken for a new one.  Ask for another one."""
