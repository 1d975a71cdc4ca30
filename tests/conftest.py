"""What tests of many folders share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.simulation.signing import cheap_everywhere


@pytest.fixture
def cheap_signing() -> Iterator[None]:
    """Vaults that are pretended sign cheaply: most of a pretended trial was signing, which other tests look at."""
    with cheap_everywhere():
        yield
