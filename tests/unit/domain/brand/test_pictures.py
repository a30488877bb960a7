import pytest

from tests.harness.pictures import a_jpeg, a_png
from wispgate.domain.brand.pictures import LONGEST_SIDE, Picture, examine
from wispgate.kernel.errors import InvalidValue


def test_a_picture_is_known_by_its_octets() -> None:
    assert examine(a_png()) == Picture("image/png", 3, 2)
    assert examine(a_jpeg(640, 480)) == Picture("image/jpeg", 640, 480)


@pytest.mark.parametrize(
    "content", [b"", b"<svg xmlns='http://www.w3.org/2000/svg'/>", b"GIF89a", b"\x89PNG\r\n"]
)
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidValue, match="neither a PNG nor a JPEG"):
        examine(content)


@pytest.mark.parametrize(
    "content",
    [
        a_png() + b"<script>alert(1)</script>",
        a_png()[:-1],
        a_png().replace(b"IDAT", b"IDAX"),
        b"\x89PNG\r\n\x1a\n",
        a_jpeg() + b"<script>alert(1)</script>",
        a_jpeg()[:30],
        a_jpeg()[:20] + b"\0" + a_jpeg()[21:],
    ],
    ids=["png with more", "short png", "wrong check", "no chunk", "jpeg with more", "short jpeg",
         "no marker"],
)  # fmt: skip
def test_one_that_is_broken_or_hides_something_is_refused(content: bytes) -> None:
    with pytest.raises(InvalidValue, match="broken"):
        examine(content)


@pytest.mark.parametrize("size", [(LONGEST_SIDE + 1, 1), (1, LONGEST_SIDE + 1), (0, 5), (5, 0)])
def test_one_that_is_too_large_to_show_is_refused(size: tuple[int, int]) -> None:
    for content in (a_png(*size), a_jpeg(*size)):
        with pytest.raises(InvalidValue, match=f"{size[0]} by {size[1]} pixels"):
            examine(content)
