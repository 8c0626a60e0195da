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


def test_an_invertible_generator_has_widths_and_activation_that_can_be_inverted():
    latent = tfp.distributions.MultivariateNormalDiag(tf.zeros(4))
    with pytest.raises(ValueError, match="invertible is True or False; received 'no'"):
        models.build("mlp", latent, invertible="no")
    options = {"features": 6, "invertible": True}
    gan = models.build("mlp", latent, units=[4, 5], critic_units=[16], **options)
    assert gan.generator.count_params() == (4 * 4 + 4) + (4 * 5 + 5) + (5 * 6 + 6)
    assert gan.critic.count_params() == (6 * 16 + 16) + (16 + 1)
    with pytest.raises(ValueError, match="received widths 4 -> 8 -> 6"):
        models.build("mlp", latent, units=[8], **options)
    with pytest.raises(ValueError, match="received 'relu'"):
        models.build("mlp", latent, units=[4], activation="relu", **options)
