"""The lock files: every line has hashes, no line has an address, and nothing that anybody needs is missing."""

import importlib.metadata
import re
import sys
import tomllib

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from installers import debian, lock
from installers.environment import LOCKS
from installers.python_version import NEWEST, OLDEST, refusal
from tests.architecture.sources import ROOT, expect_none

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
HASH = re.compile(r"sha256:[0-9a-f]{64}")
SETTINGS = [(python, system) for python in lock.PYTHONS for system in lock.SYSTEMS]


def lines(text: str) -> list[str]:
    """Return the requirements, one per line, with their hashes."""
    joined = text.replace("\\\n", " ").splitlines()
    return [line for line in joined if line.strip() and not line.startswith("#")]


def line_offences(text: str) -> list[str]:
    found = []
    for line in lines(text):
        requirement, *hashes = re.split(r"\s+--hash=", line.strip())
        if not hashes or not all(HASH.fullmatch(value) for value in hashes):
            found.append(f"{requirement} has no hash")
        if requirement.startswith("-") or "@" in requirement or "://" in line or "==" not in requirement:
            found.append(f"{requirement} is no pinned version")
    return found


def pins(text: str) -> list[Requirement]:
    return [Requirement(re.split(r"\s+--hash=", line.strip())[0]) for line in lines(text)]


def read(group: str) -> str:
    names = LOCKS["test" if group == "test" else "run"]
    return "\n".join((ROOT / name).read_text(encoding="utf-8") for name in names)


def applies(requirement: Requirement, setting: tuple[str, str]) -> bool:
    return requirement.marker is None or Marker(str(requirement.marker)).evaluate(lock.marker_environment(*setting))


def missing(needed: list[str], locked: list[Requirement], setting: tuple[str, str]) -> set[str]:
    """Return what is needed in this setting, by the roots or what they bring, and not locked to a fitting version."""
    versions = {canonicalize_name(pin.name): str(pin.specifier)[2:] for pin in locked if applies(pin, setting)}
    waiting = [Requirement(text) for text in needed]
    seen: set[str] = set()
    found = set()
    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        if not applies(requirement, setting):
            continue
        if not requirement.specifier.contains(versions.get(name, "0.dev0"), prereleases=False):
            found.add(f"{requirement} on {setting}")
        if name not in seen:
            seen.add(name)
            waiting += [Requirement(text) for text in requirements_of(name, versions.get(name, ""))]
    return found


def requirements_of(name: str, version: str) -> list[str]:
    """Return what this version says that it needs; nothing when it is for another system or Python than this one."""
    try:
        is_here = importlib.metadata.version(name) == version
        return (importlib.metadata.requires(name) or []) if is_here else []
    except importlib.metadata.PackageNotFoundError:
        return []


def test_every_locked_line_has_hashes_and_no_address():
    expect_none(offence for group in ("run", "test") for offence in line_offences(read(group)))


def test_the_app_is_locked_whole_for_every_supported_python_and_system():
    needed = [*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"]]
    locked = pins(read("run"))
    assert [found for setting in SETTINGS if (found := missing(needed, locked, setting))] == []


def test_the_tests_tools_are_locked_whole_for_every_supported_python_and_system():
    needed = PROJECT["project"]["optional-dependencies"]["test"]
    locked = pins(read("test"))
    assert [found for setting in SETTINGS if (found := missing(needed, locked, setting))] == []


def test_what_is_installed_is_what_is_locked():
    setting = (f"{sys.version_info[0]}.{sys.version_info[1]}", sys.platform)
    here = {pin.name: str(pin.specifier)[2:] for pin in pins(read("test")) if applies(pin, setting)}
    assert {name: importlib.metadata.version(name) for name in here} == here


def test_the_doors_and_the_project_agree_on_the_pythons():
    assert PROJECT["project"]["requires-python"] == f">=3.{OLDEST[1]},<3.{NEWEST[1] + 1}"
    assert refusal((3, OLDEST[1] - 1)) is not None
    assert refusal((3, NEWEST[1] + 1)) is not None
    assert [refusal((3, minor)) for minor in range(OLDEST[1], NEWEST[1] + 1)] == [None] * len(lock.PYTHONS)


def undecided(needed: list[str], pages: str) -> set[str]:
    """Return the direct dependencies that no page of the decisions speaks of."""
    names = {Requirement(text).name for text in needed}
    return {name for name in names if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w-])", pages, re.IGNORECASE)}


def test_every_dependency_has_its_page_among_the_decisions():
    folder = ROOT / "resources/handbook/decisions"
    pages = "\n".join(path.read_text(encoding="utf-8") for path in sorted(folder.glob("[0-9]*.md")))
    project = PROJECT["project"]
    assert undecided([*project["dependencies"], *project["optional-dependencies"]["test"]], pages) == set()


def test_every_system_package_has_a_proof():
    table = debian.read_table(debian.TABLE.read_text(encoding="utf-8"))
    assert {"environment", "window", "x11", "wayland"} <= set(table)
    assert all(package.proof for packages in table.values() for package in packages)


class TestThePlantedOffenceIsFound:
    def test_a_line_without_a_hash(self):
        assert line_offences("click==8.5.1\n") != []
        assert line_offences(f"click==8.5.1 \\\n    --hash=sha256:{'0' * 63}\n") != []
        assert line_offences(f"click==8.5.1 \\\n    --hash=sha256:{'0' * 64}\n") == []

    def test_an_address_or_an_option(self):
        assert line_offences("--index-url https://example.net/simple\n") != []
        assert line_offences(f"click @ https://example.net/click.whl --hash=sha256:{'0' * 64}\n") != []
        assert line_offences(f"click>=8 --hash=sha256:{'0' * 64}\n") != []

    def test_a_dependency_that_nobody_decided_on(self):
        assert undecided(["left-pad>=1"], "`left` and `pad`, left-padding") == {"left-pad"}
        assert undecided(["left-pad>=1"], "for `left-pad`.") == set()

    def test_a_package_that_is_not_locked(self):
        setting = ("3.11", "linux")
        assert missing(["click>=8.3"], [Requirement("click==8.5.1")], setting) == set()
        assert missing(["click>=8.3"], [], setting) != set()
        assert missing(["click>=8.3"], [Requirement("click==7.0")], setting) != set()
        assert missing(["pytest"], [Requirement("pytest==9.2.0")], setting) != set()  # without what pytest brings
        assert missing(["colorama; sys_platform == 'win32'"], [], setting) == set()
