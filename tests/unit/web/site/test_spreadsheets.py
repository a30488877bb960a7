import pytest

from wispgate.web.site import spreadsheets


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+cmd|' /C calc'!A0", "-2+3+cmd", "@SUM(A1)", "\t=1", "\r=1", "|x", "%x", "\uff1d1"],
)
def test_a_cell_that_would_be_a_formula_is_made_text(text: str) -> None:
    assert spreadsheets.harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-12.50", "+4612345", "0", "Ada = Eva", "", "a@b.example"])
def test_numbers_and_ordinary_text_stay(text: str) -> None:
    assert spreadsheets.harmless(text) == text


def test_a_file_has_a_header_and_quoted_cells() -> None:
    made = "".join(spreadsheets.lines(["name", "amount"], [['=A1, "x"', -5], [None, 1]]))

    assert made == 'name,amount\r\n"\'=A1, ""x""",-5\r\n,1\r\n'
