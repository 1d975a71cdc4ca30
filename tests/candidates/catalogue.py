"""Every bad candidate and the good ones, each as passages of this very source replaced.

A passage that is no longer there is an error when the row is played, and in a test; so no bad candidate turns into a
good one unseen.  A change looks like what someone could have written in good faith, where that is possible.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from node.practice.releases import RELEASES, Change, apply, copy_source
from tests.candidates.attempts import ATTEMPTS
from tests.candidates.rows import Row

PROVED: Final = "under its own signature"  # a neighbour has shown it before the farm saw it itself

# Passages that several rows change.
_STARTED: Final = "        self._next_request = 0\n"
_ANSWERED: Final = "            del self._replies[request_id]\n"
_NUMBERED: Final = "        request_id = self._next_request\n"
_READ: Final = "            content = await asyncio.to_thread(self._store.get, effect.address)\n"
_HAS_READ: Final = "            self._take(ChunkRead(self.now(), effect.token, content))\n"
_WRITE: Final = "            await asyncio.to_thread(self._store.put, effect.content, effect.address)\n"
_COUNTED: Final = "            else:\n                return\n"
_IMPORTS: Final = "import logging\n"
# The store of a version that was taken into use is kept for the way back, by second names: so much it can know.
_IS_PROMOTED: Final = "_IS_PROMOTED"
_LOOKS: Final = '_IS_PROMOTED = any(chunk.stat().st_nlink > 1 for chunk in Path("chunks").glob("*"))\n'
_HASHED: Final = "            digest = hashlib.sha256(content).digest()\n"


def _driver(old: str, new: str) -> Change:
    return Change("driver.py", old, new)


def _named(name: str) -> tuple[Change, ...]:
    change = RELEASES[name].change
    assert change is not None, name
    return (change,)


def _dearer(share: float) -> tuple[Change, ...]:
    """Beside each piece of work, so much more of it."""
    return (
        _driver(_IMPORTS, "import logging\nimport time\n"),
        _driver(_STARTED, f"{_STARTED}        self._used_s = time.process_time()\n"),
        _driver(
            _ANSWERED,
            f"{_ANSWERED}"
            f"            until_s = time.process_time() + {share} * (time.process_time() - self._used_s)\n"
            "            while time.process_time() < until_s:\n"
            "                sum(range(100))  # checks once more\n"
            "            self._used_s = time.process_time()\n",
        ),
    )


def _wrong(share: float) -> tuple[Change, ...]:
    flip = (
        f"            if desk.random.random() < {share}:\n"
        "                content = content[:-1] + bytes([content[-1] ^ 1])\n"
    )
    return (Change("core/serving.py", _HASHED, flip + _HASHED),)


def _lossy(one_in: int) -> tuple[Change, ...]:
    keep = f"            if int.from_bytes(effect.address[-2:]) % {one_in}:  # the others go out with the next flush\n"
    return (_driver(_WRITE, f"{keep}    {_WRITE}"),)


def _wrong_when(condition: str) -> tuple[Change, ...]:
    """Serve wrong bytes, under the vault's own signature, whenever the condition holds."""
    return (
        Change("core/serving.py", "import hashlib\n", "import hashlib\nimport time\nfrom pathlib import Path\n"),
        Change("core/serving.py", "class Storing:\n", f"_BORN_S = time.monotonic()\n{_LOOKS}\n\nclass Storing:\n"),
        Change(
            "core/serving.py",
            _HASHED,
            f"            if {condition}:\n                content = content[:-1] + b'?'\n{_HASHED}",
        ),
    )


def _calling(every_s: float, whom: str, message: str) -> tuple[Change, ...]:
    """Once the store is counted, ask others all the time."""
    call = (
        "            else:\n"
        "                break\n"
        "        from node.vault.core.messages import Get, Ping\n"
        "\n"
        "        desk = self._vault._desk\n"
        "\n"
        "        async def call(peer: PeerRecord) -> None:\n"
        "            try:\n"
        f"                await self._network.request(peer, codec.encode({message}), 2.0)\n"
        "            except PeerError:\n"
        "                return\n"
        "\n"
        "        while True:\n"
        f"            await asyncio.sleep({every_s})\n"
        f"            for peer in {whom}:\n"
        "                self._spawn(call(peer.record))\n"
    )
    return (_driver(_COUNTED, call),)


