"""Releases of the app by fewer pods than may decide what runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from node.pod.build import Built
from node.trust.head import Head
from node.vault.share.tree import address_of
from tests.attacks.stage import Stage
from tests.attacks.test_attacks_on_signatures import expect_repelled
from tests.layer_world import Workshop
from tests.signed_world import World


def publish_here(stage: Stage, made: Built) -> None:
    """Let everybody have its files."""
    stage.files |= {address_of(content): content for content in (*made.objects.values(), made.manifest)}


@pytest.mark.long
def test_an_app_that_three_of_five_signed_under_a_snapshot_of_four(stage: Stage, tmp_path: Path):
    app = Workshop(tmp_path).app("0.1.1")

    def forge(world: World) -> Head:
        world.release("", world.pods[:4], now=stage.now(), role="app", release=app.release)
        return world.change("app", lambda _: None, by=world.pods[:3], now=stage.now())

    publish_here(stage, app)
    expect_repelled(stage, forge, "app: signed by 3 pods, 4 are needed", is_blamed=True)
