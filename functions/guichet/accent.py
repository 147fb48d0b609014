"""The site's own colour, made readable: any colour's text and background get WCAG 2.2's contrast of 4.5 to 1.

Imported only to render pages or emails.
"""

from collections.abc import Callable, Iterable
from colorsys import hls_to_rgb, rgb_to_hls
from functools import cache
from itertools import chain
from typing import NamedTuple

# The backgrounds of text, in pages and in emails: a card and the paper around it.
LIGHT = ("#ffffff", "#f6f4ef")
DARK = ("#1b202b", "#12151c")
# WCAG 2.2, 1.4.3. On dark backgrounds, the eye needs more.
READABLE = 4.5
READABLE_IN_THE_DARK = 7.0
_TINT = 0.09
# sRGB (IEC 61966-2-1): up to here a channel's value is proportional to its light.
_LINEAR = 0.04045
# The hue of a nearly white or black colour is accidental.
_GREY = 0.06


class Shades(NamedTuple):
    """The colour's shades on light or on dark paper, each as `#rrggbb`."""

    # For links, rules and outlines, and the edge of a button, which may be as pale as the paper.
    line: str
    button: str
    on_button: str
    # A background for the text of the page.
    tint: str


class Accent(NamedTuple):
    """The colour on light and on dark paper."""

    light: Shades
    dark: Shades


@cache
def accent(color: str) -> Accent:
    """Return the shades of a colour, `#rrggbb`. The site's own button is exactly of that colour on light paper."""
    color = color.lower()
    line = _shade(color, 0, lambda shade: _lowest_contrast(shade, LIGHT) >= READABLE)
    # Where white is not readable, black is: the product of their contrasts is 21.
    on_button = "#ffffff" if contrast(color, "#ffffff") >= READABLE else "#000000"
    light = Shades(line, color, on_button, _mixed(color, LIGHT[0]))
    bright = _shade(color, 1, lambda shade: _lowest_contrast(shade, DARK) >= READABLE_IN_THE_DARK)
    return Accent(light, Shades(bright, bright, DARK[1], _mixed(bright, DARK[0])))


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours, from 1 to 21 (WCAG 2.2, `contrast ratio`)."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def _lowest_contrast(color: str, surfaces: Iterable[str]) -> float:
    return min(contrast(color, surface) for surface in surfaces)


def _shade(color: str, end: float, is_readable: Callable[[str], bool]) -> str:
    """Return the first readable shade of a colour on its way to black (0) or white (1), of its own hue."""
    channels = _channels(color)
    hue, lightness, saturation = rgb_to_hls(*channels)
    if max(channels) - min(channels) < _GREY:
        saturation = 0.0
    way = (lightness + (end - lightness) * percent / 100 for percent in range(1, 101))
    shades = (_written(hls_to_rgb(hue, step, saturation)) for step in way)
    return next(filter(is_readable, chain((color,), shades)))


def _luminance(color: str) -> float:
    """Return the relative luminance of a colour (WCAG 2.2)."""
    red, green, blue = (
        channel / 12.92 if channel <= _LINEAR else ((channel + 0.055) / 1.055) ** 2.4 for channel in _channels(color)
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _mixed(color: str, surface: str) -> str:
    pairs = zip(_channels(color), _channels(surface), strict=True)
    return _written(_TINT * part + (1 - _TINT) * ground for part, ground in pairs)


def _channels(color: str) -> tuple[float, float, float]:
    red, green, blue = (int(color[start : start + 2], 16) / 255 for start in (1, 3, 5))
    return red, green, blue


def _written(channels: Iterable[float]) -> str:
    return "#" + "".join(f"{round(channel * 255):02x}" for channel in channels)