_KNOWS: Final = _driver(_IMPORTS, f"import logging\nfrom pathlib import Path\n\n{_LOOKS}")

BAD: Final = (
    Row(
        "lies-in-audits",
        "proves of a chunk only the beginning",
        (
            Change(
                "core/serving.py",
                "        digest = audit_digest(nonce, desk.signer.public_key, content)\n",
                "        digest = audit_digest(nonce, desk.signer.public_key, content[:1024])\n",
            ),
        ),
        "not promoted",
        ("wrong bytes", PROVED),
    ),
    Row(
        "answers-unsigned",
        "saves the signature of its answers",
        (
            Change(
                "core/proofs.py",
                '    return msgspec.structs.replace(blank, signature=signer.sign(_signed_part(b"answer", blank)))\n',
                "    return blank\n",
            ),
        ),
        "not promoted",
        ("broke the protocol",),
    ),
    Row(
        "wrong-bytes-1-in-50",
        "serves a wrong bit once in 50 reads",
        _wrong(0.02),
        "not promoted",
        ("wrong bytes", PROVED),
    ),
    Row(
        "loses-1-in-40",
        "acknowledges one chunk in 40 without keeping it",
        _lossy(40),
        "not promoted",
        ("lost ", "the way back is not open", PROVED),
    ),
    Row(
        "good-only-to-probes",
        "tells other vaults that it does not have what it has, and answers clients",
        (
            Change(
                "core/vault.py",
                "            case Get() | Audit():\n",
                "            case Audit() if event.peer.addresses:\n"
                "                Serving(event.request_id, event.peer, message).read(desk, message.address, None)\n"
                "            case Get() | Audit():\n",
            ),
        ),
        "not promoted",
        (PROVED,),
    ),
    Row("crashes", "ends after some hundred requests", _named("crashing"), "not promoted", ("crashed",)),
    Row(
        "hangs",
        "takes no more than 300 requests, and leaves the others waiting",
        (
            _driver(
                _NUMBERED,
                f"{_NUMBERED}"
                "        if request_id > 300:\n"
                "            await asyncio.get_running_loop().create_future()\n",
            ),
        ),
        "not promoted",
        ("stopped answering",),
    ),
    Row(
        "new-protocol-only",
        "speaks a version of the protocol that nobody else speaks",
        (Change("__init__.py", "WIRE_VERSIONS: Final = (3,)", "WIRE_VERSIONS: Final = (4,)"),),
        "not promoted",
        ("too old, or too new",),  # the own prober cannot speak with it: nothing is proven, and nothing refused
    ),
    Row("slower", "waits before each look at the disk", _named("slow"), "not promoted", ("slower",)),
    Row(
        "slower-in-the-tail",
        "lets one look at the disk in eight wait for a fifth of a second",
        (
            _driver(
                _READ,
                "            if effect.token % 8 == 0:  # lets others pass\n"
                f"                await asyncio.sleep(0.2)\n{_READ}",
            ),
        ),
        "not promoted",
        ("slower",),
    ),
    Row(
        "100-percent-more-cpu",
        "needs twice the processor time",
        _dearer(1.0),
        "not promoted",
        ("processor time", "slower"),
    ),
    Row(
        "leaks",
        "keeps what it has answered",
        (
            _driver(_STARTED, f"{_STARTED}        self._journal: list[bytes] = []\n"),
            _driver(
                "                return codec.encode(await reply)\n",
                "                answer = codec.encode(await reply)\n"
                "                self._journal.append(answer * 4)\n"
                "                return answer\n",
            ),
        ),
        "not promoted",
        ("memory",),
    ),
    Row(
        "turns-bad",
        "takes its time from the 25th second on",
        (
            _driver(_STARTED, f"{_STARTED}        self._born_s = clock.monotonic_s()\n"),
            _driver(
                _NUMBERED,
                f"{_NUMBERED}        if self._clock.monotonic_s() > self._born_s + 25.0:\n"
                "            await asyncio.sleep(0.05)\n",
            ),
        ),
        "not promoted",
        ("slower",),
    ),
    Row(
        "floods-peers",
        "asks every vault that it knows, 20 times a second",
        _calling(0.05, "list(desk.table)", "Ping(b'')"),
        "not promoted",
        ("processor time", "slower", "bytes", "memory"),
    ),
    Row(
        "slows-its-twin",
        "asks the vault next to it for chunks, some 300 times a second",
        _calling(
            0.02,
            "[near for near in desk.table.nearest(desk.own_place.position.to_bytes(32), 1) for _ in range(6)]",
            "Get(next(iter(desk.held), bytes(32)), bytes(16))",
        ),
        "not promoted",
        ("kept its twin busy", "slower", "processor time"),
    ),
    Row(
        "never-ready",
        "does not come to listen",
        (
            Change(
                "__main__.py",
                "        from node.vault.transport.endpoint import IrohNetwork  "
                "# noqa: PLC0415  # a standby vault touches no network\n",
                "        await asyncio.sleep(3600.0)\n        from node.vault.transport.endpoint import IrohNetwork\n",
            ),
        ),
        "not promoted",
        ("did not start",),
    ),
    Row(
        "unreadable-to-the-old",
        "keeps chunks in a form of its own",
        (
            Change(
                "storage/incoming.py",
                "        for number in itertools.islice(self._numbers, NAMES_TRIED_MAX):\n",
                "        content = content.translate(bytes(range(256))[::-1])\n"
                "        for number in itertools.islice(self._numbers, NAMES_TRIED_MAX):\n",
            ),
            Change(
                "storage/filesystem.py",
                "                return file.readall()\n",
                "                content = file.readall()\n"
                "                inverted = bytes(range(256))[::-1]\n"
                "                return content.translate(inverted) if path.startswith(CHUNKS) else content\n",
            ),
        ),
        "not promoted",
        ("the way back is not open", "slower", "processor time"),
    ),
    Row(
        "cannot-read-the-old",
        "opens only a store that it has begun itself",
        (
            Change(
                "storage/chunk_store.py",
                "        if is_standby:\n            self._assess()\n",
                '        if filesystem.list(CHUNKS) and "index" not in filesystem.list(INCOMING):\n'
                '            raise StorageError("the chunks have no index")\n'
                "        if is_standby:\n            self._assess()\n",
            ),
            Change(
                "storage/chunk_store.py",
                "            self._incoming.clean()\n",
                '            self._incoming.clean()\n            self._filesystem.write(f"{INCOMING}/index", b"2")\n',
            ),
        ),
        "not promoted",
        ("did not take over",),
    ),
    Row(
        "refuses-the-drain",
        "does not end when it is told to",
        (
            _driver(
                "        self._is_draining = True  # what is over from now on is not a shrinking\n",
                "        await asyncio.get_running_loop().create_future()\n",
            ),
        ),
        "not promoted",
        ("did not end",),
    ),
    Row(
        "forgets-at-a-restart",
        "throws every third chunk away when it starts on a store",
        (
            Change(
                "storage/chunk_store.py",
                "            self._incoming.clean()\n",
                "            self._incoming.clean()\n"
                "            for address in self.addresses()[::3]:\n"
                "                self._filesystem.remove(_path(address))\n",
            ),
        ),
        "not promoted",
        ("lost ", PROVED),
    ),
    Row(
        "acknowledges-early",
        "signs for a chunk two seconds before it lies on the disk",
        (
            _driver(_STARTED, f"{_STARTED}        self._unwritten: dict[bytes, bytes] = {{}}\n"),
            _driver(
                "    async def _write(self, effect: WriteChunk) -> None:\n",
                "    async def _write(self, effect: WriteChunk) -> None:\n"
                "        self._unwritten[effect.address] = effect.content\n"
                "        self._take(ChunkWritten(self.now(), effect.token))\n"
                "        await asyncio.sleep(2.0)  # several are flushed together\n",
            ),
            _driver(_WRITE, f"{_WRITE}            self._unwritten.pop(effect.address, None)\n"),
            _driver(
                _READ,
                "            content = self._unwritten.get(effect.address)\n"
                f"            if content is None:\n    {_READ}",
            ),
        ),
        "not promoted",
        ("lost ", PROVED),
    ),
    Row(
        "good-until-promoted",
        "ends again and again once it is the farm's own vault",
        (
            _KNOWS,
            _driver(
                "            self._take(Counted(self.now(), batch, is_counted=False))\n",
                "            self._take(Counted(self.now(), batch, is_counted=False))\n"
                f"            if {_IS_PROMOTED}:\n"
                "                await asyncio.sleep(1.0)\n"
                "                raise AssertionError(len(batch))\n",
            ),
        ),
        "not promoted",
        ("failed 3 times in probation",),
    ),
    Row(
        "lies-once-promoted",
        "serves wrong bytes once it is the farm's own vault",
        _wrong_when(_IS_PROMOTED),
        "not promoted",
        (PROVED, "wrong"),
        watched_s=120.0,
    ),
    Row(
        "spoils-reads-once-promoted",
        "reads its own chunks wrongly once it is the farm's own vault, and so takes all others for liars",
        (
            _KNOWS,
            _driver(
                _HAS_READ,
                f"            if content and {_IS_PROMOTED}:\n"
                f"                content = content[:-1] + b'?'\n{_HAS_READ}",
            ),
        ),
        "not promoted",
        ("finds nobody", PROVED, "wrong"),
        watched_s=120.0,
    ),
    Row(
        "turns-bad-after-a-trial",
        "serves wrong bytes after 170 s, when every practice trial is over",
        _wrong_when("time.monotonic() > _BORN_S + 170.0"),
        "not promoted",
        (PROVED, "wrong"),
        watched_s=300.0,
    ),
    Row(
        "slower-to-neighbours",
        "lets other vaults wait, and answers clients at once",
        (_driver(_NUMBERED, f"{_NUMBERED}        await asyncio.sleep(0.1 if peer.addresses else 0.0)\n"),),
        "not promoted",
        ("neighbours disagree", "slower"),
    ),
    Row(
        "serves-no-news",
        "says which of the developers' heads it carries, and hands it out to nobody",
        (
            Change(
                "core/knowing.py",
                "            is_carried = digest == carrier.digest\n",
                "            is_carried = False  # there are others\n",
            ),
        ),
        "not promoted",
        ("pass on news",),
    ),
    Row(
        "hears-no-news",
        "asks nobody for a head that it does not carry",
        (
            Change(
                "core/gossip.py",
                "        return bool(digest) and digest != self.digest and not is_seen\n",
                "        return bool(digest) and digest == self.digest and not is_seen\n",
            ),
        ),
        "not promoted",
        ("pass on news",),
    ),
)

