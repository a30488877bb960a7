"""/staff, /roles and /permissions: who works here and what they may do."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Path, Router, Schema
from pydantic import Field

from wispgate.business.operators import scope as scopes
from wispgate.business.staff import queries, role_queries, services
from wispgate.business.staff.grants import decode, encode
from wispgate.business.staff.masking import FieldKind
from wispgate.business.staff.permissions import CATALOGUE, SUBJECTS, Limit, Risk
from wispgate.business.staff.roles import Role
from wispgate.web.api.door import BearerToken
from wispgate.web.api.plans import PriceText
from wispgate.web.api.schemas import Closed, Text

router = Router(tags=["staff"])

RoleName = Annotated[Text, Field(min_length=1, max_length=40)]


class MemberOut(Schema):
    id: UUID
    email: str
    name: str
    role: str
    is_active: bool
    dealer: str
    department_id: UUID | None
    created_at: datetime


class NewMember(Closed):
    email: Annotated[Text, Field(min_length=3, max_length=254)]
    name: Annotated[Text, Field(min_length=1, max_length=120)]
    role: RoleName
    dealer: Annotated[Text, Field(max_length=40)] = ""
    department_id: UUID | None = None


class HiredOut(Schema):
    """`first_password` is shown this once."""

    member: MemberOut
    first_password: str


class ChosenRole(Closed):
    role: RoleName


class GrantIn(Closed):
    """A pattern (`sim.swap`, `sim.*`, `*.read`, `*`) and the limits within which it is held."""

    pattern: Annotated[Text, Field(min_length=1, max_length=60)]
    per_act: PriceText | None = None
    per_day: PriceText | None = None
    currency: Annotated[str, Field(pattern="^([A-Z]{3})?$")] = ""
    own: tuple[Limit, ...] = ()


class GrantOut(Schema):
    pattern: str
    per_act: str | None = None
    per_day: str | None = None
    currency: str = ""
    own: tuple[Limit, ...] = ()


class RoleIn(Closed):
    title: Annotated[Text, Field(min_length=1, max_length=80)]
    about: Annotated[Text, Field(max_length=200)] = ""
    grants: Annotated[list[GrantIn], Field(max_length=200)]
    hides: tuple[FieldKind, ...] = ()


class RoleOut(Schema):
    """`permissions` are what the grants come to now; `hides` kinds of fields are masked."""

    name: str
    title: str
    about: str
    grants: list[GrantOut]
    hides: list[FieldKind]
    permissions: list[str]
    is_ready: bool
    is_changed: bool

    @staticmethod
    def show(role: Role) -> "RoleOut":
        return RoleOut(
            name=role.name,
            title=role.title,
            about=role.about,
            grants=[GrantOut(**encode(grant)) for grant in role.grants],
            hides=sorted(role.hides),
            permissions=sorted(role.permissions()),
            is_ready=role.is_ready,
            is_changed=role.is_changed,
        )


class PermissionOut(Schema):
    name: str
    meaning: str
    group: str
    risk: Risk
    limits: list[Limit]


@router.get(
    "/staff", auth=BearerToken("staff.read", needs_operator=False), response=list[MemberOut]
)
def list_staff(request: HttpRequest) -> Sequence[Any]:
    """By e-mail address."""
    return queries.list_staff()


@router.post(
    "/staff", auth=BearerToken("staff.create", needs_operator=False), response={201: HiredOut}
)
def hire(request: HttpRequest, body: NewMember) -> HiredOut:
    """A new colleague with a first password, who may do no more than the one who hires."""
    member_id, password = services.hire(**body.model_dump())
    return HiredOut(member=_member(member_id), first_password=password)


@router.get(
    "/staff/{member_id}", auth=BearerToken("staff.read", needs_operator=False), response=MemberOut
)
def get_member(request: HttpRequest, member_id: UUID) -> MemberOut:
    return _member(member_id)


@router.post(
    "/staff/{member_id}/role",
    auth=BearerToken("staff.role", needs_operator=False),
    response=MemberOut,
)
def give_role(request: HttpRequest, member_id: UUID, body: ChosenRole) -> MemberOut:
    """Another role, from the next request on."""
    services.give_role(member_id, body.role)
    return _member(member_id)


@router.post(
    "/staff/{member_id}/disable",
    auth=BearerToken("staff.disable", needs_operator=False),
    response=MemberOut,
)
def disable_member(request: HttpRequest, member_id: UUID) -> MemberOut:
    """Lets somebody in no more, from the next request on."""
    services.disable(member_id)
    return _member(member_id)


@router.post(
    "/staff/{member_id}/enable",
    auth=BearerToken("staff.disable", needs_operator=False),
    response=MemberOut,
)
def enable_member(request: HttpRequest, member_id: UUID) -> MemberOut:
    """Lets somebody in again."""
    services.enable(member_id)
    return _member(member_id)


@router.get("/roles", auth=BearerToken("role.read", needs_operator=False), response=list[RoleOut])
def list_roles(request: HttpRequest) -> Sequence[RoleOut]:
    """The ready ones as they are here, then the operator's own."""
    operator_id = scopes.current().operator_id
    roles = role_queries.list_roles(operator_id, is_platform=operator_id is None)
    return [RoleOut.show(role) for role in roles]


@router.get("/roles/{name}", auth=BearerToken("role.read", needs_operator=False), response=RoleOut)
def get_role(request: HttpRequest, name: Path[RoleName]) -> RoleOut:
    return _role(name)


@router.put("/roles/{name}", auth=BearerToken("role.edit", needs_operator=False), response=RoleOut)
def write_role(request: HttpRequest, name: Path[RoleName], body: RoleIn) -> RoleOut:
    """A new role, or a new version of one: from the next request on."""
    services.write_role(
        name,
        title=body.title,
        about=body.about,
        grants=[decode(one.model_dump(exclude_defaults=True)) for one in body.grants],
        hides=body.hides,
    )
    return _role(name)


@router.delete(
    "/roles/{name}", auth=BearerToken("role.edit", needs_operator=False), response={204: None}
)
def delete_role(request: HttpRequest, name: Path[RoleName]) -> None:
    """An own role goes; a ready one is again as it was delivered."""
    services.delete_role(name)


@router.get(
    "/permissions",
    auth=BearerToken("role.read", needs_operator=False),
    response=list[PermissionOut],
)
def list_permissions(request: HttpRequest) -> Sequence[PermissionOut]:
    """The catalogue."""
    return [
        PermissionOut(
            name=one.name,
            meaning=one.meaning,
            group=SUBJECTS[one.subject],
            risk=one.risk,
            limits=sorted(one.limits),
        )
        for one in CATALOGUE.values()
    ]


def _member(member_id: UUID) -> MemberOut:
    return MemberOut.from_orm(queries.get_colleague(member_id))


def _role(name: str) -> RoleOut:
    operator_id = scopes.current().operator_id
    return RoleOut.show(role_queries.get_role(name, operator_id, is_platform=operator_id is None))
