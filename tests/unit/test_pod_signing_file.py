"""The one file that pods exchange: nobody signs what only somebody else's computer made."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from node.pod import network, plans
from node.pod.errors import PodError
from node.pod.finish import finish
from node.pod.invitation import Invitation
from node.pod.known import KnownNetwork
from node.pod.network import published
from node.pod.plans import Beating, Founding, Recalling, Releasing, Rotating
from node.pod.proposal import Proposal
from node.pod.sign import open_to_sign
from node.pod.signing_file import AGE_MAX, BYTES_MAX, begin, encode_file, merge, open_file
from node.pod.statements import heartbeat
from node.trust.chain import Chain
from node.trust.head import encode
from node.trust.metadata import Root, Targets, Timestamp, read
from node.trust.policy import is_hybrid
from tests.pod_world import FOUNDERS, PODS, PodWorld, founding, member, signed
from tests.signed_world import DAY, NOW, built

ENOUGH = ("ash", "birch", "cedar", "elm", "founder-1", "founder-2")


@pytest.fixture
def world(tmp_path: Path) -> PodWorld:
    return PodWorld(tmp_path)


def rewrite(file: Path, change: Callable[[Any], None]) -> None:
    content = json.loads(file.read_bytes())
    change(content)
    file.write_text(json.dumps(content))


class TestFounding:
    def test_pods_that_never_met_found_a_network_that_farms_accept(self, tmp_path: Path) -> None:
        proposal = begin(founding(), None, NOW)
        copies = [signed(proposal, name) for name in ENOUGH]
        (tmp_path / "file").write_bytes(encode_file(merge(copies)))

        finish(tmp_path / "file", tmp_path / "net", NOW)

        verified = network.check(tmp_path / "net", network.current_head(tmp_path / "net"), NOW)
        assert verified.releases == ()
        assert is_hybrid(read(network.genesis(tmp_path / "net"), Root).signed)

    def test_no_private_key_is_in_the_file_or_in_the_network(self, world: PodWorld) -> None:
        names = {path.name for path in world.net.iterdir()}
        written = b"".join(path.read_bytes() for path in world.folder.rglob("*") if path.is_file())

        assert names == {"root.json", "metadata"}
        assert member("ash").signer.private_bytes not in written

    @pytest.mark.parametrize(
        ("names", "missing"),
        [
            (("ash", "birch", "cedar", "founder-1", "founder-2"), "root by 1 more"),
            (("ash", "birch", "cedar", "elm", "founder-1"), "foundation by 1 more"),
            (FOUNDERS, "timestamp by 1 more"),
        ],
    )
    def test_too_few_signatures_are_named_and_found_nothing(
        self, tmp_path: Path, names: tuple[str, ...], missing: str
    ) -> None:
        (tmp_path / "file").write_bytes(encode_file(signed(begin(founding(), None, NOW), *names)))

        with pytest.raises(PodError, match=missing):
            finish(tmp_path / "file", tmp_path / "net", NOW)
        assert not (tmp_path / "net").exists()

    def test_one_pod_many_times_is_one_signature(self) -> None:
        proposal = begin(founding(), None, NOW)
        merged = merge([signed(proposal, "ash"), signed(proposal, "ash", "ash")])

        assert {count.role: count.signers for count in merged.counts()}["root"] == ("ash",)

    def test_a_stranger_signs_nothing(self) -> None:
        with pytest.raises(PodError, match="neither a pod nor a founder"):
            signed(begin(founding(), None, NOW), "maple")

    @pytest.mark.parametrize(
        ("pods", "founders", "sentence"),
        [
            (("ash", "birch"), (), "3 to 12 pods, not 2"),
            (PODS, ("founder-1",), "2 to 9, not 1"),
            ((*PODS, "ash"), (), "the same name"),
            (PODS, ("ash", "founder-1"), "the same name"),
        ],
    )
    def test_an_impossible_network_is_not_drafted(
        self, pods: tuple[str, ...], founders: tuple[str, ...], sentence: str
    ) -> None:
        with pytest.raises(PodError, match=sentence):
            begin(founding(pods, founders), None, NOW)

    def test_one_key_under_two_names_is_refused(self) -> None:
        ash = member("ash")
        twin = Invitation.of(type(ash)("ash-2", ash.signer, ash.root_signer))
        plan = Founding((*founding().pods, twin), ())

        with pytest.raises(PodError, match="the same key"):
            begin(plan, None, NOW)

    def test_a_pod_that_was_exchanged_after_the_others_signed_voids_the_file(self, tmp_path: Path) -> None:
        file = tmp_path / "file"
        file.write_bytes(encode_file(signed(begin(founding(), None, NOW), "ash")))
        intruder = msgspec.to_builtins(Invitation.of(member("intruder")))
        rewrite(file, lambda content: content["plan"]["pods"].__setitem__(4, intruder))

        with pytest.raises(PodError, match="is not what the plan comes to"):
            open_file(file, None)

    def test_what_is_finished_is_not_to_be_drafted_again(self, world: PodWorld) -> None:
        beating = world.file(signed(begin(Beating(), published(world.net), NOW), "ash"))
        finish(beating, world.net, NOW)

        with pytest.raises(PodError, match=r"is finished already: .* says what it signed"):
            finish(beating, world.net, NOW)

        late = world.file(signed(begin(Beating(), published(world.net), NOW), "ash"))
        world.do(Beating(), "birch", now=NOW + DAY)
        with pytest.raises(PodError, match="a heartbeat went out since"):
            finish(late, world.net, NOW + DAY)

    def test_a_network_is_not_founded_over_another_one(self, world: PodWorld) -> None:
        file = world.file(signed(begin(founding(), None, NOW), *ENOUGH))
        before = (world.net / "root.json").read_bytes()

        with pytest.raises(PodError, match="holds a network already"):
            finish(file, world.net, NOW)
        assert (world.net / "root.json").read_bytes() == before


class TestMerging:
    @pytest.mark.long
    @settings(deadline=None, max_examples=20)
    @given(st.permutations(ENOUGH), st.integers(1, 5))
    def test_the_order_does_not_matter(self, names: list[str], cut: int) -> None:
        copies = {name: COPIES[name] for name in names}
        at_once = merge(list(copies.values()))
        halves = [merge([copies[name] for name in part]) for part in (names[:cut], names[cut:])]

        assert encode_file(at_once) == encode_file(merge(halves)) == encode_file(merge([COPIES[n] for n in ENOUGH]))

    def test_the_timestamp_keeps_one_signature(self) -> None:
        assert len(merge(list(COPIES.values())).statements["timestamp"].signatures) == 1

    def test_files_of_different_plans_are_not_merged(self) -> None:
        with pytest.raises(PodError, match="not copies of one signing file"):
            merge([begin(founding(), None, NOW), begin(founding(founders=()), None, NOW)])

    def test_files_of_different_moments_are_not_merged(self) -> None:
        with pytest.raises(PodError, match="not copies of one signing file"):
            merge([begin(founding(), None, NOW), begin(founding(), None, NOW + DAY)])

    def test_a_signature_that_is_not_right_is_found_when_the_file_is_opened(self, tmp_path: Path) -> None:
        file = tmp_path / "file"
        file.write_bytes(encode_file(signed(begin(founding(), None, NOW), "ash")))

        def spoil(content: Any) -> None:
            root = json.loads(content["statements"]["root"])
            signature = root["signatures"][0]["sig"]
            root["signatures"][0]["sig"] = signature[:-1] + ("0" if signature[-1] != "0" else "1")
            content["statements"]["root"] = json.dumps(root)

        rewrite(file, spoil)
        with pytest.raises(PodError, match="the root carries a signature of ash that is not valid"):
            open_file(file, None)

    def test_a_signature_of_somebody_else_is_found_too(self, tmp_path: Path) -> None:
        proposal = begin(founding(), None, NOW)
        proposal.statements["targets"].sign(member("maple").signer, append=True)
        (tmp_path / "file").write_bytes(encode_file(proposal))

        with pytest.raises(PodError, match="a signature of somebody else"):
            open_file(tmp_path / "file", None)


FOUNDING = begin(founding(), None, NOW)
COPIES = {name: signed(FOUNDING, name) for name in ENOUGH}


class TestWhatIsOpened:
    """A heartbeat serves as the example: whatever is checked of it is checked of every file."""

    def test_what_was_written_is_what_is_read(self, world: PodWorld) -> None:
        file = world.draft(Beating())

        assert encode_file(open_file(file, published(world.net))) == file.read_bytes()

    def test_a_file_of_another_network_is_refused(self, world: PodWorld, tmp_path: Path) -> None:
        (tmp_path / "b").mkdir()
        other = PodWorld(tmp_path / "b", founders=())
        file = other.draft(Beating())

        with pytest.raises(PodError, match="is of another network"):
            open_file(file, published(world.net))

    def test_also_one_that_only_claims_to_be_of_this_network(self, world: PodWorld, tmp_path: Path) -> None:
        (tmp_path / "b").mkdir()
        file = PodWorld(tmp_path / "b", founders=()).draft(Beating())
        rewrite(file, lambda content: content.update(network=published(world.net).network))

        with pytest.raises(PodError, match=r"no farm would accept: .* is of this role and network"):
            open_file(file, published(world.net))

    def test_without_a_network_nothing_but_a_founding_is_opened(self, world: PodWorld) -> None:
        with pytest.raises(PodError, match="say in which folder that network lies"):
            open_file(world.draft(Beating()), None)

    def test_a_founding_does_not_pass_for_a_file_of_a_network(self, world: PodWorld) -> None:
        file = world.file(begin(founding(), None, NOW))
        rewrite(file, lambda content: content.update(network=published(world.net).network))

        with pytest.raises(PodError, match="is one of a network already"):
            open_file(file, published(world.net))

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"null",
            b"{}",
            b"[" * 100_000,
            b'{"plan":' * 50_000,
            b"\xff\xfe{}",
            "{}".encode("utf-16"),
            b'{"format": 1, "format": 1}',
            b'{"format": 1.5}',
            b'{"format": 1e999}',
            b'{"format": NaN}',
            b'{"format": ' + b"9" * 5_000 + b"}",
            b'{"format": "\\ud800"}',
            b" " * (BYTES_MAX + 1),
        ],
        ids=range(14),
    )
    def test_what_is_no_signing_file_is_one_sentence(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "file").write_bytes(content)

        with pytest.raises(PodError, match="file is") as caught:
            open_file(tmp_path / "file", None)
        assert "\n" not in str(caught.value)

    @pytest.mark.parametrize(
        "change",
        [
            lambda content: content.update(format=2),
            lambda content: content.update(kind="perennial head"),
            lambda content: content.update(more=1),
            lambda content: content.update(at="yesterday"),
            lambda content: content.update(stamped_at="2026-11-22"),
            lambda content: content.update(at="9999-12-31T23:59:59Z"),
            lambda content: content.update(stamped_at="9999-12-31T23:59:59Z"),
            lambda content: content.update(plan={"purpose": "erase"}),
            lambda content: content.update(base=None),
            lambda content: content["statements"].clear(),
            lambda content: content["statements"].update(vault="{}"),
            lambda content: content["statements"].update(timestamp="{}"),
            lambda content: content["statements"].update(timestamp="[" * 50_000),
            lambda content: content["base"].update(snapshot=""),
            lambda content: content["base"].update(timestamp="AAAA"),
            lambda content: content["base"].update(roots=["AAAA"]),
            lambda content: content["base"]["delegated"].update({"../x": ""}),
            lambda content: content["base"]["delegated"].pop("vault"),
            lambda content: content.update(at="2026-11-21T12:00:00Z", stamped_at="2026-11-21T12:00:00Z"),
        ],
        ids=range(19),
    )
    def test_no_part_of_it_can_be_changed(self, world: PodWorld, change: Callable[[Any], None]) -> None:
        file = world.draft(Beating())
        rewrite(file, change)

        with pytest.raises(PodError):
            open_file(file, published(world.net))

    @pytest.mark.parametrize("length", [-1, 0, 1 << 40])
    def test_no_release_has_a_manifest_of_such_a_length(self, world: PodWorld, length: int) -> None:
        file = world.draft(Releasing(built("0.1.1").release, built("0.1.1").manifest))
        rewrite(file, lambda content: content["plan"]["release"].update(manifest_length=length))

        with pytest.raises(PodError):
            open_file(file, published(world.net))

    def test_what_the_plan_does_not_say_does_not_hide_in_a_statement(self, world: PodWorld) -> None:
        """The drafter adds a year to the timestamp; nobody would see it in the plan."""
        file = world.draft(Beating())

        def extend(content: Any) -> None:
            content["statements"]["timestamp"] = content["statements"]["timestamp"].replace("2027-01", "2028-01")

        rewrite(file, extend)
        with pytest.raises(PodError, match=r"the timestamp in .* is not what the plan comes to"):
            open_file(file, published(world.net))

    @pytest.mark.parametrize("late", [AGE_MAX + timedelta(seconds=1), -timedelta(hours=1, seconds=1)])
    def test_nobody_signs_what_was_drafted_long_ago_or_in_the_future(self, world: PodWorld, late: timedelta) -> None:
        file = world.draft(Beating())

        with pytest.raises(PodError, match="over 30 days old or in the future"):
            open_to_sign(file, world.net, NOW + late)

    def test_control_characters_in_a_file_do_not_reach_the_terminal(self, world: PodWorld) -> None:
        file = world.draft(Beating())
        rewrite(file, lambda content: content.update(network="\x1b[2J\x1b[31mx"))

        with pytest.raises(PodError) as caught:
            open_file(file, published(world.net))
        assert str(caught.value).isprintable()


class TestWhatItBuildsOn:
    def test_a_pod_that_was_away_catches_up_from_the_file(self, world: PodWorld) -> None:
        home = world.home_of("fir")
        world.do(Rotating(), "ash", "birch", "cedar", "elm", now=NOW + DAY)
        world.do(Beating(), "ash", now=NOW + 2 * DAY)

        file = world.draft(Beating(), NOW + 3 * DAY)
        world.sign(file, "fir", now=NOW + 3 * DAY)

        assert published(home) == published(world.net)

    def test_a_file_that_something_else_overtook_is_refused(self, world: PodWorld) -> None:
        file = world.draft(Rotating())
        world.do(Rotating(), "ash", "birch", "cedar", "elm", now=NOW + DAY)

        with pytest.raises(PodError, match="published something since"):
            open_file(file, published(world.net))

    def test_a_file_that_builds_on_what_was_never_published_is_refused(self, world: PodWorld) -> None:
        """Two pods sign a rotation between themselves and draft the next step on top of it."""
        file = world.draft(Rotating())
        world.sign(file, "ash", "birch")
        known = published(world.net)
        forged = open_file(file, known).outcome()
        next_file = world.file(begin(Beating(), forged, NOW))

        with pytest.raises(PodError, match="no farm would accept"):
            open_file(next_file, known)

    def test_a_file_on_another_branch_is_refused(self, world: PodWorld, tmp_path: Path) -> None:
        """All pods sign two rotations: whoever knows the one does not sign on top of the other."""
        shutil.copytree(world.net, tmp_path / "branch")
        four = ("ash", "birch", "cedar", "elm")
        known = published(world.net)
        branches = [signed(begin(Rotating(), known, NOW + days * DAY), *four) for days in (1, 2)]
        finish(world.file(branches[0]), world.net, NOW + DAY)
        finish(world.file(branches[1]), tmp_path / "branch", NOW + 2 * DAY)
        file = world.file(begin(Beating(), published(tmp_path / "branch"), NOW + 2 * DAY))

        with pytest.raises(PodError, match="something else than what this network published"):
            open_file(file, published(world.net))

    def test_a_timestamp_that_nobody_signed_does_not_number_the_next_one(self, world: PodWorld) -> None:
        known = published(world.net)
        stamp = read(known.head.timestamp, Timestamp).metadata
        stamp.signed.version = 1 << 30
        forged = known.stamped(stamp.to_bytes())
        file = world.file(begin(Beating(), forged, NOW))

        with pytest.raises(PodError, match="no farm would accept"):
            open_file(file, known)

    def test_nor_does_a_statement_that_nobody_signed_get_in_behind_a_heartbeat(
        self, world: PodWorld, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """The forged statement lists a release; the recall on top of it would keep that release listed."""
        four = ("ash", "birch", "cedar", "elm")
        for version in ("0.1.1", "0.1.2"):
            world.do(Releasing(built(version).release, built(version).manifest), *four)
        known = published(world.net)
        forged = read(known.head.delegated["vault"], Targets).metadata
        forged.signed.targets["vault/evil"] = forged.signed.targets.pop("vault/0.1.1")
        delegated = {**known.head.delegated, "vault": forged.to_bytes()}
        base = KnownNetwork(known.genesis, known.roots, msgspec.structs.replace(known.head, delegated=delegated))
        plan = Recalling("vault/0.1.2")
        monkeypatch.setattr(plans, "_check_allowed", lambda *_: None)  # the forger's own tools ask nothing
        file = world.file(Proposal(plan, NOW, NOW, base, plans.statements_of(plan, base, NOW, NOW)))
        monkeypatch.undo()
        world.do(Beating(), "ash", now=NOW + DAY)

        with pytest.raises(PodError, match=r"the vault in .* is not what the plan comes to"):
            open_file(file, published(world.net))

    def test_after_a_heartbeat_only_the_timestamp_is_made_and_signed_anew(self, world: PodWorld) -> None:
        file = world.draft(Rotating())
        world.sign(file, "ash", "birch", "cedar", "elm")
        world.do(Beating(), "fir", now=NOW + DAY)

        with pytest.raises(PodError, match="a heartbeat went out"):
            finish(file, world.net, NOW + DAY)
        again = open_to_sign(file, world.net, NOW + DAY)
        assert {c.role: len(c.signers) for c in again.counts()} | {"timestamp": 0} == {
            c.role: len(c.signers) for c in again.counts()
        }
        file.write_bytes(encode_file(signed(again, "elm")))
        finish(file, world.net, NOW + DAY)
        assert read(published(world.net).head.timestamp, Timestamp).signed.version == 3

    def test_a_copy_stamped_anew_merges_with_the_others(self, world: PodWorld) -> None:
        file = world.draft(Rotating())
        known = published(world.net)
        early = signed(open_file(file, known), "ash", "birch", "cedar")
        world.do(Beating(), "fir", now=NOW + DAY)
        late = signed(open_to_sign(file, world.net, NOW + DAY), "elm")

        for copies in ([early, late], [late, early]):
            merged = merge(copies)
            assert merged.is_complete
            assert merged.statements["timestamp"].signed.version == 3


class TestHeartbeat:
    def test_one_pod_says_that_the_newest_is_still_the_newest(self, world: PodWorld) -> None:
        before = network.check(world.net, network.current_head(world.net), NOW)

        world.do(Beating(), "cedar", now=NOW + 40 * DAY)

        verified = before.chain.verify(network.current_head(world.net), NOW + 80 * DAY)
        assert (verified.is_newer, verified.is_news) == (True, False)

    def test_a_network_that_slept_too_long_is_woken_by_one(self, world: PodWorld) -> None:
        late = NOW + 100 * DAY

        world.do(Beating(), "cedar", now=late)

        assert Chain.start(network.genesis(world.net)).verify(network.current_head(world.net), late)

    def test_a_founder_gives_none(self, world: PodWorld) -> None:
        with pytest.raises(PodError, match="neither a pod nor a founder that may sign"):
            world.do(Beating(), "founder-1")

    def test_it_is_the_heartbeat_that_tests_and_practice_make(self, world: PodWorld) -> None:
        known = published(world.net)

        proposal = signed(begin(Beating(), known, NOW + DAY), "ash")

        assert encode(proposal.head()) == encode(heartbeat(known.head, member("ash"), NOW + DAY))


def test_a_recall_of_nothing_is_not_drafted(world: PodWorld) -> None:
    with pytest.raises(PodError, match="vault/9 is not released; released are none"):
        world.draft(Recalling("vault/9"))