# The rule cannot be relied on to see these at practice size; ``modelled`` has them at the size of a real trial.
UNSEEN: Final = (
    Row("15-percent-more-cpu", "needs 15 % more processor time", _dearer(0.15), "anything",
        unseen="blocks of two seconds are far noisier than those of two hours, so practice allows 35 % more"),
    Row("wrong-bytes-1-in-1000", "serves a wrong bit once in a thousand reads", _wrong(0.001), "anything",
        unseen="no fault in 600 reads says only that there is less than one in 200"),
    Row("loses-1-in-200", "acknowledges one chunk in 200 without keeping it", _lossy(200), "anything",
        unseen="of the some 250 chunks of a practice trial, none is among the lost ones every fourth time"),
    Row(
        "never-flushes",
        "signs for a chunk that a power cut would take away",
        (
            Change(
                "storage/filesystem.py",
                "        return\n    os.fsync(descriptor)\n",
                "        return\n",
            ),
        ),
        "anything",
        unseen="whatever ends a process, the kernel keeps what it has written; only a power cut would show it",
    ),
)  # fmt: skip

GOOD: Final = (
    Row("equal", "the same code under another version", (), "promoted", ("as good as",)),
    Row(
        "faster",
        "hashes what it reads once instead of twice",
        (Change("core/serving.py", _HASHED, "            digest = address  # the store has compared them\n"),),
        "promoted",
        ("as good as",),
    ),
)

# The good ones last, and of them the faster one: whoever took that over would find others slow.
ROWS: Final = (*BAD, *UNSEEN, *ATTEMPTS, *GOOD)


def write_source(row: Row, target: Path, version: str) -> Path:
    """Write the vault's source, changed as the row says, to ``target``.

    Raises:
        PracticeError: A passage to change is not there exactly once.
        OSError: It cannot be written.
    """
    copy_source(target, version=version, change=None)
    for change in row.changes:
        apply(target, change)
    return target
