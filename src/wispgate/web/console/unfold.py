"""What Unfold's shell is told: the product's name, its accent, its style sheet and script.

`main.django_settings` imports `UNFOLD`, so nothing here may need Django's apps.
"""

from typing import Any

from django.http import HttpRequest
from django.templatetags.static import static

from wispgate.domain.brand.colours import BLUE

# One accent: a scale of blue with the lightness of Unfold's own, so that its contrasts hold. An
# operator's brand has its own in its place (`branding`).
_BLUE = {weight: str(shade) for weight, shade in BLUE.items()}


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
