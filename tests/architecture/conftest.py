import pytest

from tests.architecture import sources


@pytest.fixture(scope="package", autouse=True)
def _shared_trees():
    yield
    sources.forget()
