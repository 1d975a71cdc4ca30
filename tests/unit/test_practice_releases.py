"""The releases of a practice network do what is said of them."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Final

from node.practice.releases import RELEASES, copy_source
from node.vault.share.tree import address_of

CHUNKS: Final = 65_536


def test_the_lossy_release_loses_as_many_chunks_as_is_said_of_it(tmp_path):
    lossy = RELEASES["lossy"]
    source = copy_source(tmp_path / "vault", version="0.1.1", change=lossy.change)
    keeps = re.search(r"if (.+):  # the others go out", (source / "driver.py").read_text(encoding="utf-8"))
    assert keeps is not None
    condition = compile(keeps[1], "driver.py", "eval")

    contents = [number.to_bytes(4) for number in range(CHUNKS)]
    kept = sum(
        bool(eval(condition, {"effect": SimpleNamespace(content=content, address=address_of(content))}))
        for content in contents
    )

    assert f"1 chunk in {round(CHUNKS / (CHUNKS - kept))} " in lossy.summary
