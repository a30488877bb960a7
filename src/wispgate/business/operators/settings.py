"""What a tenant sets for itself: names, brand, domains, languages, taxes, number series, gateways.

All need the scope of that tenant. What is of the platform to decide (kind, host, suspensions) is
not here.
"""

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction

from wispgate.business.operators import ids, tenants, vault
from wispgate.business.operators import scope as scopes
from wispgate.business.operators.errors import DomainTaken, RatesOverlap
from wispgate.business.operators.models import (
    Brand,
    Domain,
    NumberingSeries,
    Operator,
    PaymentGateway,
    RoamingZone,
    TaxRate,
)
from wispgate.domain.authentication.sealing import seal
from wispgate.domain.brand import pictures
from wispgate.kernel.errors import InvalidValue, NotFound

# Larger ones slow down every page that shows them.
LARGEST_LOGO_OCTETS: Final = 256 * 1024
_COLOUR: Final = re.compile(r"#[0-9a-f]{6}")
_LABEL: Final = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN: Final = re.compile(rf"(?=.{{1,253}}$){_LABEL}(\.{_LABEL})+")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_ZONE: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}")
# The countries of the world and some networks beside: each stands in the profiles of its lines.
MOST_NETWORKS: Final = 300
_URL: Final = re.compile(r"https?://[^\s]{1,190}")

# Texts of a brand and the most characters of each.
_LONGEST: Final[Mapping[str, int]] = {
    "display_name": 120,
    "legal_name": 160,
    "postal_address": 400,
    "tax_number": 40,
    "main_colour": 7,
    "accent_colour": 7,
    "support_email": 254,
    "support_phone": 40,
    "support_url": 200,
}
BRAND_TEXTS: Final = tuple(_LONGEST)


def set_languages(languages: Sequence[str]) -> None:
    """Two-letter codes; the first is for those whose language is not known."""
    wanted = [language.strip().lower() for language in languages]
    if not wanted or len(set(wanted)) != len(wanted):
        raise InvalidValue("name one language at least, and each once", field="languages")
    wrong = [one for one in wanted if not re.fullmatch("[a-z]{2}", one)]
    if wrong:
        raise InvalidValue(f"not a code of two letters: {wrong[0]!r}", field="languages")
    with tenants.own_row() as operator:
        operator.languages = wanted


def set_usual_suspension(kind: str) -> None:
    """Hard (refused at attach) or soft (attaches, gets no session), where nobody says.

    Lines that are suspended already stay as they are.
    """
    if kind not in Operator.UsualSuspension.values:
        raise InvalidValue(
            f"one of {', '.join(Operator.UsualSuspension.values)}", field="usual_suspension"
        )
    with tenants.own_row() as operator:
        operator.usual_suspension = kind


def set_brand(**texts: str) -> None:
    """What is given of `BRAND_TEXTS`; the rest stays as it is."""
    unknown = texts.keys() - set(BRAND_TEXTS)
    if unknown:
        raise InvalidValue(f"a brand has no {min(unknown)}", field=min(unknown))
    cleaned = {name: check_brand_text(name, text.strip()) for name, text in texts.items()}
    _save_brand(**cleaned)


def set_logo(content: bytes | None) -> None:
    """A PNG or JPEG picture of 256 KiB at most; None takes it away."""
    if content is None:
        _save_brand(logo=None, logo_type="")
        return
    if len(content) > LARGEST_LOGO_OCTETS:
        raise InvalidValue(f"a logo has {LARGEST_LOGO_OCTETS} octets at most", field="logo")
    try:
        picture = pictures.examine(content)
    except InvalidValue as error:
        raise InvalidValue(error.message, field="logo") from None
    _save_brand(logo=content, logo_type=picture.media_type)


