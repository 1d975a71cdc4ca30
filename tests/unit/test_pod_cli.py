"""``perennial pod``: plain words or one JSON object, and the exit codes that scripts rely on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from node.cli.pod import pod


def run(*arguments: object) -> Result:
    return CliRunner().invoke(pod, [str(argument) for argument in arguments])


def run_json(*arguments: object) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*arguments, "--json").output)
    return found


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    for name in ("__init__.py", "__main__.py"):
        (folder / name).write_text("")
    return folder


def sign_arguments(out: Path, net: Path, name: str, source: Path) -> tuple[object, ...]:
    key = net / "pods" / name / "key.json"
    return ("sign", out, "--key", key, "--network", net, "--checkout", source, "--yes")


def test_a_network_is_founded_and_a_release_built_and_signed_in_plain_words(tmp_path: Path, source: Path) -> None:
    net, out = tmp_path / "net", tmp_path / "out"

    assert "It is for practice" in run("init-network", net).output
    assert "Built vault/0.1.1" in run("build", source, "--out", out, "--version", "0.1.1", "--network", net).output
    signed = [run(*sign_arguments(out, net, name, source)).output for name in ("ash", "birch", "cedar")]
    verified = run("verify", out, source)
    finished = run("finish", out, "--network", net)

    assert ["Enough have signed" in said for said in signed] == [False, False, True]
    assert "It releases vault/0.1.1" in signed[0]
    assert "It is the first release" in signed[0]
    assert "vault: ash, birch (3 needed)" in signed[1]
    assert (verified.exit_code, finished.exit_code) == (0, 0)
    assert "is exactly what" in verified.output


def test_the_same_as_json(tmp_path: Path, source: Path) -> None:
    net, out = tmp_path / "net", tmp_path / "out"

    founded = run_json("init-network", net)
    built = run_json("build", source, "--out", out, "--version", "0.1.1", "--network", net)
    signed = run_json(*sign_arguments(out, net, "ash", source))
    verified = run_json("verify", out, source)

    assert founded["pods"] == ["ash", "birch", "cedar", "elm", "fir"]
    assert founded["signatures_needed"] == {"root, targets, app": 4, "snapshot, vault": 3, "timestamp": 1}
    assert built["release"] == "vault/0.1.1"
    assert {"role": "vault", "signers": ["ash"], "needed": 3} in signed["signatures"]
    assert not signed["is_complete"]
    assert verified == {"release": "vault/0.1.1", "tree": built["tree"], "is_reproduced": True, "differing": []}


def test_a_release_that_the_checkout_does_not_give_fails_and_names_the_file(tmp_path: Path, source: Path) -> None:
    out = tmp_path / "out"
    run("build", source, "--out", out, "--version", "0.1.1")
    (source / "__main__.py").write_text("import backdoor\n")

    in_words, in_json = run("verify", out, source), run("verify", out, source, "--json")

    assert (in_words.exit_code, in_json.exit_code) == (1, 1)
    assert "node/vault/__main__.py" in in_words.output
    assert json.loads(in_json.output)["differing"] == ["node/vault/__main__.py"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("build", "absent", "--out", "out", "--version", "1"),
        ("sign", "absent", "--key", "ash"),
        ("publish", "absent", "--network", "net"),
        ("verify", "absent", "."),
        ("init-network", "net", "--pods", "1"),
        ("keygen", "a/b"),
        ("keygen", "ash", "--file", "."),
        ("show", "absent/key"),
        ("found", "net", "--pod", "absent"),
        ("merge", "absent", "other"),
        ("finish", "absent", "--network", "net"),
        ("recall", "vault/1", "--network", "net", "--out", "file"),
        ("rotate", "--network", "net", "--out", "file"),
        ("heartbeat", "--network", "net", "--out", "file"),
    ],
)
def test_a_stated_failure_is_one_sentence_and_exit_code_1(
    arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    in_words, in_json = run(*arguments), run(*arguments, "--json")

    assert (in_words.exit_code, in_json.exit_code) == (1, 1), in_words.output
    assert len(in_words.output.strip().splitlines()) == 1
    assert set(json.loads(in_json.output)) == {"code", "message"}
    assert list(tmp_path.iterdir()) == []


def test_wrong_usage_is_exit_code_2() -> None:
    assert run("sign").exit_code == 2
    assert run("no-such-command").exit_code == 2


def test_publishing_without_a_running_node_says_so(tmp_path: Path, source: Path) -> None:
    net, out = tmp_path / "net", tmp_path / "out"
    run("init-network", net)
    run("build", source, "--out", out, "--version", "0.1.1", "--network", net)
    for name in ("ash", "birch", "cedar"):
        run(*sign_arguments(out, net, name, source))

    result = run("publish", out, "--network", net, "--home", tmp_path / "home")

    assert result.exit_code == 1
    assert "does not run" in result.output
