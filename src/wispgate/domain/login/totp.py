"""One-time codes by time, RFC 6238, with what every authenticator app understands.

HMAC-SHA-1, six digits, thirty seconds: apps ignore other choices silently.
"""

import hmac
from base64 import b32encode
from datetime import datetime
from urllib.parse import quote, urlencode

STEP_SECONDS = 30
DIGITS = 6
SECRET_OCTETS = 20  # RFC 4226 section 4, R6: 160 bits recommended
# One step to either side: RFC 6238 section 5.2 allows for the network and for clocks that differ.
WINDOW_STEPS = 1


def step_at(now: datetime) -> int:
    """The number of the thirty seconds that `now` lies in."""
    return int(now.timestamp()) // STEP_SECONDS


def code_of(secret: bytes, step: int) -> str:
    """The code of one step, RFC 4226 section 5.3."""
    digest = hmac.digest(secret, step.to_bytes(8, "big"), "sha1")
    offset = digest[-1] & 0x0F
    number = int.from_bytes(digest[offset : offset + 4], "big") & 0x7FFF_FFFF
    return f"{number % 10**DIGITS:0{DIGITS}}"


def find_step(secret: bytes, code: str, *, now: datetime, after: int) -> int | None:
    """The step whose code was given, None if it is none of those that are taken now.

    `after` is the last step that was used: neither it nor an earlier one is taken again, so that a
    code that somebody looked at over a shoulder is worth nothing. Every candidate is compared, in
    constant time.
    """
    given = "".join(code.split()).encode()
    present = step_at(now)
    found = None
    for step in range(present - WINDOW_STEPS, present + WINDOW_STEPS + 1):
        if hmac.compare_digest(code_of(secret, step).encode(), given) and step > after:
            found = step
    return found


def shown(secret: bytes) -> str:
    """The secret for typing: base32 in groups of four."""
    text = b32encode(secret).decode().rstrip("=")
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))


def address(secret: bytes, *, issuer: str, account: str) -> str:
    """The `otpauth:` address that a QR code carries."""
    label = quote(f"{issuer}:{account}", safe=":@")
    query = urlencode(
        {
            "secret": b32encode(secret).decode().rstrip("="),
            "issuer": issuer,
            "algorithm": "SHA1",
            "digits": DIGITS,
            "period": STEP_SECONDS,
        },
        quote_via=quote,
    )
    return f"otpauth://totp/{label}?{query}"
