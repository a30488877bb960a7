"""A scale of shades from an operator's one colour, with the contrasts of the scale it replaces.

Contrast (WCAG 2.2) depends on relative luminance alone. Each shade of ours keeps the brand's hue
and takes the luminance that the shade of the shipped blue has, so that whatever text can be read
in blue, light or dark, can be read in every brand. The colour space is Oklab (CSS Color 4).
"""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from wispgate.kernel.errors import InvalidValue

_HEX: Final = re.compile(r"#[0-9a-f]{6}")
_STEPS: Final = 24
# The shade that buttons have, under white text.
_BUTTON, _BUTTON_HOVERED = "600", "700"
# From this shade on a text is white on it, or it is the text; lighter ones lie under texts.
_DARK_FROM: Final = 500

Rgb = tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Shade:
    """A colour in OKLCH: lightness 0 to 1, chroma, hue in degrees."""

    lightness: float
    chroma: float
    hue: float

    def __str__(self) -> str:
        return f"oklch({self.lightness * 100:.1f}% {self.chroma:g} {self.hue:g})"


# The accent of the product itself, by weight.
BLUE: Final[Mapping[str, Shade]] = {
    "50": Shade(0.973, 0.012, 246),
    "100": Shade(0.938, 0.028, 247),
    "200": Shade(0.886, 0.054, 248),
    "300": Shade(0.81, 0.097, 249),
    "400": Shade(0.712, 0.147, 252),
    "500": Shade(0.625, 0.182, 255),
    "600": Shade(0.528, 0.187, 257),
    "700": Shade(0.464, 0.168, 258),
    "800": Shade(0.398, 0.138, 259),
    "900": Shade(0.346, 0.108, 260),
    "950": Shade(0.264, 0.08, 262),
}


def scale_of(colour: str) -> dict[str, str]:
    """`#rrggbb` as eleven shades by weight. Raises InvalidValue.

    A colour that is as dark as buttons are is their colour as it is.
    """
    brand = _parse(colour)
    seen = _shade_of(brand)
    scale = {weight: _shade(seen, weight) for weight in BLUE}
    darkest, lightest = (_luminance(_rgb(BLUE[w])) for w in (_BUTTON_HOVERED, _BUTTON))
    if darkest <= _luminance(brand) <= lightest:
        scale[_BUTTON] = colour
    return scale


def contrast(one: str, other: str) -> float:
    """WCAG's ratio of two colours `#rrggbb`, 1 to 21."""
    dark, light = sorted(_luminance(_parse(colour)) for colour in (one, other))
    return (light + 0.05) / (dark + 0.05)


def _shade(brand: Shade, weight: str) -> str:
    """Of the brand's hue, as light as the blue of that weight, and never on the wrong side of it."""
    like = BLUE[weight]
    wanted = _luminance(_rgb(like))
    chroma = min(brand.chroma, BLUE[_BUTTON].chroma) * like.chroma / BLUE[_BUTTON].chroma
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2
        if _luminance(_rgb(Shade(middle, chroma, brand.hue))) < wanted:
            low = middle
        else:
            high = middle
    if int(weight) >= _DARK_FROM:
        return _hex(_rgb(Shade(low, chroma, brand.hue)), math.floor)
    return _hex(_rgb(Shade(high, chroma, brand.hue)), math.ceil)


# --- Oklab and sRGB, linear between ------------------------------------------------------------


def _rgb(shade: Shade) -> Rgb:
    """Linear sRGB; what no screen shows is cut off."""
    turn = math.radians(shade.hue)
    a, b = shade.chroma * math.cos(turn), shade.chroma * math.sin(turn)
    long = (shade.lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (shade.lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (shade.lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        _cut(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
        _cut(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
        _cut(-0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short),
    )


def _shade_of(rgb: Rgb) -> Shade:
    red, green, blue = rgb
    long = math.cbrt(0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue)
    medium = math.cbrt(0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue)
    short = math.cbrt(0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue)
    a = 1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short
    b = 0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short
    lightness = 0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short
    return Shade(lightness, math.hypot(a, b), math.degrees(math.atan2(b, a)))


def _luminance(rgb: Rgb) -> float:
    return 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]


def _cut(value: float) -> float:
    return min(max(value, 0.0), 1.0)


def _parse(colour: str) -> Rgb:
    if not _HEX.fullmatch(colour):
        raise InvalidValue(f"a colour is like #1f6feb, not {colour[:20]!r}")
    red, green, blue = (_linear(int(colour[at : at + 2], 16) / 255) for at in (1, 3, 5))
    return red, green, blue


def _linear(value: float) -> float:
    return float(value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4)


def _hex(rgb: Rgb, rounded: Callable[[float], int]) -> str:
    return "#" + "".join(f"{rounded(_encoded(value) * 255):02x}" for value in rgb)


def _encoded(value: float) -> float:
    return float(value * 12.92 if value <= 0.0031308 else 1.055 * value ** (1 / 2.4) - 0.055)
