"""What a contained child can and cannot do, tried for real, at this kernel's Landlock and as on older kernels.

The attempts are those of the self-test (``node.sandbox.probe``).  They run as whoever runs the tests, and when
that is root also as an ordinary user, because only that is ever called full.
"""

from __future__ import annotations

import importlib.util
import json
import os
import py_compile
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from node.sandbox import linux
from node.sandbox.errors import ChildNotStarted
from node.sandbox.report import (
    PROBE_MODULE,
    Outcome,
    SandboxReport,
    assess,
    bait_in,
    run_self_test,
)
from node.sandbox.spec import SandboxSpec, environment
from node.trust.capabilities import TODAY, Capabilities
from tests.integration.stand_in import ROOT, make_spec
from tests.other_user import NOBODY, folder_open_to_all

# Root's own Python may lie where nobody else may look.
INTERPRETERS = (
    os.path.realpath(sys.executable),
    f"/usr/local/bin/python3.{sys.version_info.minor}",
    f"/usr/bin/python3.{sys.version_info.minor}",
)
PACKAGES = ("msgspec", "psutil", "iroh", "cryptography", "cffi", "_cffi_backend*", "pycparser")
# Attempts that fail on some machines even where nothing is contained: no terminal, or a kernel set up strictly.
STRICT_ANYWAY = {
    "open the terminal", "load a kernel program", "read the kernel's log", "watch performance counters", "send pings",
    "enter a user namespace", "queue calls past the filter", "trace the parent", "read the parent's memory",
    "read the kernel's keyring", "have capabilities", "change the slot", "start a process by the old call",
    "change the computer's addresses", "set an extended attribute", "remove an extended attribute",
}  # fmt: skip

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="containment is tried out on Linux only"),
]
needs_landlock = pytest.mark.skipif(
    sys.platform != "linux" or linux.landlock_abi() < linux.ABI_MIN, reason="this kernel has no Landlock"
)


