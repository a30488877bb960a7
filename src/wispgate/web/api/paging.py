"""Pages of a list: `limit`, and a `cursor` that is the last key of the page before."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Annotated, Any, TypeVar
from uuid import UUID

from ninja import Schema
from pydantic import Field

from wispgate.kernel.errors import InvalidValue

DEFAULT_LIMIT = 50
MAX_LIMIT = 200

Row = TypeVar("Row")
Out = TypeVar("Out")


class Page(Schema):
    """What every list takes."""

    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    cursor: Annotated[
        str, Field(max_length=200, description="`next_cursor` of the page before")
    ] = ""

    def key(self) -> str:
        """The last key of the page before, "" for the first page."""
        try:
            return urlsafe_b64decode(self.cursor.encode("ascii")).decode()
        except ValueError:
            raise InvalidValue("not a cursor of this list", field="query.cursor") from None

    def uuid_key(self) -> UUID | None:
        key = self.key()
        try:
            return UUID(key) if key else None
        except ValueError:
            raise InvalidValue("not a cursor of this list", field="query.cursor") from None

    def int_key(self) -> int | None:
        key = self.key()
        if key and not (key.isascii() and key.isdigit() and len(key) < 19):
            raise InvalidValue("not a cursor of this list", field="query.cursor")
        return int(key) if key else None

    def digits_key(self) -> str:
        key = self.key()
        if key and not (key.isascii() and key.isdigit()):
            raise InvalidValue("not a cursor of this list", field="query.cursor")
        return key


def page_of(
    rows: Sequence[Row], page: Page, *, key: Callable[[Row], object], show: Callable[[Row], Any]
) -> dict[str, Any]:
    """A page from one row more than it holds: the row too many says that there is another."""
    shown = rows[: page.limit]
    has_more = len(rows) > page.limit
    cursor = urlsafe_b64encode(str(key(shown[-1])).encode()).decode() if has_more else None
    return {"items": [show(row) for row in shown], "next_cursor": cursor}
