"""What TUF leaves open and Perennial needs.  Pure functions over metadata whose signatures were already checked.

    who    every pod has one key and one id, and in most networks a hybrid key of its own for the root role; `vault` and
           `app` are signed by pods that the root names, `foundation` by founders only, who hold no pod's key
    how    thresholds have floors, and a majority signs, so that two disjoint groups can never both be enough
    where  every delegated role has folders of its own
    until  the foundation's date stands in the root, only shrinks, and no statement of the foundation outlives it
    what   a statement says of which role and which network it is: pods have one key for several roles, and without
           this two honest statements of two roles would look like two contradicting ones of one
    after  a root, and every statement of targets, names the signed bytes of its predecessor; nothing ever goes back

Fields of ours in signed metadata: ``x-prev`` (hex SHA-256 of the predecessor's signed part), ``x-role`` and
``x-network`` (hex SHA-256 of the genesis root's signed part; of targets of every role and of the snapshot), ``x-pods``
and ``x-founders`` (key id -> name), ``x-root-keys`` (key id of the root role -> name of its pod; absent where the pods
sign roots with the keys of ``x-pods``), ``x-foundation-until``, ``x-resolves`` (root, see ``equivocation.py``),
``x-signed-at`` (snapshot, timestamp), ``x-signed`` (hex SHA-256 of the signed part of each file that they list), and
those of ``release.py``.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Final, TypeVar

from node.trust.errors import Equivocation, MalformedMetadata, PolicyViolation, Rollback
from node.trust.hybrid import HybridKey
from node.trust.metadata import (
    NAMED_FIELD,
    MetaFile,
    Root,
    Snapshot,
    Statement,
    Targets,
    Timestamp,
    halves_of,
    signed_time,
)

PREVIOUS_FIELD: Final = "x-prev"
PODS_FIELD: Final = "x-pods"
ROOT_KEYS_FIELD: Final = "x-root-keys"
FOUNDERS_FIELD: Final = "x-founders"
UNTIL_FIELD: Final = "x-foundation-until"
SIGNED_AT_FIELD: Final = "x-signed-at"
ROLE_FIELD: Final = "x-role"
NETWORK_FIELD: Final = "x-network"
RESOLVES_FIELD: Final = "x-resolves"

THRESHOLD_MIN: Final = 3  # of pods, for everything but the timestamp
FOUNDERS_THRESHOLD_MIN: Final = 2
NAME_CHARACTERS_MAX: Final = 40
KEYTYPE: Final = "ed25519"
PUBLIC_KEY_BYTES: Final = 32
HASH_PATTERN: Final = re.compile(r"[0-9a-f]{64}")

FOLDERS: Final[Mapping[str, tuple[str, ...]]] = {
    "vault": ("vault",),
    "app": ("app", "runtime"),
    "foundation": ("foundation",),
}

SameKind = TypeVar("SameKind", Statement[Root], Statement[Timestamp], Statement[Snapshot], Statement[Targets])


def high_threshold(pods: int) -> int:
    """Signatures for root, targets and `app`: three quarters of the pods, 4 of 5."""
    return max(THRESHOLD_MIN, -(-3 * pods // 4))


def majority(pods: int) -> int:
    """Signatures for snapshot and `vault`: more than half of the pods, 3 of 5."""
    return max(THRESHOLD_MIN, pods // 2 + 1)


def check_root(new: Root, old: Statement[Root] | None) -> None:
    """Check a root alone and, unless it is the genesis root, against the one before.

    Raises:
        PolicyViolation: It weakens what a root may not weaken.
    """
    _check_keys(new.keys, _hybrid_ids(new))
    names, root_names = pod_names(new), root_key_names(new)
    if set(root_names) != set(new.roles["root"].keyids) or set(root_names.values()) != set(names.values()):
        raise PolicyViolation("the root does not name every pod")
    if any(names.get(keyid, name) != name for keyid, name in root_names.items()):
        raise PolicyViolation("one key belongs to two pods")
    for role, floor in (("root", high_threshold), ("targets", high_threshold), ("snapshot", majority)):
        _check_threshold(role, new.roles[role].threshold, floor(len(new.roles[role].keyids)))
    for role, given in new.roles.items():
        if role != "root" and not set(given.keyids) <= set(names):
            raise PolicyViolation("the root gives a role to a key that is no pod's")
    if set(new.keys) & set(founder_names(new)) or set(names.values()) & set(founder_names(new).values()):
        raise PolicyViolation("a pod is also a founder")
    until = foundation_until(new)
    resolved_conflict(new)
    if old is None:
        return
    before = foundation_until(old.signed)
    # The date must not vanish either, or a later root could bring it back.
    if (until is None) != (before is None) or (until is not None and before is not None and until > before):
        raise PolicyViolation("the foundation's time may only shrink")
    if is_hybrid(old.signed) and not is_hybrid(new):
        raise PolicyViolation("the root goes back to keys that are not hybrid")
    if new.unrecognized_fields.get(PREVIOUS_FIELD) != old.signed_hash:
        raise PolicyViolation("the root does not name its predecessor")


def check_delegations(targets: Targets, root: Root) -> tuple[str, ...]:
    """Check who may sign which folder; return the names of the delegated roles.

    Roles that this version does not know are allowed, so that later ones can be added: they have folders of their own
    and nothing here reads what they list.

    Raises:
        PolicyViolation: A delegation gives somebody more than design allows.
    """
    if targets.targets:
        raise PolicyViolation("top-level targets list a release")
    if targets.delegations is None or not targets.delegations.roles:
        raise PolicyViolation("nothing is delegated")
    roles, keys = targets.delegations.roles, targets.delegations.keys
    _check_keys({**root.keys, **keys}, _hybrid_ids(root) - set(keys))
    for keyid in sorted(set(keys) & set(root.keys)):
        if keys[keyid].keyval != root.keys[keyid].keyval:
            raise PolicyViolation("one key id stands for two keys")
    if not {"vault", "app"} <= set(roles):
        raise PolicyViolation("vault or app is not delegated")
    _check_folders({name: role.paths for name, role in roles.items()})
    pods, founders = set(pod_names(root)), set(founder_names(root))
    for name, floor in (("vault", majority), ("app", high_threshold)):
        if not set(roles[name].keyids) <= pods:
            raise PolicyViolation(f"{name} is delegated to a key that is no pod's")
        _check_threshold(name, roles[name].threshold, floor(len(roles[name].keyids)))
    if "foundation" in roles:
        members = roles["foundation"].keyids
        if foundation_until(root) is None or not set(members) <= founders:
            raise PolicyViolation("foundation is delegated to a key that is no founder's, or for ever")
        least = max(FOUNDERS_THRESHOLD_MIN, len(members) // 2 + 1)
        _check_threshold("foundation", roles["foundation"].threshold, least)
    return tuple(roles)


def check_delegated(role: str, statement: Targets, root: Root) -> None:
    """Check one delegated statement by itself.

    Raises:
        PolicyViolation: It lists what is not its own, delegates further, or outlives the foundation's date.
    """
    if statement.delegations is not None:
        raise PolicyViolation(f"{role} delegates further")
    for path in statement.targets if role in FOLDERS else ():
        if path.partition("/")[0] not in FOLDERS[role]:
            raise PolicyViolation(f"{role} lists {path[:80]!r}, which is not its own")
    until = foundation_until(root)
    if role == "foundation" and (until is None or statement.expires > until):
        raise PolicyViolation("a statement of the foundation outlives its date")


def check_named(roles: Iterable[str], listed: Mapping[str, MetaFile]) -> None:
    """Check that these statements are listed by hash, so that one version cannot stand for two contents.

    That they are the ones that were named, and listed at all, is checked when each of them is added.

    Raises:
        MalformedMetadata: One is listed by its version alone.
    """
    for role in roles:
        meta = listed.get(f"{role}.json")
        if meta is not None and NAMED_FIELD not in meta.unrecognized_fields:
            raise MalformedMetadata(f"{role} is listed by its version alone")


def check_listed(new: Snapshot, held: Snapshot) -> None:
    """Check that the newer snapshot drops no role and takes none back, also those that are no longer delegated.

    Raises:
        Rollback: It does.
    """
    for name, meta in held.meta.items():
        later = new.meta.get(name)
        if later is None or later.version < meta.version:
            raise Rollback(f"{name[:60]!r} went back behind version {meta.version}")


def check_succession(role: str, new: SameKind, held: SameKind) -> bool:
    """Check that ``new`` may follow ``held``, both of ``role`` and verified; whether it is newer.

    Raises:
        Rollback: It is older.
        Equivocation: It has the same version and says something else.
        PolicyViolation: It is the next one of its chain and does not name ``held`` as its predecessor.
    """
    version, before = new.signed.version, held.signed.version
    if version < before:
        raise Rollback(f"{role} version {version} is older than {before}, which is known")
    if version == before and new.signed_hash != held.signed_hash:
        raise Equivocation(role, version, held.content, new.content)
    # Across a gap the predecessor is not at hand: the gap is bound by version and threshold only.
    if isinstance(new.signed, Root | Targets) and version == before + 1 and previous_of(new.signed) != held.signed_hash:
        raise PolicyViolation(f"{role} version {version} does not name the predecessor that is known: a fork")
    return version > before


def check_scope(role: str, signed: Snapshot | Targets, origin: bytes) -> None:
    """Check that a statement says that it is of this role and network.

    Raises:
        PolicyViolation: It says something else, or nothing.
    """
    fields = signed.unrecognized_fields
    if fields.get(ROLE_FIELD) != role or fields.get(NETWORK_FIELD) != origin.hex():
        raise PolicyViolation(f"{role[:40]} does not say that it is of this role and network")


def scope_fields(role: str, origin: bytes) -> dict[str, str]:
    """The fields by which a statement says of what role and network it is."""
    return {ROLE_FIELD: role, NETWORK_FIELD: origin.hex()}


def previous_of(signed: Root | Targets) -> str:
    """The hash of the predecessor that a statement names, in hex; "" if it names none."""
    return _hash_in(signed, PREVIOUS_FIELD)


def resolved_conflict(root: Root) -> str:
    """The identity of the conflict that a root resolves; "" if it resolves none.

    Raises:
        PolicyViolation: There is something else in the field.
    """
    if RESOLVES_FIELD in root.unrecognized_fields and not _hash_in(root, RESOLVES_FIELD):
        raise PolicyViolation("what the root resolves is not named by a hash")
    return _hash_in(root, RESOLVES_FIELD)


def _hash_in(signed: Root | Targets, field: str) -> str:
    text = signed.unrecognized_fields.get(field)
    return text if isinstance(text, str) and HASH_PATTERN.fullmatch(text) else ""


def foundation_until(root: Root) -> datetime | None:
    """The foundation's date; None: there is no foundation.

    Raises:
        PolicyViolation: There is something else in the field.
    """
    if UNTIL_FIELD not in root.unrecognized_fields:
        return None
    until = signed_time(root, UNTIL_FIELD)
    if until is None:
        raise PolicyViolation("the foundation's date is no date")
    return until


def is_foundation_over(root: Root, now: datetime) -> bool:
    """Whether the foundation's keys open nothing, or nothing any more."""
    until = foundation_until(root)
    return until is None or until < now


