import numpy as np
import pytest
import tensorflow as tf

from qlatent_tf.metrics.images.tf_gan import tfgan


def test_the_stand_in_is_gone_once_tf_gan_is_imported():
    before = hasattr(tf, "estimator")
    module = tfgan()
    assert module is tfgan() and module.__version__.startswith("2.1")
    assert hasattr(tf, "estimator") == before


def test_losses_and_scores_work():
    losses = tfgan().losses.wargs
    real, fake = tf.constant([[1.0], [3.0]]), tf.constant([[5.0], [6.0]])
    assert float(losses.wasserstein_discriminator_loss(real, fake)) == pytest.approx(5.5 - 2)
    logits = np.log([[0.5, 0.5], [0.5, 0.5]])
    assert float(tfgan().eval.classifier_score_from_logits(logits)) == pytest.approx(1)
