"""``perennial pod``: plain words or one JSON object, and the exit codes that scripts rely on."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from node.cli.pod import pod
from node.keys import sealed
from node.pod.keys import make_in_file


def run(*arguments: object, typed: str = "") -> Result:
    return CliRunner().invoke(pod, [str(argument) for argument in arguments], input=typed)


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
    assert "from then on no farm takes up anything" in " ".join(finished.output.split())


def test_an_urgent_release_says_what_it_asks_of_farms_and_how_many_must_sign(tmp_path: Path, source: Path) -> None:
    net, out = tmp_path / "net", tmp_path / "out"
    run("init-network", net)

    said = run("build", source, "--out", out, "--version", "0.1.1", "--network", net, "--urgent").output
    signed = [run(*sign_arguments(out, net, name, source)).output for name in ("ash", "birch", "cedar")]

    assert "It is urgent: farms try it out for some hours instead of days" in said
    assert "It is urgent: farms try it out for some hours instead of days" in signed[0]
    assert "vault: ash, birch, cedar (4 needed)" in signed[2]
    assert run_json("build", source, "--out", tmp_path / "usual", "--version", "0.1.2")["is_urgent"] is False


def test_pods_reaffirm_a_release_by_a_file(tmp_path: Path, source: Path) -> None:
    net, out, file = tmp_path / "net", tmp_path / "out", tmp_path / "reaffirmed.json"
    run("init-network", net)
    run("build", source, "--out", out, "--version", "0.1.1", "--network", net)
    for name in ("ash", "birch", "cedar"):
        run(*sign_arguments(out, net, name, source))
    run("finish", out, "--network", net)

    said = run("reaffirm", "vault/0.1.1", "--network", net, "--out", file).output

    assert "It reaffirms vault/0.1.1" in said
    assert file.is_file()
    assert run("reaffirm", "vault/9", "--network", net, "--out", tmp_path / "no").exit_code == 1


def test_a_release_that_asks_for_more_says_so_and_one_that_hides_what_it_needs_is_refused(
    tmp_path: Path, source: Path
) -> None:
    net, out, asked = tmp_path / "net", tmp_path / "out", tmp_path / "asked.json"
    run("init-network", net)
    limits = {"memory_bytes": 1 << 30, "file_bytes": 4 << 20, "open_files": 1024}
    asked.write_text(json.dumps(limits | {"tcp": True}))

    told = run("build", source, "--out", out, "--version", "1", "--network", net, "--capabilities", asked).output
    signed = [run(*sign_arguments(out, net, name, source)).output for name in ("ash", "birch", "cedar")]

    assert "It may use: memory_bytes 1,073,741,824; file_bytes 4,194,304; open_files 1,024; tcp; modules none." in told
    assert "capabilities gained: tcp" in signed[0]
    assert "So 4 must sign the statement" in signed[0]
    assert "vault: ash, birch, cedar (4 needed)" in signed[2]
    assert run("verify", out, source).exit_code == 0

    (source / "net.py").write_text("import socket")
    refused = run("build", source, "--out", tmp_path / "other", "--version", "2", "--capabilities", asked)
    assert refused.exit_code == 1
    assert "vault/2 needs what it does not declare: udp" in refused.output


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
        ("conflict", "--network", "net"),
        ("conflict", "absent", "--network", "net", "--out", "file"),
        ("rotate", "--resolves", "absent", "--network", "net", "--out", "file"),
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


@pytest.fixture
def drafted(tmp_path: Path, source: Path) -> Path:
    """A release that waits for signatures; the network lies beside it."""
    run("init-network", tmp_path / "net")
    run("build", source, "--out", tmp_path / "out", "--version", "0.1.1", "--network", tmp_path / "net")
    return tmp_path / "out" / "signing.json"


class TestSigning:
    def arguments(self, drafted: Path, *others: object) -> tuple[object, ...]:
        net = drafted.parent.parent / "net"
        return ("sign", drafted, "--key", net / "pods" / "ash" / "key.json", "--network", net, *others)

    def test_it_says_what_will_be_signed_and_asks(self, drafted: Path, source: Path) -> None:
        said = run(*self.arguments(drafted, "--checkout", source), typed="y\n").output

        assert said.index("It releases vault/0.1.1") < said.index("Sign this as ash?") < said.index("ash signed")

    @pytest.mark.parametrize("typed", ["n\n", "\n", ""])
    def test_whoever_does_not_agree_signs_nothing(self, drafted: Path, source: Path, typed: str) -> None:
        before = {path: path.read_bytes() for path in drafted.parent.parent.rglob("*") if path.is_file()}

        assert run(*self.arguments(drafted, "--checkout", source), typed=typed).exit_code == 1
        assert {path: path.read_bytes() for path in drafted.parent.parent.rglob("*") if path.is_file()} == before

    @pytest.mark.parametrize(
        ("others", "sentence"),
        [
            (("--yes",), "signed by who rebuilt it"),
            (("--yes", "--checkout", "elsewhere"), "elsewhere does not exist"),
            (("--json",), "nobody is asked: say --yes too"),
            (("--yes", "--key", "sealed"), "does not open the key of 'birch'"),
            (("--yes", "--key", "nobody"), "keyring"),
            (("--yes", "--network", "elsewhere"), "holds no network"),
        ],
    )
    def test_what_is_missing_is_one_sentence_and_nothing_is_signed(
        self, drafted: Path, source: Path, others: tuple[str, ...], sentence: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.chdir(drafted.parent)
        monkeypatch.setattr(sealed, "MEMORY_KIB", sealed.MEMORY_KIB_MIN)
        make_in_file(Path("sealed"), "birch", "a passphrase of several words", os.urandom)
        before = drafted.read_bytes()
        checkout = ("--checkout", source) if "--key" in others else ()

        result = run(*self.arguments(drafted, *checkout, *others), typed="another one altogether\n")

        assert result.exit_code == 1
        assert sentence in result.output
        assert drafted.read_bytes() == before

    def test_a_checkout_that_gives_something_else_is_not_signed(self, drafted: Path, source: Path) -> None:
        before = drafted.read_bytes()
        (source / "__main__.py").write_text("import backdoor\n")

        result = run(*self.arguments(drafted, "--checkout", source, "--yes"))

        assert (result.exit_code, drafted.read_bytes()) == (1, before)
        assert "node/vault/__main__.py" in result.output


@pytest.mark.long
def test_keygen_takes_its_passphrase_from_standard_input_where_there_is_no_terminal(tmp_path: Path) -> None:
    made = run("keygen", "ash", "--file", tmp_path / "key", typed="a passphrase of several words\n")
    shown = run("show", tmp_path / "key", "--out", tmp_path / "ash.json", typed="a passphrase of several words\n")

    assert (made.exit_code, shown.exit_code) == (0, 0), made.output + shown.output
    [fingerprint] = [line for line in made.output.splitlines() if line.startswith("Fingerprint")]
    assert fingerprint in shown.output
    assert json.loads((tmp_path / "ash.json").read_bytes())["name"] == "ash"


def test_without_anything_to_read_no_key_is_made(tmp_path: Path) -> None:
    result = run("keygen", "ash", "--file", tmp_path / "key")

    assert (result.exit_code, list(tmp_path.iterdir())) == (1, [])
    assert "a passphrase is needed" in result.output
