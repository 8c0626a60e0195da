"""One configuration: JSON and back, changes from a command line, and what is refused."""

import json

import numpy as np
import pytest

from qlatent_tf.config import SCHEMA_VERSION, Config, parse_setting

FIELDS = {"model": "mlp", "latent": "boson", "dataset": "quantum", "steps": 10, "batch_size": 4}


@pytest.fixture
def config():
    return Config(
        **FIELDS,
        latent_options={"modes": 8},
        optimizer_options={"learning_rate": 1e-4},
        metrics=("discreteness",),
    )


def test_a_setting_may_be_nested_beyond_what_json_reads():
    assert parse_setting("a=" + "[" * 100_000)[1].startswith("[[[")


def test_json_and_back(config):
    text = json.dumps(config.to_json())
    assert Config.from_json(json.loads(text)) == config
    assert json.loads(text)["schema_version"] == SCHEMA_VERSION


def test_a_round_trip_does_not_share_options(config):
    config.to_json()["latent_options"]["modes"] = 99
    assert config.latent_options == {"modes": 8}


def test_an_unknown_key_hints_at_the_near_one(config):
    with pytest.raises(ValueError, match="Unknown .*'batchsize'. Did you mean batch_size.*Legal:"):
        Config.from_json({**config.to_json(), "batchsize": 3})
    with pytest.raises(ValueError, match="Did you mean optimizer_options.learning_rate"):
        config.override(learning_rate=1e-3)
    with pytest.raises(ValueError, match="Unknown .*'stepps'. Did you mean steps"):
        config.override(stepps=3)


def test_a_missing_key_is_named():
    with pytest.raises(ValueError, match="lacks dataset, steps, batch_size"):
        Config.from_json({"schema_version": 1, "model": "mlp", "latent": "boson"})


@pytest.mark.parametrize("version", [None, 0, SCHEMA_VERSION + 1, "1", 1.0, True])
def test_another_schema_is_refused(config, version):
    with pytest.raises(ValueError, match="schema version"):
        Config.from_json({**config.to_json(), "schema_version": version})


def test_a_number_of_numpy_is_as_one_of_python(config):
    """As `for seed in np.arange(3)` has them, and `np.logspace` learning rates."""
    swept = config.override(seed=np.arange(3)[2], circuit_learning_rate=np.logspace(-3, -1, 3)[1])
    assert type(swept.seed) is int and type(swept.circuit_learning_rate) is float
    assert swept == config.override(seed=2, circuit_learning_rate=1e-2)
    assert Config.from_json(json.loads(json.dumps(swept.to_json()))).seed == 2
    nested = {"latent_options.modes": np.int64(4), "model_options.units": [np.int64(8)]}
    assert config.override(**nested) == config.override(
        **{"latent_options.modes": 4, "model_options.units": [8]}
    )
    with pytest.raises(ValueError, match="what JSON cannot: Object of type ndarray"):
        config.override(**{"model_options.units": np.arange(3)})
    with pytest.raises(ValueError, match=r"^steps is a positive whole number; received 3\.0"):
        config.override(steps=np.float64(3))


def test_override_reaches_into_options_and_leaves_the_original(config):
    changed = config.override(**{"steps": 300, "latent_options.photons": 4})
    assert changed.steps == 300
    assert changed.latent_options == {"modes": 8, "photons": 4}
    assert (config.steps, config.latent_options) == (10, {"modes": 8})


def test_override_takes_a_whole_number_for_a_float_and_one_metric_for_many(config):
    changed = config.override(gradient_penalty_weight=3, metrics="quality")
    assert changed.gradient_penalty_weight == 3.0
    assert isinstance(changed.gradient_penalty_weight, float)
    assert changed.metrics == ("quality",)


