"""Request bodies: JSON where JSON is due, files that never touch a disk, and their digests."""

import hashlib
import json
from typing import Any

from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from ninja.parser import Parser

from wispgate.kernel.errors import InvalidValue
from wispgate.web.api.errors import MalformedRequest, TooLarge, UnsupportedMedia
from wispgate.web.site import uploads

CSV_TYPES = ("text/csv", "text/plain")
PICTURE_TYPES = ("image/png", "image/jpeg")
_FORM = "multipart/form-data"


class JsonParser(Parser):
    """JSON objects in UTF-8 and nothing else."""

    def parse_body(self, request: HttpRequest) -> dict[str, Any]:
        if request.content_type != "application/json":
            raise UnsupportedMedia("send application/json")
        try:
            parsed = json.loads(request.body, parse_constant=_refuse_constant)
        except (ValueError, RecursionError):
            raise MalformedRequest("the body is no JSON") from None
        if not isinstance(parsed, dict):
            raise InvalidValue("the body is a JSON object", field="body")
        return parsed


def digest_of(request: HttpRequest) -> str:
    """Equal for equal requests, whatever boundary a form drew at random."""
    digest = hashlib.sha256(f"{request.method} {request.get_full_path()}\0".encode())
    for part in _parts(request):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def read_file(request: HttpRequest) -> bytes:
    """The file that was sent: as the body, or as the part `file` of a form."""
    if request.content_type in CSV_TYPES:
        body = _body(request)
        uploads.require_text_file("", body)
        return body
    if request.content_type != _FORM:
        raise UnsupportedMedia("send text/csv, or a form with the part file")
    _read_form(request)
    file = request.FILES.get("file")
    if file is None:
        raise InvalidValue("the form has no part with this name", field="file")
    content: bytes = file.read()
    file.seek(0)
    uploads.require_text_file(file.name or "", content)
    return content


def read_picture(request: HttpRequest) -> bytes:
    """The picture that was sent as the body."""
    if request.content_type not in PICTURE_TYPES:
        raise UnsupportedMedia("send image/png or image/jpeg")
    return _body(request)


def _parts(request: HttpRequest) -> list[bytes]:
    if request.content_type != _FORM:
        return [_body(request)]
    _read_form(request)
    parts = [f"{key}={request.POST.getlist(key)}".encode() for key in sorted(request.POST)]
    for key in sorted(request.FILES):
        file = request.FILES[key]
        parts += [key.encode(), file.read()]  # type: ignore[union-attr]  # one file per name
        file.seek(0)  # type: ignore[union-attr]
    return parts


def read_part(request: HttpRequest, name: str) -> str:
    """A text part of the form that `read_file` read; "" where the file was the whole body."""
    return str(request.POST.get(name, "")) if request.content_type == _FORM else ""


def _body(request: HttpRequest) -> bytes:
    try:
        body: bytes = request.body
    except RequestDataTooBig:
        raise TooLarge("the body is larger than is taken at once") from None
    except UnreadablePostError:
        raise MalformedRequest("the body broke off") from None
    return body


def _read_form(request: HttpRequest) -> None:
    """Parses the form now, in memory, so that what is wrong with it is told in our words."""
    if hasattr(request, "_files"):
        return
    request.upload_handlers = [uploads.InMemory(request)]
    try:
        request.FILES  # noqa: B018 (reading it parses it)
    except (MultiPartParserError, UnreadablePostError):
        raise MalformedRequest("the form is broken") from None
    except RequestDataTooBig:
        raise TooLarge("the form is larger than is taken at once") from None


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")
