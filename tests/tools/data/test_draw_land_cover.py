import importlib

import numpy as np
import pytest
from qlatent_tf.tools.data import draw_land_cover as tool
from qlatent_tf.tools.data import land_cover_scenes

module = importlib.import_module("qlatent_tf.datasets.images.land_cover_tiles")


def test_the_shipped_file_is_drawn_again():
    assert module.CLASSES == land_cover_scenes.CLASSES
    drawn = tool.draw_tiles(0, 18)
    with np.load(module.FILE) as shipped:
        np.testing.assert_array_equal(drawn["labels"], shipped["labels"][:18])
        # Another version of a library may round the last bit of a number another way.
        for name in ("indices", "palettes"):
            assert np.mean(drawn[name] == shipped[name][:18]) > 0.99


def test_a_tile_depends_on_seed_and_number_alone():
    tile, label = tool.draw_tile(5, 3)
    again, same = tool.draw_tile(5, 3)
    np.testing.assert_array_equal(tile, again)
    assert label == same and tile.shape == (28, 28, 4) and tile.dtype == np.uint8
    for other, _ in (tool.draw_tile(5, 4), tool.draw_tile(6, 3)):
        assert not np.array_equal(tile, other)


def test_reduced_colours_are_near():
    for number in range(6):
        tile, _ = tool.draw_tile(1, number)
        numbers, palette = tool.reduce_colours(tile)
        assert palette.shape == (16, 4) and numbers.max() < 16
        assert np.abs(palette[numbers].astype(int) - tile).mean() < 6
        used = palette[: numbers.max() + 1].astype(int).sum(axis=1)
        assert (np.diff(used) >= -4).all()  # By brightness, up to rounding.


def test_few_colours_are_kept_as_they_are():
    tile = np.zeros((28, 28, 4), np.uint8)
    tile[:14] = (10, 20, 30, 40)
    numbers, palette = tool.reduce_colours(tile)
    np.testing.assert_array_equal(palette[numbers], tile)


def test_the_same_tiles_give_the_same_bytes(tmp_path, capsys):
    paths = [tmp_path / "one.npz", tmp_path / "another.npz"]
    for path in paths:
        assert (
            tool.main(
                [
                    "--count",
                    "3",
                    "--out",
                    str(path),
                    "--quiet",
                    "--picture",
                    str(tmp_path / "picture.png"),
                ]
            )
            == 0
        )
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert "3 tiles ->" in capsys.readouterr().out
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("arguments", [["--count", "0"], ["--seed", "-1", "--count", "2"]])
def test_bad_arguments(arguments, tmp_path, capsys):
    assert tool.main([*arguments, "--out", str(tmp_path / "x.npz"), "--quiet"]) == 1
    assert "received" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