@pytest.mark.parametrize(
    "key, value, message",
    [
        ("steps", 0, "steps is a positive whole number; received 0"),
        ("steps", "many", "received 'many'"),
        ("steps", 2.5, "received 2.5"),
        ("batch_size", True, "received True"),
        ("seed", -1, "seed is a whole number from 0; received -1"),
        ("gradient_penalty_weight", float("nan"), "finite number from 0; received nan"),
        ("gradient_penalty_weight", True, "finite number from 0; received True"),
        ("gradient_penalty_weight", "ten", "finite number from 0; received 'ten'"),
        ("generator_batch_size", 0, "generator_batch_size is a positive whole number or None"),
        ("generator_batch_size", True, "received True"),
        ("generator_ema", 1, "generator_ema is a number from 0 to below 1; received 1"),
        ("generator_ema", True, "received True"),
        ("critic_learning_rate", 0, "a finite number above 0 or None; received 0"),
        ("critic_learning_rate", float("inf"), "received inf"),
        ("critic_learning_rate", "fast", "received 'fast'"),
        ("critic_learning_rate", True, "received True"),
        ("precision", "float16", "float32, mixed_bfloat16, mixed_float16; received 'float16'"),
        ("learning_rate_decay_steps", 0.5, "received 0.5"),
        ("learning_rate_decay_steps", 9, "at least steps, 10, .* received 9"),
        ("jit_compile", 1, "jit_compile is a bool; received 1"),
        ("jit_compile", "yes", "jit_compile is a bool; received 'yes'"),
        ("model", 3, "model is a str; received 3"),
        ("metrics", 3, "metrics is a list of names; received 3"),
        ("metrics", [1], "metrics is a list of names; received"),
        ("latent_options", 3, r"set one with latent_options.OPTION; received 3"),
        ("steps.more", 3, "steps holds one value, so steps.more names nothing"),
    ],
)
def test_a_value_of_the_wrong_type_is_refused(config, key, value, message):
    with pytest.raises(ValueError, match=message):
        config.override(**{key: value})


@pytest.mark.parametrize(
    "key, value",
    [
        ("model", 3),
        ("latent", None),
        ("jit_compile", "no"),
        ("latent_options", [1]),
        ("optimizer", 1),
        ("metrics", "discreteness"),
    ],
)
def test_a_file_with_a_value_of_the_wrong_type_is_refused(config, key, value):
    with pytest.raises(ValueError, match=key):
        Config.from_json({**config.to_json(), key: value})


def test_a_file_from_before_a_field_has_its_default(config):
    fields = config.to_json()
    for name in (
        "critic_learning_rate",
        "generator_batch_size",
        "generator_ema",
        "learning_rate_decay_steps",
        "precision",
    ):
        del fields[name]
    assert Config.from_json(fields) == config


def test_options_that_json_cannot_hold_are_refused():
    with pytest.raises(ValueError, match="model_options .*JSON"):
        Config(**FIELDS, model_options={"activation": print})


def test_code_is_trusted_by_its_name(config):
    record = config.override(latent="my_file:mine").to_json()
    with pytest.raises(ValueError, match="run code from outside the project: my_file:mine"):
        Config.from_json(record, trust_code=["my_file:other"])
    assert Config.from_json(record, trust_code=["my_file:mine"]).latent == "my_file:mine"
    with pytest.raises(ValueError, match="run code from outside the project: my_file:mine"):
        Config.from_json(record, trust_code="my_file:mine_too")
    assert Config.from_json(record, trust_code="my_file:mine").latent == "my_file:mine"


def test_differences_name_the_fields_that_differ(config):
    assert config.differences(config) == {}
    assert config.differences(config.override(steps=11)) == {"steps": (10, 11)}


@pytest.mark.parametrize(
    "text, setting",
    [
        ("steps=300", ("steps", 300)),
        ("latent_options.transmission=0.8", ("latent_options.transmission", 0.8)),
        ("latent_options.g2=.1", ("latent_options.g2", 0.1)),
        ("generator_ema=-2.E-3", ("generator_ema", -2e-3)),
        ("latent_options.interferometer=1-1", ("latent_options.interferometer", "1-1")),
        ("model_options.units=[64, 64]", ("model_options.units", [64, 64])),
        ("optimizer=RMSprop", ("optimizer", "RMSprop")),
        ("jit_compile=False", ("jit_compile", False)),
        ("jit_compile=true", ("jit_compile", True)),
        ("metrics=", ("metrics", "")),
        ("optimizer=a=b", ("optimizer", "a=b")),
    ],
)
def test_a_setting_is_json_where_it_can_be(text, setting):
    assert parse_setting(text) == setting


@pytest.mark.parametrize("text", ["steps", "=3", ""])
def test_a_setting_without_key_or_value_is_refused(text):
    with pytest.raises(ValueError, match="reads key=value, such as steps=300; received"):
        parse_setting(text)


@pytest.mark.parametrize("field", ["model", "latent", "dataset", "metrics"])
def test_a_file_names_code_of_others_only_when_trusted(config, field):
    foreign = ["theirs:thing"] if field == "metrics" else "theirs:thing"
    fields = {**config.to_json(), field: foreign}
    with pytest.raises(ValueError, match="theirs:thing.*trust_code=True"):
        Config.from_json(fields)
    assert Config.from_json(fields, trust_code=True).to_json()[field] == foreign


@pytest.mark.parametrize("value", [[1], {}, "text"])
def test_what_is_no_configuration_is_said_to_be_none(value):
    with pytest.raises(ValueError, match="no configuration"):
        Config.from_json(value)
