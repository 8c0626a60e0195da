"""Scenes of land from above, for `draw_land_cover`.

Each is composed on four times as many pixels a side as it ends with, out of areas (fields, grass,
forest, bare ground, water) and of what lies on them (roads, roofs, trees), every surface with a
brightness of its own and a texture of filtered noise. What stands above the ground casts a shadow.
Vegetation is bright in near infrared and water is dark, as in real images.
"""

import numpy as np

CLASSES = ("field", "grass", "forest", "bare", "water", "built-up")
SIZE = 28
_FINE = 4  # pixels a side on which a tile is composed, for each one that it has
_CANVAS = SIZE * _FINE

# The mean reflectance of a surface in red, green, blue and near infrared, from 0 to 255; how much
# brightness and colour differ from one tile to another; the depth of its texture and how many
# canvas pixels its grains measure.
SURFACES = {
    "crop": ((92, 118, 78, 182), 0.14, 0.05, 3.0),
    "stubble": ((164, 146, 106, 158), 0.12, 0.06, 2.5),
    "ploughed": ((128, 106, 84, 112), 0.14, 0.06, 2.5),
    "grass": ((108, 126, 84, 168), 0.12, 0.08, 5.0),
    "forest": ((54, 76, 54, 150), 0.12, 0.22, 3.6),
    "bare": ((170, 152, 128, 176), 0.12, 0.09, 6.0),
    "water": ((42, 64, 70, 26), 0.22, 0.04, 5.0),
    "road": ((138, 136, 134, 130), 0.10, 0.04, 3.0),
    "track": ((168, 154, 128, 166), 0.08, 0.05, 3.0),
    "garden": ((88, 108, 72, 158), 0.12, 0.16, 4.0),
    "roof": ((158, 150, 146, 148), 0.14, 0.03, 3.0),
    "red roof": ((150, 96, 80, 128), 0.12, 0.03, 3.0),
}


def draw_tile(seed: int, number: int) -> tuple[np.ndarray, int]:
    """Draws one tile.

    Args:
      seed: int. From 0.
      number: int. From 0.

    Returns:
      uint8 array of shape `(28, 28, 4)`, and the number of its class in `CLASSES`: what was drawn
      first and covers most of it.
    """
    chance = np.random.default_rng([seed, number])
    label = int(chance.integers(len(CLASSES)))
    canvas = _Canvas(chance)
    _DRAW[CLASSES[label]](canvas, chance)
    return canvas.picture(), label


class _Canvas:
    """A picture in the making, four values a pixel.

    Args:
      chance: np.random.Generator.
    """

    def __init__(self, chance):
        self._chance = chance
        self._values = np.zeros((_CANVAS, _CANVAS, 4))
        self._height = np.zeros((_CANVAS, _CANVAS))
        self.rows, self.columns = np.mgrid[:_CANVAS, :_CANVAS] - (_CANVAS - 1) / 2
        self._haze = chance.uniform(0.0, 10.0)

    def paint(self, surface, mask=None, texture=None, height=0.0):
        """Covers an area with a surface.

        Args:
          surface: str. One of `SURFACES`.
          mask: bool array. Where. Default: everywhere.
          texture: array. Added to the surface's own, in parts of its brightness.
          height: float. By what the area stands above the ground, in canvas pixels of shadow.
        """
        mean, spread, depth, grain = SURFACES[surface]
        colour = np.array(mean) * np.exp(self._chance.normal(0, spread))
        colour *= np.exp(self._chance.normal(0, spread / 4, 4))
        values = 1 + depth * self.noise(grain)
        if texture is not None:
            values = values + texture
        painted = colour * values[..., np.newaxis]
        if mask is None:
            mask = np.ones((_CANVAS, _CANVAS), bool)
        self._values[mask] = painted[mask]
        self._height[mask] = height

    def noise(self, grain):
        """Returns noise of mean 0 and standard deviation 1 whose grains have a size in pixels."""
        from scipy import ndimage

        margin = int(4 * grain)
        field = self._chance.standard_normal((_CANVAS + 2 * margin, _CANVAS + 2 * margin))
        field = ndimage.gaussian_filter(field, grain)[margin:-margin, margin:-margin]
        return (field - field.mean()) / (field.std() + 1e-9)

    def across(self, angle, bend=0.0):
        """Returns the distance of each pixel from a line through the middle, bent at will."""
        distance = np.cos(angle) * self.rows + np.sin(angle) * self.columns
        return distance + bend * self.noise(18.0) if bend else distance

    def picture(self):
        """Returns the tile: shadows cast, made smaller, in few colours."""
        from scipy import ndimage

        # The sun is at the lower left, as on an afternoon north of the tropics.
        shaded = np.zeros((_CANVAS, _CANVAS), bool)
        for step in range(1, 7):
            ahead = np.roll(self._height, (-step, step), axis=(0, 1))
            ahead[-step:], ahead[:, :step] = 0, 0
            shaded |= ahead >= self._height + step
        values = self._values * np.where(shaded, 0.55, 1.0)[..., np.newaxis] + self._haze
        values = values.reshape(SIZE, _FINE, SIZE, _FINE, 4).mean(axis=(1, 3))
        # The sensor: one pixel sees a little of its neighbours, and no two counts are equal.
        values = ndimage.gaussian_filter(values, (0.45, 0.45, 0))
        values += self._chance.normal(0, 1.0, values.shape)
        return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def _paint_field(canvas, chance, mask=None):
    surface = chance.choice(["crop", "crop", "stubble", "ploughed"])
    furrows = np.sin(canvas.across(chance.uniform(0, np.pi)) * 2 * np.pi / chance.uniform(6, 14))
    moist = 0.05 * canvas.noise(20.0)
    canvas.paint(surface, mask, texture=chance.uniform(0.0, 0.08) * furrows + moist)


