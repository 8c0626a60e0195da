import pytest


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    """ChemNet's batches are whole ones: fewer molecules in each are less to compute."""
    from qlatent_tf.metrics.molecules import chemnet

    monkeypatch.setattr(chemnet, "_BATCH", 40)
