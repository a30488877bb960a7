"""/tokens and /service-accounts: how programs come in. A secret is answered once and kept nowhere."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import AwareDatetime, Field

from wispgate.business.operators import scope as scopes
from wispgate.business.staff import queries
from wispgate.business.staff import services as staff
from wispgate.web.api.door import BearerToken, answer_holds_secret, principal_of
from wispgate.web.api.paging import Page, page_of
from wispgate.web.api.schemas import Closed, Text

router = Router(tags=["tokens"])

Pattern = Annotated[str, Field(pattern=r"^(\*|[a-z_]+\.[a-z_*]+|\*\.[a-z_]+)$", max_length=80)]
NetworkText = Annotated[Text, Field(min_length=1, max_length=49)]
_MOST = 100


class NewTokenIn(Closed):
    """Without a service account it is another token for whoever asks: the same owner and role.

    `permissions`: patterns such as `sim.read`, `subscription.*`, `*.read`; null for all that the
    owner may. `networks`: from where it may be used; empty for anywhere.
    """

    name: Annotated[Text, Field(min_length=1, max_length=120)]
    service_account_id: UUID | None = None
    permissions: Annotated[list[Pattern], Field(min_length=1, max_length=_MOST)] | None = None
    networks: Annotated[tuple[NetworkText, ...], Field(max_length=_MOST)] = ()
    expires_at: AwareDatetime | None = None


class TokenOut(Schema):
    id: UUID
    name: str
    owner_id: UUID | None
    owner: str | None
    role: str
    permissions: list[str] | None
    networks: list[str]
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    last_used_from: str

    @staticmethod
    def show(token: Any) -> "TokenOut":
        return TokenOut(
            id=token.id,
            name=token.name,
            owner_id=token.owner_id,
            owner=token.owner.name if token.owner else None,
            role=token.owner.role if token.owner else token.role,
            permissions=token.permissions,
            networks=token.networks,
            created_at=token.created_at,
            expires_at=token.expires_at,
            revoked_at=token.revoked_at,
            last_used_at=token.last_used_at,
            last_used_from=token.last_used_from,
        )


class TokenPage(Schema):
    items: list[TokenOut]
    next_cursor: str | None


class SecretOut(Schema):
    """`token` is null where the answer is given again under an Idempotency-Key."""

    id: UUID
    token: str | None


class NewServiceAccount(Closed):
    name: Annotated[Text, Field(min_length=1, max_length=120)]
    role: Annotated[Text, Field(min_length=1, max_length=40)]


class ServiceAccountOut(Schema):
    id: UUID
    name: str
    role: str
    is_active: bool
    created_at: datetime


class ServiceAccountList(Schema):
    items: list[ServiceAccountOut]


@router.get("/tokens", auth=BearerToken("token.read"), response=TokenPage)
def list_tokens(request: HttpRequest, page: Query[Page]) -> dict[str, Any]:
    """The newest first."""
    rows = queries.list_tokens(
        scopes.current().operator_id, after=page.uuid_key(), limit=page.limit + 1
    )
    return page_of(rows, page, key=lambda row: row.id, show=TokenOut.show)


@router.post("/tokens", auth=BearerToken("token.create"), response={201: SecretOut})
def create_token(request: HttpRequest, body: NewTokenIn) -> SecretOut:
    """A new token. It can do no more than the one that asks for it."""
    bounds = staff.Bounds(body.permissions, body.networks, body.expires_at)
    if body.service_account_id is None:
        made = staff.make_token_like(principal_of(request), name=body.name, bounds=bounds)
    else:
        owner = queries.get_service_account(body.service_account_id)
        made = staff.make_token_of(owner, name=body.name, bounds=bounds)
    return _secret(request, made)


@router.get("/tokens/{token_id}", auth=BearerToken("token.read"), response=TokenOut)
def get_token(request: HttpRequest, token_id: UUID) -> TokenOut:
    return TokenOut.show(staff.get_token(token_id))


@router.post("/tokens/{token_id}/rotate", auth=BearerToken("token.create"), response=SecretOut)
def rotate_token(request: HttpRequest, token_id: UUID) -> SecretOut:
    """Another secret; the old one is refused at once."""
    return _secret(request, staff.rotate_token(token_id))


@router.post("/tokens/{token_id}/revoke", auth=BearerToken("token.revoke"), response=TokenOut)
def revoke_token(request: HttpRequest, token_id: UUID) -> TokenOut:
    """Refused at once and for good."""
    staff.revoke_token(token_id)
    return TokenOut.show(staff.get_token(token_id))


@router.get("/service-accounts", auth=BearerToken("token.read"), response=ServiceAccountList)
def list_service_accounts(request: HttpRequest) -> dict[str, Any]:
    """By name."""
    rows = queries.list_service_accounts(scopes.current().operator_id)
    return {"items": [ServiceAccountOut.from_orm(row) for row in rows]}


@router.post(
    "/service-accounts", auth=BearerToken("token.create"), response={201: ServiceAccountOut}
)
def create_service_account(request: HttpRequest, body: NewServiceAccount) -> ServiceAccountOut:
    """An account of a program: it owns tokens and never logs in."""
    account_id = staff.create_service_account(
        name=body.name, role=body.role, operator_id=scopes.current().operator_id
    )
    return ServiceAccountOut.from_orm(queries.get_service_account(account_id))


@router.post(
    "/service-accounts/{account_id}/disable",
    auth=BearerToken("token.revoke"),
    response=ServiceAccountOut,
)
def disable_service_account(request: HttpRequest, account_id: UUID) -> ServiceAccountOut:
    """All its tokens are refused until it is enabled again."""
    return _set_active(account_id, is_active=False)


@router.post(
    "/service-accounts/{account_id}/enable",
    auth=BearerToken("token.create"),
    response=ServiceAccountOut,
)
def enable_service_account(request: HttpRequest, account_id: UUID) -> ServiceAccountOut:
    return _set_active(account_id, is_active=True)


def _set_active(account_id: UUID, *, is_active: bool) -> ServiceAccountOut:
    staff.set_account_active(account_id, is_active=is_active)
    return ServiceAccountOut.from_orm(queries.get_service_account(account_id))


def _secret(request: HttpRequest, made: staff.NewToken) -> SecretOut:
    answer_holds_secret(request, "token")
    return SecretOut(id=made.id, token=made.secret)
