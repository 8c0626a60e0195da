"""What tests of data sets share."""

import pytest


@pytest.fixture
def folder(empty_folder, monkeypatch):
    """The working directory, in which no data and nothing cached is found but what a test makes."""
    monkeypatch.delenv("QLATENT_DATA_DIR", raising=False)
    monkeypatch.setenv("QLATENT_CACHE_DIR", str(empty_folder / "cache"))
    return empty_folder
