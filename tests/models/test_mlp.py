import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from qlatent_tf.registry import models


def test_sizes_follow_the_paper():
    # Two hidden layers of 512 between 16 and 16 (generator) or 1 (critic), with biases.
    latent = tfp.distributions.MultivariateNormalDiag(tf.zeros(16))
    gan = models.build("mlp", latent)
    hidden = 16 * 512 + 512 + 512 * 512 + 512
    assert gan.generator.count_params() == hidden + 512 * 16 + 16
    assert gan.critic.count_params() == hidden + 512 + 1
    assert gan.sample(3, seed=0).shape == (3, 16)


def test_widths_are_arguments():
    latent = tfp.distributions.MultivariateNormalDiag(tf.zeros(4))
    gan = models.build("mlp", latent, features=6, units=[8], critic_steps=2)
    assert gan.sample(3, seed=0).shape == (3, 6)
    assert gan.critic_steps == 2


def test_unknown_options_are_refused():
    latent = tfp.distributions.MultivariateNormalDiag(tf.zeros(4))
    with pytest.raises((ValueError, TypeError), match="depth"):
        models.build("mlp", latent, depth=3)
