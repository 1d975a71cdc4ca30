"""Errors of the vault: one root, one branch for each duty of the caller.

``code`` is stable: it goes into messages, logs and the local API.  The message is for developers.
"""


class VaultError(Exception):
    """Root of every error that the vault layer raises on purpose."""

    code = "vault"


class PeerError(VaultError):
    """A peer broke the protocol.  Blame the peer, drop the message, carry on."""

    code = "peer"


class MalformedMessage(PeerError):
    """Bytes that are no message, too many of them, or a field outside its limits."""

    code = "peer.malformed"


class ChunkMismatch(PeerError):
    """The bytes a peer delivered do not hash to the address they were asked for."""

    code = "peer.chunk_mismatch"


class BadSignature(PeerError):
    """A certificate, record, answer or receipt that its alleged signer did not sign, or no longer valid."""

    code = "peer.signature"


class Misdated(BadSignature):
    """All signatures fit, but not the time: one of two clocks is wrong, or somebody shows what is long over."""


class WrongNetwork(PeerError):
    """The peer belongs to another network.  Nobody is to blame; do not talk to it."""

    code = "peer.network"


class WrongVersion(WrongNetwork):
    """The peer speaks no version in common: only what ``core.late`` says for ever can be said."""


class Unreachable(PeerError):
    """The peer did not answer in time or the connection broke.  Try another one."""

    code = "peer.unreachable"


class ResourceError(VaultError):
    """This machine lacks something now.  Refuse the request; a later one may succeed."""

    code = "resource"


class QuotaExceeded(ResourceError):
    """The space that the farmer lends is used up."""

    code = "resource.quota"


class StorageError(VaultError):
    """The disk lied or failed.  Nothing was acknowledged; never answer from doubt."""

    code = "storage"


class ChunkCorrupt(StorageError):
    """Of this chunk no whole copy lies on the disk.  It is lost here; the machine itself is well."""

    code = "storage.corrupt"


class ControlError(VaultError):
    """The other end of the control channel broke the contract.  End the process."""

    code = "control"
