import pytest


@pytest.fixture(autouse=True)
def small_batches(monkeypatch):
    """ChemNet's batches are whole ones: fewer molecules in each are less to compute."""
    from qlatent_tf.metrics.molecules import chemnet

    monkeypatch.setattr(chemnet, "_BATCH", 40)


@pytest.fixture
def weights():
    """Skips a test of ChemNet where its weights are not installed."""
    from qlatent_tf.metrics.molecules import chemnet

    try:
        chemnet.weights_file()
    except FileNotFoundError as error:
        pytest.skip(str(error))
