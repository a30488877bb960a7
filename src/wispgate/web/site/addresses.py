"""By which address browsers reach us."""

from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest


def base_url_of(request: HttpRequest) -> str:
    """`https://console.example.net`, without a slash at the end: for links and for origins.

    The setting `public_url` knows it where a proxy in front of us ends TLS. A request for another
    host name (an operator's own) keeps that name.
    """
    known = str(settings.WISPGATE_PUBLIC_URL)
    host = request.get_host()
    if known and urlsplit(known).netloc == host:
        return known
    scheme = urlsplit(known).scheme if known else request.scheme
    return f"{scheme}://{host}"
