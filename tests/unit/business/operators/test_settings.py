"""What a tenant sets for itself."""

from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest

from tests.harness.pictures import a_png
from tests.unit.business.world import OPENING_KEY, World
from wispgate.business.audit import queries as audit
from wispgate.business.operators import queries, settings
from wispgate.business.operators.errors import DomainTaken, RatesOverlap
from wispgate.business.operators.models import PaymentGateway
from wispgate.domain.authentication.sealing import keyring, open_sealed
from wispgate.kernel.errors import InvalidValue, Misconfigured, NotFound

PNG = a_png()


def test_a_brand_keeps_what_was_not_named(world: World) -> None:
    with world.as_staff():
        settings.set_brand(main_colour="#1F6FEB", support_email="help@north.example")
        settings.set_brand(support_phone="+46 8 1")
        brand = queries.find_brand(world.north)

    assert brand is not None
    assert (brand.display_name, brand.main_colour) == ("North", "#1f6feb")
    assert (brand.support_email, brand.support_phone) == ("help@north.example", "+46 8 1")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("display_name", ""),
        ("main_colour", "red"),
        ("accent_colour", "#12345"),
        ("support_email", "nobody"),
        ("support_url", "javascript:alert(1)"),
        ("tax_number", "1" * 41),
        ("slogan", "x"),
    ],
)
def test_what_a_brand_cannot_be_is_named(world: World, field: str, value: str) -> None:
    with world.as_staff(), pytest.raises(InvalidValue) as refused:
        settings.set_brand(**{field: value})

    assert refused.value.field == field


def test_a_logo_is_a_picture_by_its_first_octets(world: World) -> None:
    with world.as_staff():
        settings.set_logo(PNG)
        assert queries.find_logo(world.north) == (PNG, "image/png")
        for wrong in (b"<svg/>", PNG + b"0" * settings.LARGEST_LOGO_OCTETS):
            with pytest.raises(InvalidValue):
                settings.set_logo(wrong)
        settings.set_logo(None)
        assert queries.find_logo(world.north) is None


def test_a_domain_leads_to_one_operator_before_anybody_is_known(world: World) -> None:
    now = world.clock.now()
    with world.as_staff():
        settings.add_domain("My.North.Example.")
    with world.as_staff(world.south), pytest.raises(DomainTaken):
        settings.add_domain("my.north.example")

    assert queries.find_operator_of_domain("MY.north.example", now=now) == world.north
    assert queries.find_operator_of_domain("other.example", now=now) is None
    with world.as_staff(world.south), pytest.raises(NotFound):
        settings.remove_domain("my.north.example")
    with world.as_staff():
        settings.remove_domain("my.north.example")
    assert queries.find_operator_of_domain("my.north.example", now=now) is None


@pytest.mark.parametrize(
    "name", ["", "north", "-a.example", "a..example", "a b.example", "ä.example"]
)
def test_a_domain_has_the_form_of_one(world: World, name: str) -> None:
    with world.as_staff(), pytest.raises(InvalidValue, match="domain"):
        settings.add_domain(name)


def test_languages_begin_with_the_usual_one(world: World) -> None:
    with world.as_staff():
        settings.set_languages(["sv", "EN"])
        assert queries.get_operator("north").languages == ["sv", "en"]
        for wrong in ([], ["sv", "sv"], ["swedish"]):
            with pytest.raises(InvalidValue):
                settings.set_languages(wrong)


def add_rate(percent: str, first: date, last: date | None = None) -> None:
    settings.add_tax_rate(
        code="vat", name="VAT", percent=Decimal(percent), valid_from=first, valid_until=last
    )


def test_the_rate_of_a_day_is_the_one_that_holds_on_it(world: World) -> None:
    with world.as_staff():
        add_rate("25", date(2026, 1, 1), date(2026, 7, 1))
        add_rate("24.5", date(2026, 7, 1))
        found = {
            day: queries.find_tax_rate(world.north, "vat", on=day)
            for day in (date(2025, 12, 31), date(2026, 6, 30), date(2026, 7, 1))
        }

    assert [rate and rate.percent for rate in found.values()] == [
        None,
        Decimal("25.0000"),
        Decimal("24.5000"),
    ]