def _paint_trees(canvas, mask):
    """Covers an area with crowns: light from one side, shadows between them."""
    relief = canvas.noise(3.2)
    light = np.roll(relief, 2, axis=0) - np.roll(relief, -2, axis=0)
    canvas.paint("forest", mask, texture=0.12 * light, height=3.0)


def _draw_fields(canvas, chance):
    angle = chance.uniform(0, np.pi)
    _paint_field(canvas, chance)
    for turn in (0, np.pi / 2):
        if chance.random() < 0.55:
            distance = canvas.across(angle + turn) - chance.uniform(-35, 35)
            _paint_field(canvas, chance, distance > 0)
            edge = chance.random()
            if edge < 0.35:
                canvas.paint("track", np.abs(distance) < chance.uniform(2, 3.5))
            elif edge < 0.65:
                _paint_trees(canvas, np.abs(distance) < 4 + 2 * canvas.noise(4.0))
    _maybe_road(canvas, chance, 0.15, angle)


def _draw_grass(canvas, chance):
    canvas.paint("grass", texture=0.07 * canvas.noise(22.0))
    if chance.random() < 0.5:
        canvas.paint("bare", canvas.noise(9.0) > chance.uniform(1.4, 2.2))
    if chance.random() < 0.7:
        _paint_trees(canvas, canvas.noise(5.0) > chance.uniform(1.5, 2.4))
    _maybe_road(canvas, chance, 0.25)


def _draw_forest(canvas, chance):
    canvas.paint("grass", texture=0.05 * canvas.noise(20.0))
    _paint_trees(canvas, canvas.noise(chance.uniform(12, 22)) > chance.uniform(-2.4, -0.5))
    if chance.random() < 0.3:
        canvas.paint("track", np.abs(canvas.across(chance.uniform(0, np.pi), 9.0)) < 2.5)


def _draw_bare(canvas, chance):
    canvas.paint("bare", texture=0.10 * canvas.noise(18.0))
    if chance.random() < 0.6:
        canvas.paint("ploughed", canvas.noise(14.0) > chance.uniform(0.6, 1.6))
    if chance.random() < 0.6:
        canvas.paint("grass", canvas.noise(6.0) > chance.uniform(1.2, 2.2))
    if chance.random() < 0.3:
        canvas.paint("track", np.abs(canvas.across(chance.uniform(0, np.pi), 14.0)) < 2.5)


def _draw_water(canvas, chance):
    angle = chance.uniform(0, np.pi)
    canvas.paint(chance.choice(["grass", "forest", "bare", "crop"]))
    kind = chance.random()
    if kind < 0.35:  # A shore.
        depth = canvas.across(angle, chance.uniform(4, 12)) + chance.uniform(-5, 40)
    elif kind < 0.7:  # A river.
        depth = chance.uniform(14, 36) - np.abs(canvas.across(angle, chance.uniform(10, 20)))
    else:  # A lake, or open water.
        depth = (
            chance.uniform(30, 90)
            - np.hypot(canvas.rows, canvas.columns * chance.uniform(0.7, 1.4))
            + 7 * canvas.noise(14.0)
        )
    rim = chance.choice(["bare", "grass", "garden"])
    canvas.paint(rim, depth > -chance.uniform(2, 7))
    canvas.paint("water", depth > 0, texture=0.06 * canvas.noise(25.0))
    if chance.random() < 0.12:  # A bridge.
        canvas.paint("road", np.abs(canvas.across(angle + np.pi / 2)) < 3.5, height=2.0)


def _draw_built_up(canvas, chance):
    angle = chance.choice([0.0, chance.uniform(0, np.pi / 2)])
    canvas.paint(chance.choice(["garden", "garden", "grass", "road"]))
    _paint_trees(canvas, canvas.noise(4.0) > chance.uniform(1.2, 2.0))
    along, across = canvas.across(angle), canvas.across(angle + np.pi / 2)
    spacing, length = chance.uniform(18, 34), chance.uniform(9, 20)
    width = spacing * chance.uniform(0.35, 0.6)
    shift = chance.uniform(0, spacing, 2)
    for row in range(-6, 7):
        for column in range(-6, 7):
            if chance.random() < 0.75:
                centre = (row, column) * np.array([spacing, 1.2 * length + 4]) + shift
                size = np.array([width, length]) / 2 * chance.uniform(0.7, 1.1, 2)
                house = (np.abs(along - centre[0]) < size[0]) & (
                    np.abs(across - centre[1]) < size[1]
                )
                if house.any():
                    ridge = 0.12 * np.sign(along - centre[0])
                    surface = chance.choice(["roof", "roof", "red roof"])
                    canvas.paint(surface, house, texture=ridge, height=3.0)
    street = (along - shift[0] + spacing / 2 + spacing) % (2 * spacing) - spacing
    canvas.paint("road", np.abs(street) < chance.uniform(2.5, 4.0))
    if chance.random() < 0.4:
        canvas.paint("road", np.abs(across - chance.uniform(-40, 40)) < 3.5)


def _maybe_road(canvas, chance, share, angle=None):
    if chance.random() < share:
        angle = chance.uniform(0, np.pi) if angle is None else angle
        surface = chance.choice(["road", "track"])
        middle = canvas.across(angle, chance.choice([0.0, 8.0])) - chance.uniform(-35, 35)
        canvas.paint(surface, np.abs(middle) < chance.uniform(2.5, 5.0))


_DRAW = {
    "field": _draw_fields,
    "grass": _draw_grass,
    "forest": _draw_forest,
    "bare": _draw_bare,
    "water": _draw_water,
    "built-up": _draw_built_up,
}
