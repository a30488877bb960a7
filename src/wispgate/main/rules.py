"""What a setting may be. Each rule takes text or a TOML value and gives the checked value.

A rule raises InvalidValue with a message that says what would be right; `settings` adds the key,
the value and the place.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

from wispgate.kernel.errors import InvalidValue

_HOST_NAME = re.compile(
    r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*"
)
_ROLE_PREFIX = re.compile(r"[a-z][a-z0-9_]{0,40}")
_DURATION = re.compile(r"(\d{1,6})\s*(w|d|h|min|m|s)")
_SECONDS = {"w": 604_800, "d": 86_400, "h": 3600, "min": 60, "m": 60, "s": 1}


@dataclass(frozen=True, slots=True)
class Address:
    """Where a process listens."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        return self.host == "localhost" or ip_address(self.host).is_loopback

    @property
    def reachable_host(self) -> str:
        """Where this machine reaches it: an address that stands for all is no destination."""
        return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104 (compared, not bound)


def address(value: object) -> Address:
    """`127.0.0.1:8080`, `0.0.0.0:8080`, `[::1]:8080` or `localhost:8080`."""
    if isinstance(value, Address):
        return value
    host, colon, port = _text(value).rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    is_port = port.isascii() and port.isdigit() and 1 <= int(port) <= 65_535
    if not (colon and is_port and _is_listening_host(host)):
        raise InvalidValue(
            "must be an address and a port, such as 127.0.0.1:8080, 0.0.0.0:8080 or [::1]:8080"
        )
    return Address(host, int(port))


def _is_listening_host(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def diameter_identity(value: object) -> str:
    """RFC 6733 section 4.3.1: a fully qualified domain name, compared without regard to case."""
    name = _text(value).lower().removesuffix(".")
    if not (len(name) <= 255 and "." in name and _HOST_NAME.fullmatch(name)):
        raise InvalidValue(
            "must be a full domain name of letters, digits, hyphens and dots, such as "
            "hss.epc.mnc001.mcc001.3gppnetwork.org"
        )
    return name


def database(value: object) -> str:
    text = _text(value)
    if not text:
        return ""
    parts = urlsplit(text)
    if parts.scheme not in ("postgresql", "postgres") or not parts.path.strip("/"):
        raise InvalidValue("must look like postgresql://user:password@host:5432/wispgate")
    return text


def postgres_binaries(value: object) -> str:
    text = _text(value)
    if text in ("auto", "system", "wheel"):
        return text
    folder = Path(text)
    if not (folder.is_absolute() and (folder / "postgres").is_file()):
        raise InvalidValue("must be auto, system, wheel, or a folder that contains `postgres`")
    return text


def role_prefix(value: object) -> str:
    text = _text(value)
    if not _ROLE_PREFIX.fullmatch(text) or text.startswith("pg_"):
        raise InvalidValue(
            "must begin with a letter and have small letters, digits and _ only, at most 41; "
            "pg_ belongs to PostgreSQL"
        )
    return text


def host_names(value: object) -> tuple[str, ...]:
    """A TOML list, or text with commas."""
    names = value if isinstance(value, list | tuple) else _text(value).split(",")
    cleaned = tuple(name for item in names if (name := _text(item).lower()))
    for name in cleaned:
        if name != "*" and not _is_host(name.removeprefix(".")):
            raise InvalidValue(f"{name!r} is not a host name")
    return cleaned


def networks(value: object) -> tuple[str, ...]:
    """Networks as `10.0.0.0/8`: a TOML list, or text with commas. A single address is one, too."""
    given = value if isinstance(value, list | tuple) else _text(value).split(",")
    cleaned = [text for item in given if (text := _text(item))]
    try:
        return tuple(str(ip_network(text)) for text in cleaned)
    except ValueError:
        raise InvalidValue("must be networks such as 10.1.0.0/16 or fd00::/8") from None


def _is_host(name: str) -> bool:
    return bool(_HOST_NAME.fullmatch(name)) or _is_listening_host(
        name.removeprefix("[").removesuffix("]")
    )


def boolean(value: object) -> bool:
    if isinstance(value, bool):
        return value
    known = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}
    text = _text(value).lower()
    if text not in known:
        raise InvalidValue("must be true or false")
    return known[text]


def file_path(value: object) -> str:
    """Empty, or the absolute path of a file: processes need not agree on where they stand."""
    text = _text(value)
    if text and not Path(text).is_absolute():
        raise InvalidValue("must be an absolute path, such as /etc/wispgate/diameter.pem")
    return text


def vault(value: object) -> str:
    """Who holds the vault's keys: `handed_over`, `unix:/path/of/socket` or `module:factory`."""
    text = str(value).strip()
    place, _, name = text.partition(":")
    is_agent = place == "unix" and name.startswith("/")
    is_plug_in = place != "unix" and all(part.isidentifier() for part in (*place.split("."), name))
    if text == "handed_over" or is_agent or is_plug_in:
        return text
    raise InvalidValue("is handed_over, unix:/path/of/socket, or module:factory")


def between(least: int, most: int) -> Callable[[object], int]:
    """The rule for a whole number from `least` to `most`."""

    def number(value: object) -> int:
        text = "" if isinstance(value, bool) else str(value).strip()
        if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
            raise InvalidValue(f"must be a whole number from {least} to {most}")
        return int(text)

    return number


def one_of(*choices: str) -> Callable[[object], str]:
    """The rule for one of a few words."""

    def choice(value: object) -> str:
        text = _text(value).lower()
        if text not in choices:
            raise InvalidValue(f"must be one of {', '.join(choices)}")
        return text

    return choice


def duration(value: object) -> timedelta:
    """`3d`, `12h`, `1d12h30m`, `90s`: whole numbers of weeks, days, hours, minutes, seconds."""
    text = _text(value).lower()
    parts = _DURATION.findall(text)
    if not parts or _DURATION.sub("", text).strip():
        raise InvalidValue("must be a time such as 3d, 12h, 1d12h, 30m or 90s")
    return timedelta(seconds=sum(int(count) * _SECONDS[unit] for count, unit in parts))


def to_text(value: object) -> str:
    """A checked value as the environment carries it; the rule reads it back."""
    match value:
        case bool():
            return "true" if value else "false"
        case tuple():
            return ",".join(value)
        case _:
            return str(value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise InvalidValue(f"must be text, not {type(value).__name__}")
    return value.strip()


def public_url(value: object) -> str:
    """`https://console.example.net` or `http://192.0.2.7:8080`: no path, no slash at the end."""
    text = _text(value).lower()
    if not text:
        return ""
    parts = _parts(text, ("https", "http"), "such as https://console.example.net")
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username is not None:
        raise InvalidValue("must be a scheme, a host name and perhaps a port, and no more")
    return text.rstrip("/")


def mail_server(value: object) -> str:
    """`smtp://host`, `smtps://host` or `smtp+plain://host`, perhaps with a user and a port."""
    text = _text(value)
    if text:
        _parts(
            text, ("smtp", "smtps", "smtp+plain"), "such as smtp://user:password@mail.example:587"
        )
    return text


def mail_address(value: object) -> str:
    text = _text(value)
    if text and (text.count("@") != 1 or not text.isprintable() or " " in text):
        raise InvalidValue("must be an e-mail address")
    return text


def _parts(text: str, schemes: tuple[str, ...], example: str) -> SplitResult:
    wrong = f"must be an address {example}"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise InvalidValue(wrong) from None
    if parts.scheme not in schemes or not parts.hostname or port == 0:
        raise InvalidValue(wrong)
    return parts