def test_two_rates_of_one_tax_share_no_day(world: World) -> None:
    with world.as_staff():
        add_rate("25", date(2026, 1, 1))
        with pytest.raises(RatesOverlap):
            add_rate("24", date(2026, 7, 1))
        (rate,) = queries.list_tax_rates(world.north)
        settings.end_tax_rate(rate.id, valid_until=date(2026, 7, 1))
        add_rate("24", date(2026, 7, 1))
        with pytest.raises(RatesOverlap):
            settings.end_tax_rate(rate.id, valid_until=date(2026, 8, 1))
        with pytest.raises(InvalidValue):
            settings.end_tax_rate(rate.id, valid_until=date(2026, 1, 1))
        with pytest.raises(NotFound):
            settings.end_tax_rate(uuid4(), valid_until=date(2026, 8, 1))


@pytest.mark.parametrize("percent", ["-1", "100.1", "NaN"])
def test_a_rate_is_a_percentage(world: World, percent: str) -> None:
    with world.as_staff(), pytest.raises(InvalidValue, match="percent"):
        add_rate(percent, date(2026, 1, 1))


def test_a_series_says_how_its_numbers_look(world: World) -> None:
    with world.as_staff():
        settings.set_series(kind="invoice", prefix="N-", digits=5, first_number=100)
        settings.set_series(kind="receipt", prefix="", digits=3, is_yearly=False)
        invoice, receipt = queries.list_series(world.north)

    assert invoice.number(1, year=2026) == "N-2026-00100"
    assert receipt.number(7, year=2026) == "007"


@pytest.mark.parametrize(
    ("field", "value"),
    [("kind", "order"), ("prefix", "a b"), ("digits", 0), ("digits", 13), ("first_number", 10**6)],
)
def test_a_series_that_cannot_be_is_refused(world: World, field: str, value: object) -> None:
    given = {"kind": "invoice", "prefix": "", "digits": 6} | {field: value}
    with world.as_staff(), pytest.raises(InvalidValue) as refused:
        settings.set_series(**given)

    assert refused.value.field == field


def test_credentials_of_a_gateway_are_sealed_and_stay_until_others_come(world: World) -> None:
    with world.as_staff():
        made = settings.put_gateway(
            name="cards", kind="stripe", public={"account": "a1"}, credentials={"api_key": "sk_1"}
        )
        settings.put_gateway(name="cards", kind="stripe", public={"account": "a2"})
        gateway = PaymentGateway.objects.get(id=made)
        entries = audit.list_entries(object_type="operators_paymentgateway")

    sealed = bytes(gateway.sealed_credentials or b"")
    opened = open_sealed(keyring([OPENING_KEY]), sealed, bound_to=f"gateway:{made}")
    assert opened == b'{"api_key": "sk_1"}'
    assert (gateway.settings, gateway.credential_names) == ({"account": "a2"}, ["api_key"])
    assert "sk_1" not in str([entry.after for entry in entries])
    assert {entry.after["sealed_credentials"] for entry in entries if entry.action == "insert"} == {
        "sealed"
    }


def test_what_sounds_like_a_secret_is_not_kept_in_the_clear(world: World) -> None:
    with world.as_staff():
        for public in ({"api_key": "x"}, {"webhookSecret": "x"}):
            with pytest.raises(InvalidValue, match="credentials"):
                settings.put_gateway(name="cards", kind="stripe", public=public)
        with pytest.raises(InvalidValue):
            settings.put_gateway(name="Cards!", kind="stripe", public={})
        with pytest.raises(InvalidValue):
            settings.put_gateway(name="cards", kind="stripe", public={}, credentials={})


def test_without_a_key_to_seal_with_no_credentials_are_taken(
    world: World, settings: object
) -> None:
    from wispgate.business.operators import settings as own  # noqa: PLC0415 (named as the fixture)

    settings.WISPGATE_VAULT_PUBLIC_KEY = ""  # type: ignore[attr-defined]
    with world.as_staff(), pytest.raises(Misconfigured):
        own.put_gateway(name="cards", kind="stripe", public={}, credentials={"api_key": "x"})


def test_a_gateway_can_be_taken_away(world: World) -> None:
    with world.as_staff():
        settings.put_gateway(name="cards", kind="stripe", public={})
        settings.remove_gateway("cards")
        assert queries.list_gateways(world.north) == []
        with pytest.raises(NotFound):
            settings.remove_gateway("cards")
