"""What the tests with real vault processes start from."""

from __future__ import annotations

import pytest

from node.supervisor.ports import Slot
from node.update.files.slots import Slots


@pytest.fixture(scope="session")
def slot(tmp_path_factory: pytest.TempPathFactory) -> Slot:
    """The vault layer of this checkout as a slot; read-only, so one is enough for all."""
    slots = Slots(tmp_path_factory.mktemp("slots"))
    tree_hash = slots.fill_from_checkout()
    return Slot(tree_hash, slots.verify("vault", tree_hash), slots.pycache("vault", tree_hash))
