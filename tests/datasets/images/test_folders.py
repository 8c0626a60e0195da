"""Folders of image files as data sets: what is read, what is seen, and what is refused."""

import numpy as np
import pytest
from harness import tiny_config
from PIL import Image

from qlatent_tf import datasets
from qlatent_tf.datasets.images import folders
from qlatent_tf.quantum import memory
from qlatent_tf.registry import datasets as registry
from qlatent_tf.resolve import image_shape

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.integers(0, 256, (6, 4, 5, 3), np.uint8)
pytestmark = pytest.mark.usefixtures("folder")


def _write(folder, images):
    for name, image in images.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)


def test_a_folder_of_images(folder):
    _write(folder / "photos", {f"{number}.png": image for number, image in enumerate(IMAGES)})
    data = datasets.from_folder("photos")
    np.testing.assert_array_equal(data.source, IMAGES)
    assert data.name == "photos" and data.labels is None
    assert datasets.from_folder("photos", size=8).source.shape == (6, 8, 8, 3)
    assert datasets.from_folder("photos", size=(2, 3), grey=True).source.shape == (6, 2, 3, 1)
    named = registry.build("images", file="photos", bands=1, progress=False)
    np.testing.assert_array_equal(named.source, IMAGES[..., :1])


def test_subfolders_are_classes(folder):
    _write(folder, {"pets/dog/1.bmp": IMAGES[0], "pets/cat/1.png": IMAGES[1]})
    (folder / "pets" / "empty").mkdir()
    _write(folder / "pets", {".thumbnails/1.png": IMAGES[2], "__MACOSX/dog/1.png": IMAGES[2]})
    (folder / "pets" / "dog" / "._1.png").write_bytes(b"of macOS")
    data = datasets.from_folder(folder / "pets")
    assert data.class_names == ("cat", "dog") and data.labels.tolist() == [0, 1]
    np.testing.assert_array_equal(data.source, IMAGES[[1, 0]])
    chosen = registry.build("images", file="pets", classes="dog", progress=False)
    np.testing.assert_array_equal(chosen.source, IMAGES[:1])


@pytest.mark.parametrize(
    "images, options, message",
    [
        ({}, {}, "holds no images; legal endings are .png"),
        ({"1.png": IMAGES[0], "2.png": IMAGES[0, 1:]}, {}, r"2.png has the size \(3, 5\)"),
        ({"1.png": IMAGES[0], "a/1.png": IMAGES[0]}, {}, "beside folders of images, a"),
        ({"1.png": IMAGES[0]}, {"size": 0}, "size is at least 1; received 0"),
        ({"1.png": IMAGES[0]}, {"size": 32.5}, "size is an integer; received 32.5"),
        ({"1.png": IMAGES[0]}, {"size": True}, "size is an integer; received True"),
        ({"1.png": IMAGES[0]}, {"size": "32"}, "size is an integer; received '32'"),
        ({"1.png": IMAGES[0]}, {"size": (8, 8.5)}, "size is an integer; received 8.5"),
        ({"1.png": IMAGES[0]}, {"size": (8, 8, 3)}, "height and width; received"),
        ({"1.png": IMAGES[0]}, {"grey": "no"}, "grey is True or False; received 'no'"),
        ({"a/1.png": IMAGES[0], "a/in/1.png": IMAGES[0]}, {}, "a/in holds images: a class is one"),
        ({"a/in/1.png": IMAGES[0]}, {}, "a/in holds images: a class is one folder"),
        ({"a/1.png": IMAGES[0], "b/0/in/1.png": IMAGES[0]}, {}, "b/0/in holds images: a class"),
    ],
)
def test_folders_that_are_no_data_set(folder, images, options, message):
    _write(folder, images)
    with pytest.raises(ValueError, match=message):
        datasets.from_folder(folder, **options)


@pytest.mark.parametrize(
    "pixels", [IMAGES[0, ..., 0].astype(np.uint16), np.dstack([IMAGES[0], IMAGES[0, ..., :1]])]
)
def test_pixels_that_would_lose_something_are_refused(folder, pixels):
    Image.fromarray(pixels).save(folder / "1.tif")
    with pytest.raises(ValueError, match="1.tif holds pixels of the kind .*; legal are .*npz"):
        datasets.from_folder(folder)