def add_domain(name: str) -> UUID:
    """Raises DomainTaken for a name that leads to an operator, whichever, already."""
    wanted = name.strip().lower().removesuffix(".")
    if not _DOMAIN.fullmatch(wanted):
        raise InvalidValue(f"not a domain name: {name!r}", field="name")
    now = scopes.current().now
    made = Domain(
        id=ids.new_id(now),
        operator_id=scopes.current_operator_id(),
        name=wanted,
        created_at=now,
    )
    try:
        with transaction.atomic():
            made.save(force_insert=True)
    except IntegrityError:
        raise DomainTaken(f"{wanted} leads to an operator already", domain=wanted) from None
    return made.id


def remove_domain(name: str) -> None:
    mine = Domain.objects.filter(name=name.lower(), operator_id=scopes.current_operator_id())
    if not mine.delete()[0]:
        raise NotFound("domain", name)


def add_tax_rate(
    *, code: str, name: str, percent: Decimal, valid_from: date, valid_until: date | None = None
) -> UUID:
    """A rate from a day on, to a day that is not its own. Raises RatesOverlap."""
    if not _NAME.fullmatch(code):
        raise InvalidValue("a code is small letters, digits and _", field="code")
    if not name.strip():
        raise InvalidValue("a tax has a name", field="name")
    if not (percent.is_finite() and 0 <= percent <= 100):
        raise InvalidValue("a rate is 0 to 100 percent", field="percent")
    if valid_until is not None and valid_until <= valid_from:
        raise InvalidValue("a rate ends after the day on which it begins", field="valid_until")
    rate = TaxRate(
        id=ids.new_id(scopes.current().now),
        operator_id=scopes.current_operator_id(),
        code=code,
        name=name.strip()[:80],
        percent=percent,
        valid_from=valid_from,
        valid_until=valid_until,
    )
    _save_rate(rate)
    return rate.id


def end_tax_rate(rate_id: UUID, *, valid_until: date) -> None:
    """Lets a rate hold to a day, that one not included. What was taxed with it stays."""
    rate = TaxRate.objects.select_for_update().filter(id=rate_id).first()
    if rate is None:
        raise NotFound("tax rate", rate_id)
    if valid_until <= rate.valid_from:
        raise InvalidValue("a rate ends after the day on which it begins", field="valid_until")
    rate.valid_until = valid_until
    _save_rate(rate)


def set_series(
    *, kind: str, prefix: str, digits: int, first_number: int = 1, is_yearly: bool = True
) -> None:
    """How documents of a kind are numbered from the next one on."""
    if kind not in NumberingSeries.Kind.values:
        raise InvalidValue(f"one of {', '.join(NumberingSeries.Kind.values)}", field="kind")
    if not re.fullmatch(r"[A-Za-z0-9/_.-]{0,20}", prefix):
        raise InvalidValue("a prefix is up to 20 letters, digits and / _ . -", field="prefix")
    if not 1 <= digits <= 12:
        raise InvalidValue("a number has 1 to 12 digits", field="digits")
    if not 1 <= first_number < 10**digits:
        raise InvalidValue("a first number has no more than the digits", field="first_number")
    NumberingSeries.objects.update_or_create(
        operator_id=scopes.current_operator_id(),
        kind=kind,
        defaults=(
            chosen := {
                "prefix": prefix,
                "digits": digits,
                "first_number": first_number,
                "is_yearly": is_yearly,
            }
        ),
        create_defaults=chosen | {"id": ids.new_id(scopes.current().now)},
    )


def put_roaming_zone(*, name: str, networks: Sequence[str]) -> None:
    """Defines a zone, or changes it. Lines learn of it when they are written anew."""
    if not _ZONE.fullmatch(name):
        raise InvalidValue("small letters, digits, - and _", field="name")
    wanted = sorted({one.strip().replace("-", "") for one in networks})
    if not 1 <= len(wanted) <= MOST_NETWORKS:
        raise InvalidValue(f"a zone has 1 to {MOST_NETWORKS} networks", field="networks")
    wrong = [one for one in wanted if not re.fullmatch("[0-9]{3}([0-9]{2,3})?", one)]
    if wrong:
        raise InvalidValue(
            f"an MCC (244) or a network (244-05), not {wrong[0]!r}", field="networks"
        )
    RoamingZone.objects.update_or_create(
        operator_id=scopes.current_operator_id(),
        name=name,
        defaults={"networks": wanted},
        create_defaults={"networks": wanted, "id": ids.new_id(scopes.current().now)},
    )


