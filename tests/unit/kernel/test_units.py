"""Octets, speeds and durations as people write and read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wispgate.kernel import units
from wispgate.kernel.errors import InvalidValue


@pytest.mark.parametrize(
    ("text", "octets"),
    [
        ("40 GB", 40 * 10**9),
        ("1.5GB", 1_500_000_000),
        ("512 MiB", 512 * 2**20),
        ("2 TiB", 2 * 2**40),
        ("3 kB", 3000),
        ("1000", 1000),
        (" 7 b ", 7),
        ("0", 0),
    ],
)
def test_octets_are_read_with_decimal_and_binary_prefixes(text, octets):
    assert units.parse_octets(text) == octets


@pytest.mark.parametrize(
    "text", ["", "GB", "-1 GB", "1 PB", "1 GB 2", "1e3", "1.5.5 GB", "10 Mbit/s"]
)
def test_text_that_is_no_volume_is_refused(text):
    with pytest.raises(InvalidValue, match="not an amount"):
        units.parse_octets(text)


@pytest.mark.parametrize("text", ["1.5", "0.0001 kB"])
def test_part_of_an_octet_is_refused(text):
    with pytest.raises(InvalidValue, match="not a whole number of B"):
        units.parse_octets(text)


@pytest.mark.parametrize(
    ("octets", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (960_000, "960 kB"),
        (999_949, "999.9 kB"),
        (999_999, "1 MB"),
        (18_200_000_000, "18.2 GB"),
        (-1_500, "-1.5 kB"),
        (-999_999_999, "-1 GB"),
        (5 * 10**15, "5000 TB"),
    ],
)
def test_octets_are_shown_in_the_largest_fitting_unit(octets, text):
    assert units.format_octets(octets) == text


@given(st.integers(0, 10**16))
def test_shown_octets_are_nearly_what_they_were(octets):
    read = units.parse_octets(units.format_octets(octets))

    assert abs(read - octets) <= octets * 0.05


@pytest.mark.parametrize(
    ("text", "bps"),
    [
        ("10 Mbit/s", 10**7),
        ("256 kbit/s", 256_000),
        ("1.5 Gbit/s", 1_500_000_000),
        ("64000", 64_000),
    ],
)
def test_speed_is_read_in_bits_per_second(text, bps):
    assert units.parse_bps(text) == bps


def test_volume_is_no_speed():
    with pytest.raises(InvalidValue, match="units are BIT/S"):
        units.parse_bps("10 MB")


@pytest.mark.parametrize(
    ("bps", "text"),
    [
        (10**7, "10 Mbit/s"),
        (256_000, "256 kbit/s"),
        (1_500_000_000, "1.5 Gbit/s"),
        (64, "64 bit/s"),
    ],
)
def test_speed_is_shown_in_the_largest_fitting_unit(bps, text):
    assert units.format_bps(bps) == text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90), ("2h30m", 9000), ("3d", 259_200), ("1w", 604_800), (" 0s ", 0)],
)
def test_duration_is_read_in_seconds(text, seconds):
    assert units.parse_seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "90", "1 h", "1y", "-5s", "h"])
def test_text_that_is_no_duration_is_refused(text):
    with pytest.raises(InvalidValue, match="not a duration"):
        units.parse_seconds(text)


def test_prefixes_are_decimal_and_binary():
    assert (units.KB, units.MB, units.GB, units.TB) == (10**3, 10**6, 10**9, 10**12)
    assert (units.KIB, units.MIB, units.GIB) == (2**10, 2**20, 2**30)