@pytest.mark.parametrize("name", ["stack.tif", "film.gif"])
def test_of_several_images_in_a_file_none_is_lost_in_silence(folder, name):
    first, *more = (Image.fromarray(image) for image in IMAGES[:3])
    first.save(folder / name, save_all=True, append_images=more)
    with pytest.raises(ValueError, match=f"{name} holds 3 images, of which one alone"):
        datasets.from_folder(folder)


@pytest.mark.parametrize("kind, name", [("MPO", "camera.jpg"), ("TIFF", "preview.tif")])
def test_previews_beside_an_image_are_left_out(folder, kind, name):
    preview = Image.fromarray(IMAGES[1]).resize((2, 2))
    first = Image.fromarray(np.full((40, 50, 3), 128, np.uint8))
    first.save(folder / name, kind, save_all=True, append_images=[preview])
    assert datasets.from_folder(folder).source.shape == (1, 40, 50, 3)


def test_images_are_turned_as_their_camera_was_held(folder):
    """Orientation 6: the first row of the file is the right side of what is seen."""
    pixels = np.zeros((16, 8), np.uint8)
    pixels[:8] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(folder / "1.png", exif=exif)
    (seen,) = datasets.from_folder(folder, grey=True).source
    np.testing.assert_array_equal(np.squeeze(seen), np.rot90(pixels, -1))


@pytest.mark.parametrize("mode", ["RGBA", "P", "LA"])
def test_what_is_transparent_is_white(folder, mode):
    pixels = np.zeros((2, 2, 4), np.uint8)
    pixels[0] = [200, 200, 200, 0]  # No viewer shows the colour of these.
    pixels[1] = [40, 40, 40, 255]
    image = Image.fromarray(pixels)
    image = image.quantize() if mode == "P" else image.convert(mode)
    image.save(folder / "1.png")
    (seen,) = datasets.from_folder(folder).source
    assert seen.tolist() == [[[255] * 3] * 2, [[40] * 3] * 2]


def test_a_damaged_image_is_named(folder):
    _write(folder, {"1.png": IMAGES[0]})
    (folder / "1.png").write_bytes((folder / "1.png").read_bytes()[:60])
    with pytest.raises(ValueError, match="1.png is no whole image file"):
        datasets.from_folder(folder)
    with pytest.raises(NotADirectoryError, match="absent is not a folder"):
        datasets.from_folder("absent")


def test_images_of_the_folder_test_are_held_out(folder):
    _write(folder / "plain", {"train/1.png": IMAGES[0], "train/2.png": IMAGES[1]})
    _write(folder / "plain", {"test/1.png": IMAGES[2]})
    data = datasets.from_folder(folder / "plain")
    np.testing.assert_array_equal(data.source, IMAGES[:2])
    np.testing.assert_array_equal(data.test, IMAGES[2:3])
    assert data.labels is None and data.class_names == ()
    _write(folder / "pets", {"train/dog/1.png": IMAGES[0], "train/cat/1.png": IMAGES[1]})
    _write(folder / "pets", {"test/dog/1.png": IMAGES[2], "test/emu/1.png": IMAGES[3]})
    data = registry.build("images", file="pets", progress=False)
    assert data.class_names == ("cat", "dog", "emu")
    assert (data.labels.tolist(), data.test_labels.tolist()) == ([0, 1], [1, 2])
    np.testing.assert_array_equal(data.test, IMAGES[2:4])


def test_classes_are_of_both_splits_or_of_none(folder):
    _write(folder, {"train/dog/1.png": IMAGES[0], "test/1.png": IMAGES[1]})
    with pytest.raises(ValueError, match="one holds images and one folders of images"):
        datasets.from_folder(folder)


def test_what_is_no_image_is_left_out_and_told_of(folder, caplog):
    _write(folder, {"mine/1.png": IMAGES[0]})
    for name in ("a.ppm", "b.csv", "c.mp4", "Thumbs.db", ".hidden"):
        (folder / "mine" / name).touch()
    (folder / "mine" / "lost.png").symlink_to("nowhere.png")
    assert len(datasets.from_folder("mine").source) == 1
    said = "no images: mine/a.ppm, mine/b.csv, mine/c.mp4 and 1 more."
    assert said in caplog.text.replace(f"{folder}/", "")


