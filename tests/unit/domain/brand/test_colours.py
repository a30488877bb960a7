import pytest
from hypothesis import given
from hypothesis import strategies as st

from wispgate.domain.brand.colours import BLUE, contrast, scale_of
from wispgate.kernel.errors import InvalidValue

WHITE = "#ffffff"
colours = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def test_contrast_is_that_of_wcag() -> None:
    assert contrast("#000000", WHITE) == pytest.approx(21)
    assert contrast(WHITE, WHITE) == pytest.approx(1)
    # The grey that is just enough on white.
    assert contrast("#767676", WHITE) == pytest.approx(4.54, abs=0.005)


@given(colours)
def test_whatever_the_brand_texts_can_be_read(colour: str) -> None:
    scale = scale_of(colour)

    assert list(scale) == list(BLUE)
    # Buttons and links on light grounds; badges; links and badges on dark ones.
    assert contrast(scale["600"], WHITE) >= 4.5
    assert contrast(scale["700"], scale["50"]) >= 4.5
    assert contrast(scale["800"], scale["100"]) >= 4.5
    assert contrast(scale["400"], "#0f172a") >= 4.5
    assert contrast(scale["300"], scale["900"]) >= 4.5
    # Bars and frames, on either ground.
    assert contrast(scale["600"], WHITE) >= 3
    assert contrast(scale["500"], "#0f172a") >= 3


@given(colours)
def test_shades_go_from_light_to_dark(colour: str) -> None:
    scale = scale_of(colour)
    scale.pop("600")

    against_white = [contrast(shade, WHITE) for shade in scale.values()]

    assert against_white == sorted(against_white)


def test_a_colour_that_suits_buttons_is_theirs_as_it_is() -> None:
    assert scale_of("#b3261e")["600"] == "#b3261e"


@pytest.mark.parametrize("colour", ["#ffe600", "#000000", "#ffffff"])
def test_one_that_does_not_is_darkened_or_lightened(colour: str) -> None:
    button = scale_of(colour)["600"]

    assert button != colour
    assert contrast(button, WHITE) < 7


def test_a_grey_brand_is_grey() -> None:
    shade = scale_of("#777777")["600"]

    assert len({shade[1:3], shade[3:5], shade[5:7]}) == 1


def test_the_shipped_blue_is_written_as_style_sheets_write_it() -> None:
    assert str(BLUE["600"]) == "oklch(52.8% 0.187 257)"


@pytest.mark.parametrize("text", ["", "red", "#12345", "#1234567", "#GGGGGG", "#ABCDEF"])
def test_what_is_no_colour_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue, match="a colour is like"):
        scale_of(text)
