"""The accent colour: text in it or on it is readable, whatever the colour."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guichet.accent import DARK, LIGHT, READABLE, accent, contrast
from tests.support.colors import COLORS

# The colours of text in pages and emails.
INK = {"light": "#1d2433", "dark": "#eceff5"}


def hold(color: str) -> None:
    """Assert what must hold for any colour."""
    shades = accent(color)
    assert shades.light.button == color.lower()
    for scheme, surfaces in (("light", LIGHT), ("dark", DARK)):
        line, button, on_button, tint = getattr(shades, scheme)
        assert all(re.fullmatch("#[0-9a-f]{6}", shade) for shade in (line, button, on_button, tint))
        assert min(contrast(line, surface) for surface in surfaces) >= READABLE
        assert contrast(on_button, button) >= READABLE
        assert contrast(INK[scheme], tint) >= READABLE


@pytest.mark.parametrize("color", COLORS)
def test_text_in_and_on_the_colour_of_a_site_can_be_read(color: str) -> None:
    hold(color)


@pytest.mark.slow
@settings(max_examples=300, deadline=None)
@given(st.from_regex("#[0-9a-fA-F]{6}", fullmatch=True))
def test_text_in_and_on_any_colour_can_be_read(color: str) -> None:
    hold(color)


def test_twenty_colours_are_twenty() -> None:
    assert len(set(COLORS)) == 20


def test_a_colour_that_can_be_read_stays_what_it_is_and_another_keeps_its_hue() -> None:
    assert accent("#1f4fa3").light.line == "#1f4fa3"
    assert accent("#FFD500").dark.line == "#ffd500"
    red, green, blue = (int(accent("#ffd500").light.line[start : start + 2], 16) for start in (1, 3, 5))
    assert red > green > blue == 0
    # A nearly grey colour has no hue to keep.
    assert accent("#fffffe").light.line == accent("#ffffff").light.line


@pytest.mark.parametrize(
    ("one", "other", "ratio"), [("#000000", "#ffffff", 21), ("#ffffff", "#ffffff", 1), ("#767676", "#ffffff", 4.54)]
)
def test_contrast_is_what_wcag_says(one: str, other: str, ratio: float) -> None:
    assert contrast(one, other) == pytest.approx(ratio, abs=0.01)
    assert contrast(one, other) == contrast(other, one)