@dataclass(frozen=True)
class User:
    """Somebody who can run Python with the project: the interpreter, the application's folder, one to write in."""

    python: str
    app: Path
    temporary: Path
    is_other: bool

    def run(self, code: str) -> str:
        """Run code as that user; return what it prints."""
        account: dict[str, Any] = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if self.is_other else {}
        done = subprocess.run(
            [self.python, "-B", "-c", f"import sys; sys.path.insert(0, {str(self.app)!r})\n{textwrap.dedent(code)}"],
            cwd=self.app,
            env=os.environ | {"TMPDIR": str(self.temporary)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
            **account,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return str(done.stdout)


@pytest.fixture(scope="module")
def ordinary_user(tmp_path_factory: pytest.TempPathFactory) -> Iterator[User]:
    """An ordinary user: ourselves, or as root the user nobody with a copy of the application that nobody can read."""
    if os.geteuid() != 0:
        yield User(sys.executable, ROOT, tmp_path_factory.mktemp("own"), is_other=False)
        return
    with folder_open_to_all() as folder:
        yield make_user(folder)


def make_user(folder: Path) -> User:
    """An environment and a copy of the application in ``folder``, for the user nobody."""
    python = next((python for python in INTERPRETERS if runs_as_nobody(python)), None)
    if python is None:
        pytest.skip(f"the user nobody can run none of {', '.join(INTERPRETERS)} as Python 3.{sys.version_info.minor}")
    venv = folder / "venv"
    subprocess.run([python, "-m", "venv", "--without-pip", venv], check=True, timeout=60)
    installed = Path(msgspec.__file__).parents[1]
    packages = next(venv.glob("lib/python*/site-packages"))
    for pattern in PACKAGES:
        for found in installed.glob(pattern):
            copy = shutil.copytree if found.is_dir() else shutil.copy2
            copy(found, packages / found.name)
    shutil.copytree(ROOT / "node", folder / "app" / "node", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copytree(ROOT / "tests" / "integration", folder / "app" / "tests" / "integration")
    shutil.copy2(ROOT / "tests" / "__init__.py", folder / "app" / "tests")
    (folder / "own").mkdir()
    os.chown(folder / "own", NOBODY, NOBODY)
    return User(str(venv / "bin" / "python"), folder / "app", folder / "own", is_other=True)


def runs_as_nobody(python: str) -> bool:
    version = f"import sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    try:
        done = subprocess.run(
            [python, "-I", "-c", version], user=NOBODY, group=NOBODY, extra_groups=[], check=False, timeout=60
        )
    except OSError:
        return False
    return done.returncode == 0


def self_test(folder: Path, abi: int | None = None, **changes: Any) -> tuple[SandboxReport, list[Outcome]]:
    """Run the self-test as this user, on a kernel whose Landlock is no newer than ``abi``."""
    spec = SandboxSpec(slot=ROOT, data=folder / "data", module=PROBE_MODULE, landlock_abi_max=abi)
    return run_self_test(replace(spec, **changes), folder)


def wrong(outcomes: list[Outcome]) -> list[str]:
    return [f"{o.kind}: {o.name}: {o.detail}" for o in outcomes if not o.is_as_wanted]


@needs_landlock
@pytest.mark.parametrize("abi", [None, 4, 2])
class TestTheVaultsSandbox:
    def test_lets_a_vault_work_and_nothing_else(self, tmp_path: Path, abi: int | None) -> None:
        report, outcomes = self_test(tmp_path, abi)

        assert wrong(outcomes) == []
        assert len(outcomes) > 80
        assert (tmp_path / "bait" / "spare").read_bytes() == b"private"
        assert report.files
        assert report.seccomp
        assert report.signals
        assert report.tcp
        assert not report.udp

    @pytest.mark.long
    def test_is_full_for_an_ordinary_user(self, ordinary_user: User, abi: int | None) -> None:
        printed = ordinary_user.run(f"""
            import tempfile, msgspec
            from pathlib import Path
            from node.sandbox.report import PROBE_MODULE, run_self_test
            from node.sandbox.spec import SandboxSpec
            with tempfile.TemporaryDirectory() as folder:
                spec = SandboxSpec(slot=Path({str(ordinary_user.app)!r}), data=Path(folder, "data"),
                    module=PROBE_MODULE, landlock_abi_max={abi})
                print(msgspec.json.encode(run_self_test(spec, Path(folder))).decode())
        """)

        report, outcomes = msgspec.json.decode(printed, type=tuple[SandboxReport, list[Outcome]])
        assert wrong(outcomes) == []
        assert report.level == "full"
        assert report.reasons == ()


@needs_landlock
def test_what_must_be_shut_off_is_not_started_where_files_would_stay_open(tmp_path: Path) -> None:
    with pytest.raises(ChildNotStarted, match="files of this computer would stay open"):
        self_test(tmp_path, 1, must_shut_off=True)


@needs_landlock
def test_root_is_only_ever_contained_in_part_and_told_why(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        pytest.skip("the tests do not run as root")
    report, outcomes = self_test(tmp_path)
    assert report.level == "partial"
    assert "root" in report.reasons[0]
    assert not next(outcome for outcome in outcomes if outcome.name == "have capabilities").is_allowed


def test_a_kernel_without_landlock_is_found_out_by_the_report_and_by_the_self_test(tmp_path: Path) -> None:
    report, outcomes = self_test(tmp_path, 0)
    assert report.level == "partial"
    assert not report.files
    assert any("Landlock" in reason for reason in report.reasons)
    assert any("read a private file" in line for line in wrong(outcomes))


@pytest.mark.long
def test_without_a_sandbox_the_attempts_succeed_so_that_their_failure_means_something(tmp_path: Path) -> None:
    spec = SandboxSpec(slot=ROOT, data=tmp_path / "data", module=PROBE_MODULE)
    for folder in spec.folders().values():
        folder.mkdir(parents=True)
    with bait_in(tmp_path) as bait:
        done = subprocess.run(
            spec.start_command(),
            input=json.dumps(bait | {"may": asdict(replace(TODAY, memory_bytes=1 << 28))}).encode(),
            env=environment(),
            cwd=spec.data,
            capture_output=True,
            timeout=60,
            check=True,
            # As of a child in the sandbox: a group that root shares is no group that an ordinary user may touch.
            start_new_session=True,
        )
    found, _, after = done.stdout.partition(b"\n")
    outcomes = msgspec.json.decode(found, type=list[Outcome])
    assert {outcome.name for outcome in outcomes if not outcome.is_allowed} <= STRICT_ANYWAY
    assert after == b"EXECUTED\n"


@needs_landlock
def test_this_machine_can_be_assessed() -> None:
    report = assess()
    assert report.level == ("partial" if os.geteuid() == 0 else "full")
    assert not any("self-test" in reason for reason in report.reasons)


def test_no_descriptor_is_handed_on_but_the_three_of_the_channel(tmp_path: Path) -> None:
    body = """
    def is_open(number):
        try:
            return os.fstat(number) is not None
        except OSError:
            return False
    print([number for number in range(1024) if is_open(number)])
    """
    with (tmp_path / "secret").open("wb") as secret:
        assert run_stand_in(tmp_path, body, pass_fds=(secret.fileno(),)) == "[0, 1, 2]\n"


@needs_landlock
@pytest.mark.parametrize("abi", [None, 2])
@pytest.mark.parametrize(
    "capabilities",
    [
        replace(TODAY, memory_bytes=300 << 20),
        replace(TODAY, file_bytes=2 << 20, open_files=100),
        replace(TODAY, udp=False),
        replace(TODAY, tcp=True),
        replace(TODAY, udp=False, tcp=True),
    ],
    ids=["less memory", "fewer and smaller files", "no udp", "tcp", "tcp and no udp"],
)
def test_a_vault_may_do_what_its_release_declares_and_no_more(
    tmp_path: Path, capabilities: Capabilities, abi: int | None
) -> None:
    report, outcomes = self_test(tmp_path, abi, capabilities=capabilities)

    allowed = {outcome.name for outcome in outcomes if outcome.is_allowed}
    assert wrong(outcomes) == []
    assert ("send by UDP" in allowed, "connect by TCP" in allowed) == (capabilities.udp, capabilities.tcp)
    assert "listen by TCP" not in allowed or abi == 2
    assert report.memory_bytes == capabilities.memory_bytes
    assert (report.udp, report.tcp) == (not capabilities.udp, not capabilities.tcp)


@needs_landlock
def test_a_vault_loads_the_packages_that_its_release_declares_and_reads_no_other(tmp_path: Path) -> None:
    body = """
    import importlib, site
    def loads(name):
        try:
            importlib.import_module(name)
            return True
        except (ImportError, PermissionError):
            return False
    print([name for name in ("msgspec", "cryptography.fernet", "iroh", "zeroconf", "psutil") if loads(name)])
    def is_read(path):
        try:
            return path.is_file() and path.read_bytes() is not None
        except PermissionError:
            return False
    found = [path for path in Path(site.getsitepackages()[0]).rglob("*.py") if is_read(path)]
    print(sorted({path.relative_to(site.getsitepackages()[0]).parts[0] for path in found}))
    """
    capabilities = replace(TODAY, modules=("iroh", "msgspec"))

    printed = run_stand_in(tmp_path, TRIES + textwrap.dedent(body), capabilities=capabilities)

    assert printed == "['msgspec', 'iroh']\n['iroh', 'msgspec']\n"


@needs_landlock
def test_all_that_todays_vault_declares_can_be_loaded(tmp_path: Path) -> None:
    body = "import msgspec, cryptography.fernet, iroh, zeroconf.asyncio; print('loaded')"
    assert run_stand_in(tmp_path, body) == "loaded\n"


@needs_landlock
def test_a_folder_for_chunks_that_is_a_link_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "chunks").symlink_to(tmp_path)
    with pytest.raises(ChildNotStarted, match="is a link"):
        self_test(tmp_path)


def run_stand_in(
    folder: Path, body: str, *, package: str = "vault", pass_fds: tuple[int, ...] = (), **changes: Any
) -> str:
    """Run a stand-in without a channel; return what it prints."""
    spec = replace(make_spec(folder, textwrap.dedent(body), package=package), **changes)
    done = subprocess.run(
        spec.command(),
        env=environment(),
        cwd=spec.data,
        stdin=subprocess.DEVNULL,
        pass_fds=pass_fds,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


TRIES = """
import os
from pathlib import Path
def can(action):
    try:
        action()
        return True
    except OSError:
        return False
"""


@needs_landlock
@pytest.mark.parametrize("abi", [None, 4, 2])
def test_the_prober_may_write_files_in_its_data_and_nowhere_else(tmp_path: Path, abi: int | None) -> None:
    body = """
    Path("new").write_bytes(b"x")
    Path("new").rename("file")
    with open("file", "r+b") as file:
        file.truncate(0)
    Path("file").unlink()
    slot = Path(sys.path[0])
    print(can(lambda: (slot / "node" / "new").write_bytes(b"x")), can(lambda: Path("..", "new").write_bytes(b"x")))
    print(can(lambda: Path("folder").mkdir()))
    """
    printed = run_stand_in(tmp_path, TRIES + textwrap.dedent(body), package="prober", landlock_abi_max=abi)
    assert printed == "False False\nFalse\n"


def test_code_comes_from_the_slot_and_never_from_what_is_installed(tmp_path: Path) -> None:
    printed = run_stand_in(tmp_path, "import node\nprint(node.__file__, control.__file__, sys.path[0])")
    slot = tmp_path / "slot"
    assert printed.split() == [str(path) for path in (slot / "node/__init__.py", slot / "node/vault/control.py", slot)]


def test_a_slot_loads_source_and_no_library(tmp_path: Path) -> None:
    slot = tmp_path / "slot"
    slot.mkdir()
    (slot / "intruder.so").write_bytes(b"\x7fELF")
    (slot / "compiled.pyc").write_bytes(b"")
    body = """
    for name in ("intruder", "compiled"):
        try:
            __import__(name)
        except ModuleNotFoundError:
            print("not found")
    """
    assert run_stand_in(tmp_path, body) == "not found\nnot found\n"


@pytest.mark.parametrize(("is_of_its_source", "taken"), [(True, "prepared"), (False, "source")])
def test_prepared_byte_code_serves_the_slot_alone(tmp_path: Path, is_of_its_source: bool, taken: str) -> None:
    body = """
    from node.vault import word
    print(word.WORD, sys.pycache_prefix, sys.dont_write_bytecode)
    """
    prepared = tmp_path / "pycache"
    source = tmp_path / "slot" / "node" / "vault" / "word.py"
    source.parent.mkdir(parents=True)
    source.write_text("WORD = 'prepared'\n")
    target = prepared / "node" / "vault" / "word.pyc"
    target.parent.mkdir(parents=True)
    py_compile.compile(str(source), str(target), invalidation_mode=py_compile.PycInvalidationMode.CHECKED_HASH)
    code = target.read_bytes()
    # Another source, and the byte code names that one's hash: only so it shows which one was taken.
    source.write_text("WORD = 'source'\n")
    if is_of_its_source:
        target.write_bytes(code[:8] + importlib.util.source_hash(source.read_bytes()) + code[16:])

    assert run_stand_in(tmp_path, body, pycache=prepared) == f"{taken} None True\n"


ADDRESSES = """
import asyncio, iroh
async def look():
    options = iroh.EndpointOptions(
        preset=iroh.preset_minimal(), relay_mode=iroh.RelayMode.disabled(), bind_addr="0.0.0.0:0", alpns=[b"a"])
    endpoint = await iroh.Endpoint.bind(options)
    print(sorted(str(address).rpartition(":")[0] for address in endpoint.addr().direct_addresses()))
    await endpoint.close()
asyncio.run(look())
"""


@needs_landlock
def test_a_contained_vault_knows_at_which_addresses_it_is_reached(tmp_path: Path) -> None:
    bare = subprocess.run([sys.executable, "-c", ADDRESSES], capture_output=True, text=True, timeout=60, check=True)
    if bare.stdout == "[]\n":
        pytest.skip("this computer has no network")
    assert run_stand_in(tmp_path, ADDRESSES) == bare.stdout


@needs_landlock
def test_two_certified_endpoints_meet_inside_the_full_sandbox(ordinary_user: User) -> None:
    printed = ordinary_user.run("""
        import asyncio, tempfile
        from pathlib import Path
        from dataclasses import asdict
        from tests.integration.stand_in import meet_inside
        print(asyncio.run(meet_inside(Path(tempfile.mkdtemp()))))
    """)
    assert printed == "('full', b'certified')\n"
