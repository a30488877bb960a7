"""Reading rows as the one who looks may see them.

Within `looking()` every row that is read comes with its personal fields masked as the role says,
whichever page, list or search reads it. For reading only: such a row is never to be saved. What
changes something does it within `doing()`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django.apps import apps
from django.db.models import JSONField, Model
from django.db.models.signals import post_init, pre_save

from wispgate.business.staff import guards
from wispgate.business.staff.masking import FIELDS, TEXTS, FieldKind, mask_tree

# Who works here is no customer: their addresses at work are no secret among colleagues.
_OF_STAFF = frozenset({"staff", "login"})

_hidden: ContextVar[frozenset[FieldKind]] = ContextVar("hidden", default=frozenset())


@contextmanager
def looking() -> Iterator[None]:
    """For as long as something is shown to the one who acts."""
    principal = guards.acting()
    token = _hidden.set(principal.holding.hides if principal is not None else frozenset())
    try:
        yield
    finally:
        _hidden.reset(token)


@contextmanager
def doing() -> Iterator[None]:
    """For as long as something is done: services read rows as they are, and save them."""
    token = _hidden.set(frozenset())
    try:
        yield
    finally:
        _hidden.reset(token)


def watch_models() -> None:
    """Called once, when all apps are ready: only models with such fields are watched."""
    customers = (each for each in apps.get_models() if each._meta.app_label not in _OF_STAFF)
    for model in customers:
        names = {field.name for field in model._meta.get_fields()}
        has_json = any(isinstance(field, JSONField) for field in model._meta.get_fields())
        if names & (FIELDS.keys() | TEXTS) or has_json:
            post_init.connect(_mask_row, sender=model, dispatch_uid=f"mask {model._meta.label}")
            pre_save.connect(_refuse_save, sender=model, dispatch_uid=f"keep {model._meta.label}")


def _mask_row(instance: Model, **_signal: Any) -> None:
    hidden = _hidden.get()
    # Without a key it was not read but is being made, such as the audit's entry of a refusal.
    if not hidden or instance.pk is None:
        return
    for name, value in list(vars(instance).items()):
        shown = _shown(name, value, hidden)
        if shown != value:
            setattr(instance, name, shown)
            instance.__dict__["_is_masked"] = True


def _shown(name: str, value: Any, hidden: frozenset[FieldKind]) -> Any:
    if name.startswith("_") or not isinstance(value, str | dict | list):
        return value
    return mask_tree({name: value}, hidden)[name]


def _refuse_save(instance: Model, **_signal: Any) -> None:
    if instance.__dict__.get("_is_masked"):
        raise RuntimeError(f"a masked {type(instance).__name__} was about to be saved")
