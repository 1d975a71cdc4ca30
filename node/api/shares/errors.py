"""Errors of shares, by what the person can do.  ``code`` is stable; the message is for the person."""


class ShareError(Exception):
    """Root of every error that putting or fetching a share raises on purpose."""

    code = "share"


class BadSource(ShareError):
    """What shall be put cannot be read, or changed meanwhile.  Mend it and repeat."""

    code = "share.source"


class BadTarget(ShareError):
    """The target cannot be written.  Name another one, or make room."""

    code = "share.target"


class NeverHere(BadTarget):
    """The share cannot stand in this place, however often it is tried.  Name one on another disk."""


class NotStored(ShareError):
    """The network did not take a chunk, even after a while.  Repeat; it goes on from there."""

    code = "share.not_stored"


class NotFetched(ShareError):
    """A chunk could not be had, even after a while.  Repeat later; it goes on from there."""

    code = "share.not_fetched"


class NoShare(ShareError):
    """The address leads to something else, or to a share that breaks the rules.  Nothing can be done."""

    code = "share.malformed"