def signed_at(snapshot: Snapshot) -> datetime:
    """When the pods say that they signed the snapshot.

    Raises:
        PolicyViolation: They do not say, or say a time after its own expiry.
    """
    moment = signed_time(snapshot, SIGNED_AT_FIELD)
    if moment is None or moment >= snapshot.expires:
        raise PolicyViolation("the snapshot does not say when it was signed")
    return moment


def confirmed_at(timestamp: Timestamp) -> datetime | None:
    """When the pod that signed the timestamp says that it did; None: it does not say.

    One pod's word: good to be told to people, never to be counted on.
    """
    return signed_time(timestamp, SIGNED_AT_FIELD)


def pod_names(root: Root) -> dict[str, str]:
    """Key id -> name of every pod."""
    return _names(root, PODS_FIELD)


def root_key_names(root: Root) -> dict[str, str]:
    """Key id -> name of the pod, for every key that may sign the next root."""
    return _names(root, ROOT_KEYS_FIELD) if ROOT_KEYS_FIELD in root.unrecognized_fields else pod_names(root)


def is_hybrid(root: Root) -> bool:
    """Whether nobody can sign the next root with an Ed25519 key alone."""
    return all(isinstance(root.keys.get(keyid), HybridKey) for keyid in root.roles["root"].keyids)


