from qlatent_tf.drawing import style
from qlatent_tf.drawing.style import latent_style, literal, new_figure, save_figure


def _saved(folder):
    figure = new_figure(4, 3)
    panel = figure.subplots()
    panel.plot([1, 2], [3, 1], label="boson", **latent_style("boson"))
    panel.set_xlabel("modes")
    save_figure(figure, folder / "figure")
    return {file.suffix: file.read_bytes() for file in sorted(folder.iterdir())}


def test_a_figure_drawn_again_is_the_same_file(tmp_path):
    folders = [tmp_path / name for name in ("first", "second")]
    for folder in folders:
        folder.mkdir()
    first, second = map(_saved, folders)
    assert list(first) == [".png", ".svg"]
    assert first == second


def test_a_name_is_drawn_as_it_is(tmp_path):
    figure, name = new_figure(4, 3), r"shots$\frac$2"
    figure.suptitle(literal(name))
    save_figure(figure, tmp_path / "figure")
    assert "<!-- shots$\\frac$2 -->" in (tmp_path / "figure.svg").read_text()


def test_a_name_with_characters_that_no_svg_holds_is_drawn_without_them(tmp_path):
    figure = new_figure(4, 3)
    figure.suptitle(literal("a\x01b\nc"))
    save_figure(figure, tmp_path / "figure")
    assert "<!-- ab -->" in (tmp_path / "figure.svg").read_text()


def test_latents_of_ones_own_look_like_none_that_has_a_name():
    own = {latent_style(f"mine:l{number}")["marker"] for number in range(100)}
    named = {marker for _, marker in style._LATENTS.values()}
    assert len(own) > 4 and not own & named
    for name in ("mine:l0", "mine:l7"):  # Matplotlib knows it, filled and empty.
        panel = new_figure(1, 1).subplots()
        panel.plot([0], [0], **latent_style(name), mfc="w")
        panel.figure.canvas.draw()


def test_a_figure_is_saved_under_a_path_that_is_text(tmp_path):
    save_figure(new_figure(1, 1), str(tmp_path / "figure"), step=3)
    assert {file.name for file in tmp_path.iterdir()} == {"figure.png", "figure.svg", "tensorboard"}


def test_latents_look_different():
    names = ("boson", "photonic", "gaussian", "bernoulli", "my_latent:my_latent")
    assert len({tuple(latent_style(name).items()) for name in names}) == len(names)
