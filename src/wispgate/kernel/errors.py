"""The error tree. Every refusal that crosses a layer is one of these kinds.

WispgateError
├── InvalidValue        a value breaks a rule of its type; names the rule (also a ValueError)
├── NotFound            no such object, or none that the asker may see
├── Conflict            the object's present state forbids it
│   └── IllegalTransition   a life cycle has no such arrow
├── Forbidden           the actor may not do it
├── Unauthenticated     no actor could be established
├── Unavailable         a part of ours that is needed is down; asking again later is right
└── Misconfigured       a setting or the installation is wrong; names the option

Apps derive their own errors from these kinds and give them their own `code`. What a kind means
in HTTP or in Diameter is said by `web/api/errors.py` and by `network`, once each.
"""

from typing import ClassVar


class WispgateError(Exception):
    """Root of all errors. `code` is stable and part of the API; `facts` are its particulars."""

    code: ClassVar[str] = "error"

    def __init__(self, message: str, **facts: object) -> None:
        super().__init__(message)
        self.message = message
        self.facts = facts


class InvalidValue(WispgateError, ValueError):
    """A value breaks a rule. `field` is the path to it where known ("sims[3].iccid")."""

    code = "invalid_value"

    def __init__(self, message: str, *, field: str = "", **facts: object) -> None:
        super().__init__(message, **facts)
        self.field = field


class NotFound(WispgateError):
    code = "not_found"

    def __init__(self, kind: str, key: object) -> None:
        super().__init__(f"no such {kind}: {key}", kind=kind, key=str(key))


class Conflict(WispgateError):
    code = "conflict"


class IllegalTransition(Conflict):
    """A life cycle table has no arrow for `action` in `state`."""

    code = "illegal_transition"

    def __init__(self, kind: str, *, state: str, action: str) -> None:
        super().__init__(
            f"a {kind} that is {state} cannot {action}", kind=kind, state=state, action=action
        )
        self.state = state
        self.action = action


class Forbidden(WispgateError):
    code = "forbidden"


class Unauthenticated(WispgateError):
    code = "unauthenticated"


class Unavailable(WispgateError):
    code = "unavailable"


class Misconfigured(WispgateError):
    code = "misconfigured"