def founder_names(root: Root) -> dict[str, str]:
    """Key id -> name of every founder."""
    return _names(root, FOUNDERS_FIELD)


def founder_halves(targets: Targets) -> frozenset[str]:
    """The raw public keys, in hex, of the founders who may sign for the foundation."""
    delegations = targets.delegations
    role = (delegations.roles or {}).get("foundation") if delegations else None
    if delegations is None or role is None:
        return frozenset()
    return frozenset(half for keyid in role.keyids for half in halves_of(delegations.keys[keyid]))


def names_in(root: Root) -> dict[str, str]:
    """Key id -> name of everybody who may sign anything; a pod with two keys stands under both."""
    return pod_names(root) | root_key_names(root) | founder_names(root)


def _names(root: Root, field: str) -> dict[str, str]:
    names: Any = root.unrecognized_fields.get(field, {})
    if not isinstance(names, dict) or len(set(map(str, names.values()))) != len(names):
        raise PolicyViolation(f"{field} is no list of different names")
    for name in names.values():
        if not isinstance(name, str) or not 0 < len(name) <= NAME_CHARACTERS_MAX or not name.isprintable():
            raise PolicyViolation(f"{field} holds a name that is not allowed")
    return dict(names)


def _check_threshold(role: str, threshold: int, floor: int) -> None:
    if threshold < floor:
        raise PolicyViolation(f"{role} would need {threshold} signatures only, the floor is {floor}")


