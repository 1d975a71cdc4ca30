"""A release as the rest of the node sees it, how a signed statement lists it, and what it may contain.

In a statement the target's path is the release's name, its length and hash are those of the encoded manifest, and
``custom`` says:

    {"layer": "vault", "version": "0.1.1", "tree": 64 hex digits, "sequence": 7, "notes": "...", "capabilities": {...},
     "urgent": true}

What it may do is in ``capabilities.py``; a release that does not say may do ``TODAY``.  ``urgent`` asks for a short
trial; it takes the high threshold, counts only while no newer release is listed, and is absent otherwise.
``sequence`` numbers all releases that a role ever listed; ``x-sequence`` of the statement is the highest number given
so far and never falls, so that a recalled release cannot come back under its old number.  ``x-recalled`` is the sorted
list of all releases ever recalled: `vault` may recall those of all others too.  ``x-floor`` is the number of the
release below which no recall may lead.  Both are absent until they are needed, and only grow.  ``x-reaffirmed`` of the
statement of ``vault`` names one release that pods stand by, whatever others think of it; it takes the high threshold.

A release of the app or of a runtime has no ``capabilities`` and is never urgent.  It says instead:

    "runtimes": {"linux-x86_64": tree hash, ...}       of an app: the runtime it needs on that platform; where none is
                                                       named it runs on the one in use.  Each is listed beside it
    "platform": "linux-x86_64"                         of a runtime
    "deltas": {tree hash: [address, length], ...}      the first chunk of a delta from that tree to this one
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, TypeGuard

from node.trust.capabilities import CAPABILITIES_FIELD, TODAY, Capabilities, capabilities_in
from node.trust.errors import MalformedMetadata, PolicyViolation
from node.trust.layers import (
    LAYER_OF,
    PLATFORM_PATTERN,
    PLATFORMS_MAX,
    VERSION_PATTERN,
    Layer,
    fault_of,
    name_of,
    role_of,
)
from node.trust.metadata import Targets
from node.trust.policy import HASH_PATTERN
from node.vault.errors import MalformedMessage
from node.vault.share.tree import (
    CHUNK_BYTES_MAX,
    MANIFEST_BYTES_MAX,
    Manifest,
    decode_manifest,
    encode_manifest,
    tree_hash_of,
)

SEQUENCE_FIELD: Final = "x-sequence"
RECALLED_FIELD: Final = "x-recalled"
FLOOR_FIELD: Final = "x-floor"
REAFFIRMED_FIELD: Final = "x-reaffirmed"
URGENT_FIELD: Final = "urgent"
RUNTIMES_FIELD: Final = "runtimes"
PLATFORM_FIELD: Final = "platform"
DELTAS_FIELD: Final = "deltas"
DELTAS_MAX: Final = 3  # of one release: who is further behind fetches whole files
RECALLED_MAX: Final = 1_000  # of one statement, in all the years of a network
SEQUENCE_MAX: Final = (1 << 53) - 1
RELEASES_MAX: Final = 128  # of one statement
NOTES_CHARACTERS_MAX: Final = 4_000

# Layer -> what only releases of the other layers say.
FIELDS_OF_OTHERS: Final[Mapping[Layer, tuple[str, ...]]] = MappingProxyType(
    {
        "vault": (RUNTIMES_FIELD, PLATFORM_FIELD, DELTAS_FIELD),
        "app": (CAPABILITIES_FIELD, PLATFORM_FIELD),
        "runtime": (CAPABILITIES_FIELD, RUNTIMES_FIELD),
    }
)


@dataclass(frozen=True, slots=True)
class Offer:
    """A delta that leads from the tree ``tree`` to the one of a release: the address and length of its first chunk."""

    tree: str
    address: bytes
    length: int


@dataclass(frozen=True, slots=True)
class Release:
    """One release that enough parties signed.  It is trusted to be tried out, not to be good.

    ``tree_hash`` is 64 hex digits, ``manifest`` the address of the encoded manifest (32 bytes); ``signers`` are the
    names of the pods (or founders) whose signatures were on the statement that lists it.  ``trial_factor`` is how many
    times as long as others it must be tried out, because of what it may do.  ``is_urgent`` and ``is_reaffirmed`` are
    the word of a high threshold of pods.  ``platform`` is there for a runtime only; ``runtimes`` are the trees that an
    app needs, as (platform, tree hash).
    """

    name: str
    layer: Layer
    version: str
    tree_hash: str
    manifest: bytes
    manifest_length: int
    signers: tuple[str, ...]
    notes: str
    sequence: int
    capabilities: Capabilities = TODAY
    trial_factor: int = 1
    is_urgent: bool = False
    is_reaffirmed: bool = False
    platform: str = ""
    runtimes: tuple[tuple[str, str], ...] = ()
    deltas: tuple[Offer, ...] = ()

    def runtime_on(self, platform: str) -> str:
        """The tree of the runtime that it needs on that platform; "" for the one in use."""
        return dict(self.runtimes).get(platform, "")


def runtime_of(release: Release, platform: str, releases: Sequence[Release]) -> Release | None:
    """The release of the runtime that an app needs on that platform, among those of the same head; None for none.

    None also where that runtime was recalled: then the app can be run only where the runtime is already.
    """
    tree = release.runtime_on(platform)
    listed = (one for one in releases if (one.layer, one.platform, one.tree_hash) == ("runtime", platform, tree))
    return next(listed, None) if tree else None


def releases_in(role: str, statement: Targets, signers: tuple[str, ...]) -> tuple[Release, ...]:
    """The releases that a verified statement of a role which releases anything lists, newest first.

    Raises:
        PolicyViolation: One of them is not described as a release must be.
    """
    if len(statement.targets) > RELEASES_MAX:
        raise PolicyViolation(f"{role} lists {len(statement.targets)} releases, over {RELEASES_MAX}")
    found = [_release(role, path, target, signers) for path, target in sorted(statement.targets.items())]
    sequences = [release.sequence for release in found]
    recalled = recalled_in(statement)
    if role != "vault" and not all(role_of(name) == role for name in recalled):
        raise PolicyViolation(f"{role} recalls a release that is not its own")
    if set(recalled) & set(statement.targets):
        raise PolicyViolation(f"{role} lists a release that was recalled")
    if role != "vault" and reaffirmed_in(statement):
        raise PolicyViolation(f"{role} reaffirms a release; only pods can")
    if floor_of(statement) > highest_sequence(role, statement):
        raise PolicyViolation(f"{role} has a floor above all its releases")
    if len(set(sequences)) != len(sequences) or max(sequences, default=0) > highest_sequence(role, statement):
        raise PolicyViolation(f"{role} numbers its releases wrongly")
    _check_runtimes(found)
    return tuple(sorted(found, key=lambda release: -release.sequence))


def highest_sequence(role: str, statement: Targets) -> int:
    """The highest sequence that the role ever gave to a release.

    Raises:
        PolicyViolation: The statement does not say.
    """
    return _whole_number(f"{role}: its sequence", statement.unrecognized_fields.get(SEQUENCE_FIELD), least=0)


def recalled_in(statement: Targets) -> tuple[str, ...]:
    """The names of all releases that the statement's role ever recalled, sorted.

    Raises:
        PolicyViolation: The field holds something else.
    """
    names = statement.unrecognized_fields.get(RECALLED_FIELD, [])
    if not isinstance(names, list) or len(names) > RECALLED_MAX or not all(map(_is_release_name, names)):
        raise PolicyViolation("the list of recalled releases is no list of releases")
    if names != sorted(set(names)):
        raise PolicyViolation("the list of recalled releases is unsorted or names one twice")
    return tuple(names)


def floor_of(statement: Targets) -> int:
    """The number of the release below which no recall may lead; 0: there is no floor yet.

    Raises:
        PolicyViolation: The field holds something else.
    """
    return _whole_number("the floor", statement.unrecognized_fields.get(FLOOR_FIELD, 0), least=0)


def reaffirmed_in(statement: Targets) -> str:
    """The name of the release that the statement reaffirms; "" if it reaffirms none.

    Raises:
        PolicyViolation: The field holds something else.
    """
    if REAFFIRMED_FIELD not in statement.unrecognized_fields:
        return ""
    name = statement.unrecognized_fields[REAFFIRMED_FIELD]
    if not _is_release_name(name):
        raise PolicyViolation("what is reaffirmed is no release")
    return str(name)


def check_releases(role: str, new: Targets, held: Targets) -> None:
    """Check that a newer statement changes no release that it keeps and numbers every other one higher.

    What was recalled stays recalled, and the floor never falls.

    Raises:
        PolicyViolation: It does not.
    """
    highest = highest_sequence(role, held)
    if highest_sequence(role, new) < highest:
        raise PolicyViolation(f"{role} counts its releases backwards")
    if not set(recalled_in(held)) <= set(recalled_in(new)):
        raise PolicyViolation(f"{role} takes a recall back")
    if floor_of(new) < floor_of(held):
        raise PolicyViolation(f"{role} lowers the floor from {floor_of(held)} to {floor_of(new)}")
    before = {release.name: release for release in releases_in(role, held, ())}
    for release in releases_in(role, new, ()):
        known = before.get(release.name)
        if known is not None and known != release:
            raise PolicyViolation(f"{release.name} is already another release")
        if known is None and release.sequence <= highest:
            raise PolicyViolation(f"{release.name} is new and yet numbered {release.sequence}, not over {highest}")


def open_manifest(release: Release, content: bytes) -> Manifest:
    """Read the manifest of ``release`` from untrusted bytes and check it against what was signed.

    Raises:
        MalformedMetadata: These are not the bytes that were signed, or they are no manifest.
        PolicyViolation: They were signed, and list what such a release may not contain.
    """
    if len(content) != release.manifest_length or hashlib.sha256(content).digest() != release.manifest:
        raise MalformedMetadata(f"{release.name}: this is not the signed manifest")
    try:
        manifest = decode_manifest(content)
    except MalformedMessage as error:
        raise MalformedMetadata(f"{release.name}: {error}") from error
    check_layer(release, manifest)
    return manifest


def check_layer(release: Release, manifest: Manifest) -> None:
    """Check that the manifest is the signed one and that its layer may contain what it lists, whoever signed it.

    Raises:
        MalformedMetadata: It is not the manifest that was signed.
        PolicyViolation: It lists a file outside its layer, or lacks one that the layer cannot do without.
    """
    try:
        content = encode_manifest(manifest)
    except MalformedMessage as error:
        raise MalformedMetadata(f"{release.name}: {error}") from error
    if len(content) != release.manifest_length or hashlib.sha256(content).digest() != release.manifest:
        raise MalformedMetadata(f"{release.name}: this is not the signed manifest")
    check_files(release, manifest)


def check_files(release: Release, manifest: Manifest) -> None:
    """Check that these are the files that were signed, wherever the manifest comes from, and that they may be released.

    Where their chunks are is not asked.

    Raises:
        PolicyViolation: They are not.
    """
    if tree_hash_of(manifest) != release.tree_hash:
        raise PolicyViolation(f"{release.name}: the manifest's files do not have the signed tree hash")
    fault = fault_of(release.layer, release.platform, {file.path: file.is_executable for file in manifest.files})
    if fault:
        raise PolicyViolation(f"{release.name}: {fault}")


def _release(role: str, path: str, target: Any, signers: tuple[str, ...]) -> Release:
    custom, sha256, folder = target.custom, target.hashes.get("sha256"), path.partition("/")[0]
    if not isinstance(custom, dict) or not _is_hex(sha256) or not 0 < target.length <= MANIFEST_BYTES_MAX:
        raise PolicyViolation(f"{role}: {path[:80]!r} is not described as a release")
    layer, version, tree, notes = (custom.get(field) for field in ("layer", "version", "tree", "notes"))
    platform = custom.get(PLATFORM_FIELD, "")
    if not isinstance(version, str) or not VERSION_PATTERN.fullmatch(version) or role_of(path) != role:
        raise PolicyViolation(f"{role}: {path[:80]!r} is not named by its version")
    if LAYER_OF[folder] == "runtime" and not (isinstance(platform, str) and PLATFORM_PATTERN.fullmatch(platform)):
        raise PolicyViolation(f"{path}: it is for no platform that there is")
    if path != name_of(folder, version, platform if LAYER_OF[folder] == "runtime" else ""):
        raise PolicyViolation(f"{role}: {path[:80]!r} is not named by its version")
    if layer != LAYER_OF[folder] or not _is_hex(tree):
        raise PolicyViolation(f"{path}: its layer or its tree hash is not allowed")
    if not isinstance(notes, str) or len(notes) > NOTES_CHARACTERS_MAX:
        raise PolicyViolation(f"{path}: its notes are over {NOTES_CHARACTERS_MAX} characters")
    sequence = _whole_number(f"{path}: its sequence", custom.get("sequence"), least=1)
    is_urgent = URGENT_FIELD in custom
    if is_urgent and (custom[URGENT_FIELD] is not True or role != "vault"):
        raise PolicyViolation(f"{path}: only pods can say that a release is urgent, and they say nothing else there")
    for field in FIELDS_OF_OTHERS[LAYER_OF[folder]]:
        if field in custom:
            raise PolicyViolation(f"{path}: a release of this layer says nothing of its {field}")
    return Release(
        name=path, layer=LAYER_OF[folder], version=version, tree_hash=tree, manifest=bytes.fromhex(sha256),
        manifest_length=target.length, signers=signers, notes=notes, sequence=sequence,
        capabilities=capabilities_in(custom), is_urgent=is_urgent, platform=platform,
        runtimes=_runtimes_in(path, custom), deltas=_deltas_in(path, custom),
    )  # fmt: skip


def _runtimes_in(path: str, custom: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    said = custom.get(RUNTIMES_FIELD, {})
    if not isinstance(said, dict) or len(said) > PLATFORMS_MAX:
        raise PolicyViolation(f"{path}: these are no runtimes")
    for platform, tree in said.items():
        if not PLATFORM_PATTERN.fullmatch(platform) or not _is_hex(tree):
            raise PolicyViolation(f"{path}: these are no runtimes")
    return tuple(sorted(said.items()))


def _deltas_in(path: str, custom: dict[str, Any]) -> tuple[Offer, ...]:
    said = custom.get(DELTAS_FIELD, {})
    if not isinstance(said, dict) or len(said) > DELTAS_MAX:
        raise PolicyViolation(f"{path}: these are no deltas, or over {DELTAS_MAX}")
    found = []
    for tree, offer in sorted(said.items()):
        if not _is_hex(tree) or not isinstance(offer, list) or len(offer) != 2 or not _is_hex(offer[0]):
            raise PolicyViolation(f"{path}: a delta is not named by its address and length")
        if type(offer[1]) is not int or not 0 < offer[1] <= CHUNK_BYTES_MAX:
            raise PolicyViolation(f"{path}: the first chunk of a delta has no length that a chunk can have")
        found.append(Offer(tree, bytes.fromhex(offer[0]), offer[1]))
    return tuple(found)


def _check_runtimes(listed: Sequence[Release]) -> None:
    """Check that whoever can have an app can have its runtimes: they are listed beside it."""
    there = {(release.platform, release.tree_hash) for release in listed if release.layer == "runtime"}
    for release in listed:
        for platform, tree in release.runtimes:
            if (platform, tree) not in there:
                raise PolicyViolation(f"{release.name} needs a runtime for {platform} that is not listed")


def _is_release_name(name: Any) -> bool:
    return isinstance(name, str) and role_of(name) != ""


def _is_hex(text: Any) -> TypeGuard[str]:
    return isinstance(text, str) and HASH_PATTERN.fullmatch(text) is not None


def _whole_number(what: str, number: Any, least: int) -> int:
    if type(number) is not int or not least <= number <= SEQUENCE_MAX:
        raise PolicyViolation(f"{what} is no number in range")
    return number
