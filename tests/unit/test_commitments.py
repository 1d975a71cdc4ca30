"""Every certificate carries a commitment: a farm's is its own for long, and nobody else's looks any different."""

from __future__ import annotations

import asyncio
import os
import random
from pathlib import Path

import msgspec
import pytest

from node.prober.__main__ import _throw_away_record
from node.supervisor.home import Home
from node.supervisor.keys import Keys, load
from node.supervisor.supervisor import Supervisor
from node.supervisor.twins import twin_key
from node.trial import membership
from node.update.store import Store
from node.vault.core.identity import (
    COMMITMENT_BYTES,
    Certificate,
    Signer,
    certify,
    check_certificate,
    decode_certificate,
    verify,
)
from node.vault.errors import BadSignature
from tests.signed_world import NOW, World

NOW_S = 1_800_000_000.0


def keys_in(folder: Path) -> Keys:
    try:
        home = Home.open(folder)
    except Exception:  # noqa: BLE001 - at the first time there is none
        home = Home.make(folder, kind="practice", root=b"genesis", bind="127.0.1.1:0", quota_bytes=64 << 20)
    return asyncio.run(load(home, os.urandom))


def commitment_in(certificate: bytes) -> bytes:
    return decode_certificate(certificate, NOW_S).commitment


def test_a_farm_keeps_its_commitment_over_runs_renewals_and_restarts(tmp_path: Path):
    keys = keys_in(tmp_path)
    run = keys.new_run(NOW_S)
    given = [run, keys.renew(run, NOW_S), keys.new_run(NOW_S), keys_in(tmp_path).new_run(NOW_S)]
    assert {commitment_in(one.certificate) for one in given} == {membership.commitment(keys.membership_seed)}


def test_a_farm_whose_releases_have_used_a_chain_up_commits_itself_to_the_next_one_with_its_next_certificate(
    tmp_path: Path,
):
    keys = keys_in(tmp_path)
    run = keys.new_run(NOW_S)

    keys.highest_release = lambda: membership.CHAIN_LENGTH

    renewed, number = keys.renew(run, NOW_S), membership.CHAIN_LENGTH + 1
    assert commitment_in(renewed.certificate) != commitment_in(run.certificate)
    revealed = membership.reveal(keys.membership_seed, "vault", number)
    membership.check_reveal(commitment_in(renewed.certificate), revealed, "vault", number)


def test_how_far_releases_are_numbered_a_node_knows_from_its_start_on(tmp_path: Path):
    signed = World()
    signed.release("0.1.1")
    signed.head = signed.change("vault", lambda vault: vault.unrecognized_fields.update({"x-sequence": 3_000}))
    folder = tmp_path / "home"
    home = Home.make(folder, kind="practice", root=signed.genesis, bind="127.0.1.1:0", quota_bytes=64 << 20)
    Store(home.state).save_chain(signed.accept().chain)
    keys = keys_in(folder)

    Supervisor(home, keys, random=random.Random(1), utc_s=NOW.timestamp)

    assert keys.highest_release() == 3_000


def test_two_farms_have_two_commitments(tmp_path: Path):
    first, second = keys_in(tmp_path / "1"), keys_in(tmp_path / "2")
    assert first.membership_seed != second.membership_seed
    assert commitment_in(first.new_run(NOW_S).certificate) != commitment_in(second.new_run(NOW_S).certificate)


def test_what_a_vault_is_given_leads_to_no_place_in_any_wave(tmp_path: Path):
    keys = keys_in(tmp_path)
    run = keys.new_run(NOW_S)
    given = run.seed + run.transport_key + run.certificate
    assert keys.membership_seed not in given
    assert membership.reveal(keys.membership_seed, "vault", 1) not in given


def test_a_twins_is_as_long_as_a_farms_steady_over_its_runs_and_another_one_for_each_twin():
    runs = [commitment_in(twin_key(seed, os.urandom, NOW_S).certificate) for seed in (b"a" * 32, b"a" * 32, b"b" * 32)]
    assert runs[0] == runs[1] != runs[2]
    assert {len(commitment) for commitment in runs} == {COMMITMENT_BYTES}


def test_a_probers_looks_like_any_other():
    commitments = {_throw_away_record(os.urandom(32), NOW_S).certificate.commitment for _ in range(2)}
    assert [len(commitment) for commitment in commitments] == [COMMITMENT_BYTES] * 2


def test_a_vault_cannot_change_the_commitment_in_its_certificate():
    certificate = certify(Signer(bytes(32)), b"k" * 32, serial=1, now_s=NOW_S, commitment=b"c" * 32)
    for changed in (b"d" * 32, b""):
        with pytest.raises(BadSignature):
            check_certificate(msgspec.structs.replace(certificate, commitment=changed), NOW_S)
    check_certificate(msgspec.msgpack.decode(msgspec.msgpack.encode(certificate), type=Certificate), NOW_S)


def test_a_farm_signs_its_notes_with_its_vault_id(tmp_path: Path):
    keys = keys_in(tmp_path)
    verify(keys.vault_id, keys.sign(b"a note"), b"a note")