def test_a_class_without_images_and_what_lies_beside_the_classes_are_told_of(folder, caplog):
    _write(folder, {"pets/cat/1.png": IMAGES[0]})
    for name in ("dog/1.heic", "emu/notes/1.txt", "labels.csv", "cat/notes/1.txt"):
        (folder / "pets" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "pets" / name).touch()
    assert datasets.from_folder("pets").class_names == ("cat",)
    without = [f"pets/{name} (a folder without images)" for name in ("cat/notes", "dog", "emu")]
    assert f"no images: {', '.join(without)} and 1 more." in caplog.text.replace(f"{folder}/", "")
    _write(folder, {"mine/train/1.png": IMAGES[0], "mine/test/1.png": IMAGES[1]})
    (folder / "mine" / "labels.csv").touch()
    assert len(datasets.from_folder("mine").test) == 1
    assert "no images: mine/labels.csv." in caplog.text.replace(f"{folder}/", "")


@pytest.mark.parametrize(
    "names", [("test", "train", "valid"), ("train", "val"), ("Test", "Train"), ("TEST", "train")]
)
def test_images_that_are_held_out_elsewhere_are_not_trained_on(folder, names):
    _write(folder, {f"{name}/1.png": IMAGES[0] for name in names})
    with pytest.raises(ValueError, match=f"has the folders {', '.join(sorted(names))}. Images"):
        datasets.from_folder(folder)
    (folder / "deep").mkdir()
    for name in names:
        (folder / name).rename(folder / "deep" / name)
        _write(folder, {f"deep/{name}/cat/1.png": IMAGES[0]})
    with pytest.raises(ValueError, match="has the folders"):
        datasets.from_folder(folder / "deep")


def test_train_alone_or_beside_other_names_is_a_class(folder):
    _write(folder, {"train/1.png": IMAGES[0], "tram/1.png": IMAGES[1]})
    (folder / "test").mkdir()
    assert datasets.from_folder(folder).class_names == ("train", "tram")


def test_links_that_lead_back_are_followed_once(folder):
    _write(folder, {"mine/1.png": IMAGES[0], "elsewhere/1.png": IMAGES[1]})
    (folder / "mine" / "sub").mkdir()
    for name in ("first", "second"):
        (folder / "mine" / "sub" / name).symlink_to(".")
    assert len(datasets.from_folder("mine").source) == 1
    (folder / "pets").mkdir()
    (folder / "pets" / "cat").symlink_to(folder / "elsewhere")
    assert datasets.from_folder("pets").class_names == ("cat",)
    (folder / "deep" / "cat").mkdir(parents=True)
    (folder / "deep" / "cat" / "more").symlink_to(folder / "elsewhere")
    with pytest.raises(ValueError, match="cat/more holds images: a class is one folder"):
        datasets.from_folder("deep")


def test_more_than_fits_into_memory_is_refused_before_it_is_read(folder, monkeypatch):
    _write(folder, {"1.png": IMAGES[0], "2.png": IMAGES[1]})
    with pytest.raises(ValueError, match="2 images of 10000000 x 10000000 pixels take"):
        datasets.from_folder(folder, size=10**7)
    monkeypatch.setattr(memory, "memory_limit", lambda: 100)
    monkeypatch.setattr(folders, "read_pixels", None)
    with pytest.raises(ValueError, match="2 images of 4 x 5 pixels take 120 bytes of memory"):
        datasets.from_folder(folder)


@pytest.mark.parametrize(
    ("options", "shape"),
    [
        ({"file": "photos"}, (4, 5, 3)),
        ({"file": "photos", "size": [6, 7], "grey": True}, (6, 7, 1)),
        ({"file": "photos", "bands": 1}, (4, 5, 1)),
        ({"file": "some.npy"}, (4, 5, 3)),
        ({"file": "some.npz", "bands": 1}, (4, 5, 1)),
        ({"file": "absent"}, None),
        ({"file": "photos", "size": "large"}, None),
        ({"file": "some.npy", "bands": 7}, None),
        ({}, None),
    ],
)
def test_the_shape_of_images_is_known_before_they_are_read(folder, options, shape):
    _write(folder, {"photos/1.png": IMAGES[0], "photos/2.png": IMAGES[1]})
    np.save(folder / "some.npy", IMAGES)
    np.savez(folder / "some.npz", x=IMAGES, y=np.arange(6))
    config = tiny_config(dataset="images", dataset_options=options)
    assert image_shape(config) == shape
    if shape:
        assert registry.build("images", progress=False, **options).source.shape[1:] == shape
