"""What Unfold's shell is told: the product's name, its accent, its style sheet and script.

`main.django_settings` imports `UNFOLD`, so nothing here may need Django's apps.
"""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static

# One accent: a scale of blue with the lightness of Unfold's own, so that its contrasts hold.
_BLUE = {
    "50": "oklch(97.3% .012 246)",
    "100": "oklch(93.8% .028 247)",
    "200": "oklch(88.6% .054 248)",
    "300": "oklch(81% .097 249)",
    "400": "oklch(71.2% .147 252)",
    "500": "oklch(62.5% .182 255)",
    "600": "oklch(52.8% .187 257)",
    "700": "oklch(46.4% .168 258)",
    "800": "oklch(39.8% .138 259)",
    "900": "oklch(34.6% .108 260)",
    "950": "oklch(26.4% .08 262)",
}


def _style_sheet(_request: HttpRequest) -> str:
    return static("console/console.css")


def _script(_request: HttpRequest) -> str:
    return static("console/console.js")


def _live_script(_request: HttpRequest) -> str:
    return static("console/live.js")


def _icon(_request: HttpRequest) -> str:
    return static("console/icon.svg")


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "WISPGate",
    "SITE_HEADER": "WISPGate",
    "SITE_SYMBOL": "cell_tower",
    "SITE_URL": None,
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": _icon}],
    "SHOW_HISTORY": False,
    "SHOW_VIEW_ON_SITE": False,
    "BORDER_RADIUS": "6px",
    "COLORS": {"primary": _BLUE},
    "STYLES": [_style_sheet],
    "SCRIPTS": [_script, _live_script],
}