def remove_roaming_zone(name: str) -> None:
    """Plans that name it allow nothing by that any more."""
    mine = RoamingZone.objects.filter(name=name, operator_id=scopes.current_operator_id())
    if not mine.delete()[0]:
        raise NotFound("roaming zone", name)


def put_gateway(
    *,
    name: str,
    kind: str,
    public: Mapping[str, str],
    credentials: Mapping[str, str] | None = None,
    is_enabled: bool = True,
) -> UUID:
    """Defines a payment gateway, or changes it; without credentials it keeps those that it has.

    They are sealed here, in memory, and no call gives them back.
    """
    for field, text in (("name", name), ("kind", kind)):
        if not _NAME.fullmatch(text):
            raise InvalidValue("small letters, digits and _", field=field)
    _refuse_secrets_in(public)
    now, operator_id = scopes.current().now, scopes.current_operator_id()
    with transaction.atomic():
        gateway = PaymentGateway.objects.select_for_update().filter(name=name).first()
        if gateway is None:
            gateway = PaymentGateway(
                id=ids.new_id(now), operator_id=operator_id, name=name, created_at=now
            )
        gateway.kind, gateway.settings, gateway.is_enabled = kind, dict(public), is_enabled
        if credentials is not None:
            gateway.sealed_credentials = _seal(gateway.id, credentials)
            gateway.credential_names = sorted(credentials)
        gateway.save()
    return gateway.id


def remove_gateway(name: str) -> None:
    if not PaymentGateway.objects.filter(name=name).delete()[0]:
        raise NotFound("payment gateway", name)


def _save_brand(**values: object) -> None:
    operator_id, now = scopes.current_operator_id(), scopes.current().now
    name = Operator.objects.values_list("name", flat=True).get(id=operator_id)
    Brand.objects.update_or_create(
        operator_id=operator_id,
        defaults=values,
        create_defaults={"display_name": name, **values, "id": ids.new_id(now)},
    )


def check_brand_text(name: str, text: str) -> str:
    """The text as it is kept. Raises InvalidValue, which names the rule."""
    limit = _LONGEST[name]
    if len(text) > limit:
        raise InvalidValue(f"at most {limit} characters", field=name)
    if name.endswith("_colour"):
        text = text.lower()
    rules = {
        "display_name": (text, "a brand has a name"),
        "main_colour": (not text or _COLOUR.fullmatch(text), "a colour is like #1f6feb"),
        "accent_colour": (not text or _COLOUR.fullmatch(text), "a colour is like #1f6feb"),
        "support_email": (not text or "@" in text[1:-1], "an address has an @ in it"),
        "support_url": (not text or _URL.fullmatch(text), "it begins with http:// or https://"),
    }
    is_right, rule = rules.get(name, (True, ""))
    if not is_right:
        raise InvalidValue(rule, field=name)
    return text


def _save_rate(rate: TaxRate) -> None:
    try:
        with transaction.atomic():
            rate.save()
    except IntegrityError as error:
        if "taxrate_of_one_name_do_not_overlap" not in str(error):
            raise
        raise RatesOverlap(
            f"another rate of {rate.code} holds on some of those days: end it first",
            tax=rate.code,
        ) from None


def _refuse_secrets_in(public: Mapping[str, str]) -> None:
    """What is not sealed is shown: nothing that sounds like a secret may come in there."""
    for name in public:
        if re.search("secret|password|private|api_?key|token", name.lower()):
            raise InvalidValue("this belongs among the credentials", field=f"settings.{name}")


def _seal(gateway_id: UUID, credentials: Mapping[str, str]) -> bytes:
    wrong = [name for name in credentials if not _NAME.fullmatch(name)]
    if wrong or not credentials:
        raise InvalidValue("credentials have names of small letters", field="credentials")
    plain = json.dumps(dict(credentials)).encode()
    return seal(vault.sealing_key(), plain, bound_to=f"gateway:{gateway_id}")
