"""Pushes in words: what is to become different, how far it has come, and what comes next.

What was asked, what a node acknowledged and what was seen in effect are never shown as one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from wispgate.web.console.hotreads import ONGOING
from wispgate.web.console.wording import Sentence, counted

EFFECTS: Mapping[str, str] = MappingProxyType(
    {
        "stop": "Stop the service",
        "restore": "Bring the service back",
        "slow_down": "Slow down",
        "speed_up": "Speed up",
        "refill": "Grant data again",
        "walled_garden": "Lead to the walled garden",
        "change_access": "Change where it may be used",
        "take_away": "Take an APN away",
        "leave_node": "Let go of the phone",
    }
)
MEANS: Mapping[str, str] = MappingProxyType(
    {
        "gx_rules": "new rules for the gateway (Gx)",
        "gx_qos": "a new speed for the gateway (Gx)",
        "gx_release": "end of the session at the gateway (Gx)",
        "sy_notify": "a spending limit report (Sy)",
        "gy_reauthorise": "a new grant at the gateway (Gy)",
        "gy_next_report": "the gateway's next report (Gy)",
        "s6a_idr": "new subscriber data for the MME (S6a)",
        "s6a_dsr": "deletion of subscriber data (S6a)",
        "s6a_clr_update": "release of a phone that moved on (S6a)",
        "s6a_clr_sgsn_update": "release of a phone that left the SGSN (S6d)",
        "s6a_clr_initial_attach": "release of a phone that attached anew elsewhere (S6a)",
        "s6a_clr_withdraw": "withdrawal from the MME (S6a)",
        "s6a_clr_reattach": "detach and attach anew (S6a)",
        "next_attach": "the phone's next attach",
        "radius_coa": "a change of authorisation (RADIUS)",
        "radius_disconnect": "a disconnect (RADIUS)",
    }
)


# Means that send nothing: the occasion has to come by itself.
_OCCASIONS: Mapping[str, str] = MappingProxyType(
    {
        "next_attach": "Waits for the phone to attach: some need to be switched off and on.",
        "gy_next_report": "Waits for the gateway's next report.",
    }
)


@dataclass(frozen=True, slots=True)
class ShownPush:
    """A push with its clock: the steps that it has taken, each with its instant."""

    row: Any
    title: str
    means: str
    steps: Sequence[tuple[str, datetime]]
    outcome: str
    next_step: str

    @property
    def ends(self) -> Sequence[tuple[str, datetime]]:
        """The first and the last step, where there is room for no more."""
        return self.steps[:1] if len(self.steps) == 1 else (self.steps[0], self.steps[-1])


def shown(rows: Sequence[Any]) -> list[ShownPush]:
    """As given: the newest first, so that a later attempt at the same stands before."""
    return [
        ShownPush(
            row=row,
            title=EFFECTS.get(row.effect, row.effect.replace("_", " ")),
            means=MEANS.get(row.means, row.means.replace("_", " ")),
            steps=_steps(row),
            outcome=row.evidence or row.result,
            next_step=_next_step(row, rows[:number]),
        )
        for number, row in enumerate(rows)
    ]


def clause(rows: Sequence[Any]) -> Sentence:
    """For the answer line: what failed, else what is under way, else that nothing failed."""
    latest = _latest_by_effect(rows)
    failed = [row for row in latest if row.state == "failed"]
    if failed:
        title = EFFECTS.get(failed[0].effect, failed[0].effect)
        return [f"the network did not take this up: {title.lower()} (", failed[0].ended_at, ")"]
    going = [row for row in latest if row.state in ONGOING]
    if going:
        return [f"{counted(len(going), 'change')} asked and not yet in effect"]
    return ["nothing failed"]


def of_stop(rows: Sequence[Any]) -> Sentence:
    """For a suspended line: since when it is off, or how far the network has come."""
    stop = next((row for row in _latest_by_effect(rows) if row.effect == "stop"), None)
    if stop is not None and stop.state == "in_effect":
        return ["in effect since ", stop.ended_at]
    return clause(rows)


def _latest_by_effect(rows: Sequence[Any]) -> list[Any]:
    """One that was superseded is nobody's wish any more; the newest of the rest counts."""
    latest: dict[str, Any] = {}
    for row in rows:
        if row.state != "superseded":
            latest.setdefault(row.effect, row)
    # A service that was brought back, or stopped, makes the opposite wish history.
    newest = next(iter(latest.values()), None)
    if newest is not None and newest.effect in ("stop", "restore"):
        latest.pop("restore" if newest.effect == "stop" else "stop", None)
    return list(latest.values())


def _steps(row: Any) -> list[tuple[str, datetime]]:
    ends = {"in_effect": "in effect", "failed": "failed", "superseded": "superseded"}
    steps = [
        ("asked", row.asked_at),
        ("sent", row.sent_at),
        ("acknowledged", row.acknowledged_at),
        (ends.get(row.state, ""), row.ended_at),
    ]
    return [(word, at) for word, at in steps if word and at is not None]


def _next_step(row: Any, later: Sequence[Any]) -> str:
    if row.state == "failed":
        return _after_failure(row, later)
    if row.state in ONGOING and row.means in _OCCASIONS:
        return _OCCASIONS[row.means]
    hop, target = row.next_hop or "a peer", row.target_host
    steps = {
        "asked": "Leaves as soon as it is its turn.",
        "waiting_for_peer": f"Leaves when {hop} is connected; check the peers.",
        "sent": f"Waits for the answer of {target}.",
        "acknowledged": "The node said yes. It counts as in effect when the network shows it.",
    }
    return steps.get(row.state, "")


def _after_failure(row: Any, later: Sequence[Any]) -> str:
    if any(other.effect == row.effect and other.line_id == row.line_id for other in later):
        return "Another means was tried since."
    return "Nothing else was left to try: switching the phone off and on brings the new policy."