def _hybrid_ids(root: Root) -> set[str]:
    """The ids of those keys that may be hybrid: they sign roots and nothing else."""
    return set(root_key_names(root)) - set(pod_names(root))


def _check_keys(keys: Mapping[str, Any], hybrid_ids: Collection[str]) -> None:
    """Refuse keys of other types, and key material under two ids: TUF counts ids, so such a key would count twice."""
    seen: dict[bytes, str] = {}
    for keyid, key in sorted(keys.items()):
        for material in _material(key, may_be_hybrid=keyid in hybrid_ids):
            if material in seen:
                raise PolicyViolation(f"one key under two ids: {seen[material][:8]} and {keyid[:8]}")
            seen[material] = keyid


def _material(key: Any, *, may_be_hybrid: bool) -> tuple[bytes, ...]:
    """The raw public keys that a key consists of."""
    try:
        if isinstance(key, HybridKey) and may_be_hybrid:
            return key.halves()
        if (key.keytype, key.scheme) != (KEYTYPE, KEYTYPE):
            raise PolicyViolation(f"a key of type {key.keytype[:20]!r} is not allowed here")
        material = bytes.fromhex(key.keyval["public"])
    except (KeyError, TypeError, ValueError) as error:
        raise PolicyViolation("a key cannot be read") from error
    if len(material) != PUBLIC_KEY_BYTES:
        raise PolicyViolation("a key has the wrong length")
    return (material,)


def _check_folders(paths_of: Mapping[str, list[str] | None]) -> None:
    owners: dict[str, str] = {}
    for role, paths in paths_of.items():
        for pattern in paths or ():
            folder, _, rest = pattern.partition("/")
            if not folder.isalnum() or rest != "*":
                raise PolicyViolation(f"{role[:40]} is given {pattern[:80]!r}, which is no folder")
            if owners.setdefault(folder, role) != role:
                raise PolicyViolation(f"{role[:40]} and {owners[folder][:40]} share the folder {folder[:80]!r}")
            if not set(FOLDERS.get(role, ())) >= {folder} and (role in FOLDERS or _is_ours(folder)):
                raise PolicyViolation(f"{role[:40]} is given the folder {folder[:80]!r}")
        if not paths:
            raise PolicyViolation(f"{role[:40]} is given no folder")


def _is_ours(folder: str) -> bool:
    return any(folder in folders for folders in FOLDERS.values())
