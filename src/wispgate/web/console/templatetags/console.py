"""How the console's templates show states, instants, identifiers and sentences."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from django import template
from django.template.context import RequestContext
from django.utils import formats, timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from wispgate.business.staff.masking import HIDDEN
from wispgate.web.console import wording
from wispgate.web.console.badges import badge_of
from wispgate.web.console.visits import Visit
from wispgate.web.console.wording import GLOSSARY, Link, Piece

register = template.Library()

# Stands where there is nothing.
NOTHING = "\N{EN DASH}"


@register.simple_tag
def icon(name: str) -> SafeString:
    """A symbol of Unfold's font. Always beside a word, so readers of screens pass over it."""
    return format_html(
        '<span class="material-symbols-outlined wg-icon" aria-hidden="true">{}</span>', name
    )


@register.simple_tag
def badge(kind: str, state: str) -> SafeString:
    shown = badge_of(kind, state)
    return format_html(
        '<span class="wg-badge wg-{}">{}{}</span>', shown.tone, icon(shown.icon), shown.word
    )


@register.simple_tag(takes_context=True)
def instant(context: RequestContext, value: datetime | None) -> SafeString | str:
    """A moment in the operator's zone; the exact instant on hover."""
    return _instant(value, _now(context)) if value else NOTHING


@register.simple_tag(takes_context=True)
def sentence(context: RequestContext, pieces: Sequence[Piece]) -> SafeString:
    now = _now(context)
    return format_html_join("", "{}", ((_piece(piece, now),) for piece in pieces))


@register.simple_tag(takes_context=True)
def clock(context: RequestContext, value: datetime | None) -> SafeString | str:
    """A moment to the second, for what happens within seconds; with its day if it is another."""
    if value is None:
        return NOTHING
    local, now = timezone.localtime(value), _now(context)
    style = "%H:%M:%S" if local.date() == now.date() else "%-d %b %H:%M:%S"
    return _time(value, f"{local:{style}}")


@register.simple_tag
def amount(value: Decimal | int, unit: str, currency: str = "") -> SafeString:
    """An amount as people read it; the exact number on hover."""
    shown = wording.amount(value, unit, currency)
    return format_html(
        '<span class="wg-amount" title="{}">{}</span>', wording.exact(value, unit), shown
    )


@register.simple_tag
def speeds(down_bps: int, up_bps: int) -> str:
    return wording.speeds(down_bps, up_bps)


@register.simple_tag
def copyable(value: str, address: str = "") -> SafeString | str:
    """An identifier with a button that copies it, as a link where it has a page."""
    if not value:
        return NOTHING
    if HIDDEN in str(value):
        return format_html('<a href="{}">{}</a>', address, value) if address else value
    text = format_html('<a href="{}">{}</a>', address, value) if address else value
    return format_html(
        '<span class="wg-id">{}<button type="button" class="wg-copy" data-copy="{}" '
        'aria-label="Copy {}" title="Copy">{}</button></span>',
        text,
        value,
        value,
        icon("content_copy"),
    )


@register.simple_tag
def term(word: str, shown: str = "") -> SafeString:
    """A word of the trade with its sentence of help."""
    return format_html(
        '<span class="wg-term" tabindex="0" data-help="{}" aria-description="{}">{}</span>',
        GLOSSARY[word],
        GLOSSARY[word],
        shown or word,
    )


def _now(context: RequestContext) -> datetime:
    now: datetime = context["visit"].now
    return timezone.localtime(now)


def _piece(piece: Piece, now: datetime) -> SafeString | str:
    match piece:
        case Link():
            return format_html('<a href="{}">{}</a>', piece.address, piece.text)
        case datetime():
            return _instant(piece, now)
        case str():
            return piece


def _instant(value: datetime, now: datetime) -> SafeString:
    local = timezone.localtime(value)
    style = "j M H:i" if local.year == now.year else "j M Y H:i"
    return _time(value, formats.date_format(local, style))


def _time(value: datetime, shown: str) -> SafeString:
    local = timezone.localtime(value)
    exact = f"{local:%Y-%m-%d %H:%M:%S} {local:%Z}, {value.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    return format_html('<time datetime="{}" title="{}">{}</time>', value.isoformat(), exact, shown)


@register.filter
def may(visit: Visit, permission: str) -> bool:
    return visit.may(permission)


@register.filter
def grouped(count: int) -> str:
    """A whole number with thin spaces between thousands."""
    return wording.grouped(count)


@register.filter
def short_host(host: str) -> str:
    return wording.short_host(host)


@register.filter
def line_key(line: Any) -> str:
    """What a line's address is made of: its number, or its id where it has none or it is hidden."""
    return str(line.id if HIDDEN in line.msisdn else line.msisdn or line.id)
