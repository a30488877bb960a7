"""Judges the way of one phone: IMSI, line, key, PLMN, registration, APN, session."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from wispgate.domain.diagnosis import evidence as ev
from wispgate.domain.diagnosis.evidence import (
    FORGED_RESYNCHRONISATION,
    Evidence,
    Procedure,
    Subscriber,
)
from wispgate.domain.diagnosis.findings import Finding, Link, attention, broken, good

# A card asks once to be brought in step, and then is: the third time in a row it is not the number.
SUSPICIOUS_RESYNCHRONISATIONS: Final = 3
# After an authentication that worked, the registration follows within a second or two.
_REGISTERS_WITHIN: Final = timedelta(seconds=30)
_ASK_AGAIN: Final = "Switch the phone off and on, and test again."


def check_imsi(evidence: Evidence) -> Iterator[Finding]:
    """Whether the IMSI is anybody's."""
    phone = evidence.subscriber
    if phone is None:
        return
    if not phone.operators:
        yield broken(
            Link.IMSI,
            f"No operator's range in this core holds {phone.imsi}.",
            "We answer that the subscriber is unknown (5001), or what the core is set to.",
            f"Is it a card of the core's own network ({', '.join(evidence.plmns) or 'no PLMN'})? "
            f"Ranges are given with `wispgate core add --imsi-range FIRST-LAST`.",
        )
    elif not phone.state and not phone.sim:
        yield broken(
            Link.IMSI,
            f"{phone.imsi} is in a range of {', '.join(phone.operators)}, and no card has it.",
            "The card was never imported, so we have no key for it.",
            "Import the card with its key (SIMs, Import SIMs).",
        )
    elif not phone.state:
        yield broken(
            Link.LINE,
            f"The card with {phone.imsi} is {phone.sim}, and has no line.",
            "A card without a line is unknown in the network.",
            "Assign the SIM to a line, and activate that.",
        )


_LINE_STATES: Final = {
    "suspended": ("The line is suspended: its phone is refused.", "Resume it on the line's page."),
    "terminated": ("The line has ended.", "Assign the SIM to a new line."),
    "draft": ("The line was not activated yet.", "Activate it on the line's page."),
    "pending": ("The line is being activated.", "Wait for it, or see the line's pushes."),
}


def check_line(evidence: Evidence) -> Iterator[Finding]:
    """Whether its line may be used."""
    phone = evidence.subscriber
    if phone is None:
        return
    if phone.state in _LINE_STATES:
        meaning, remedy = _LINE_STATES[phone.state]
        yield broken(Link.LINE, f"The line of {phone.imsi} is {phone.state}.", meaning, remedy)
    elif phone.state:
        yield good(Link.LINE, f"The line of {phone.imsi} is {phone.state}.", "It may be used.")


def check_key(evidence: Evidence) -> Iterator[Finding]:
    """Whether card and register agree about K and OPc."""
    phone = evidence.subscriber
    if phone is None:
        return
    forged = _last(evidence, Procedure.AUTHENTICATION, FORGED_RESYNCHRONISATION)
    if forged is not None and not _is_registered_since(phone, forged):
        yield broken(
            Link.KEY,
            f"{_times(forged.times)} the card asked to be resynchronised with a proof that our key "
            f"does not confirm.",
            "K, OPc (or OP) or the algorithm of the card is not what was imported.",
            "Compare the card's data sheet with the import: OP and OPc are mixed up most often. "
            "Import the card again with the right key.",
        )
    elif phone.resynchronisations >= SUSPICIOUS_RESYNCHRONISATIONS:
        yield broken(
            Link.KEY,
            f"The card was resynchronised {phone.resynchronisations} times within an hour.",
            "It does not accept what we compute: K or OPc is wrong, or two cards have one IMSI.",
            "Compare K and OPc with the card's data sheet, and look for a second card.",
        )


# What was refused for want of an active line is no fault any more once there is one.
_CURED_BY_A_LINE: Final = ("unknown_subscriber", "withdrawn", "suspended")


def check_refusals(evidence: Evidence) -> Iterator[Finding]:
    """What it was refused last, by the authentication log."""
    phone = evidence.subscriber
    if phone is None:
        return
    for procedure in Procedure:
        last = _newest(evidence, procedure)
        if last is not None and not _is_past(phone, procedure, last):
            if last.result in _CURED_BY_A_LINE and phone.state == "active":
                continue
            yield _refused(evidence, phone, last)


def _is_past(phone: Subscriber, procedure: Procedure, last: ev.Outcome) -> bool:
    """Whether it went well since."""
    if procedure is Procedure.AUTHENTICATION:
        return phone.authenticated_at is not None and phone.authenticated_at > last.last_at
    if procedure is Procedure.REGISTRATION:
        return _is_registered_since(phone, last)
    return phone.has_session


def _refused(evidence: Evidence, phone: Subscriber, last: ev.Outcome) -> Finding:
    seen = f"{_times(last.times)} its {last.procedure} was refused ({last.result}), last through {last.peer}"
    match last.result:
        case "roaming_not_allowed":
            ours = ", ".join(evidence.plmns) or "none"
            return broken(
                Link.PLMN,
                f"{seen}, in PLMN {last.visited_plmn or 'unknown'}.",
                f"That PLMN is not one of ours ({ours}), and the plan has no roaming.",
                "If it is your own cell, set its PLMN in the node (MCC and MNC, two or three digits), "
                "or add the PLMN to the core; if not, sell a plan with roaming.",
            )
        case "apn_not_allowed":
            return broken(
                Link.APN,
                f"{seen}, for APN {last.apn or 'none'}.",
                f"The plan has {', '.join(phone.apns) or 'no APN'} only.",
                f"Set the APN in the phone (or the node's default) to one of those, or add "
                f"{last.apn or 'it'} to the plan.",
            )
        case _:
            return _refused_for_another_reason(seen, last)


_REASONS: Final = {
    "unknown_subscriber": (
        Link.IMSI, "No line had the IMSI then.", "If it has one now, switch the phone off and on.",
    ),
    "withdrawn": (Link.LINE, "The line has ended.", "Assign the SIM to a new line."),
    "suspended": (
        Link.LINE, "The line was suspended, or not activated yet.", "Resume or activate the line.",
    ),
    "no_plan": (Link.APN, "The line has nothing to connect to.", "Give it a plan with an APN."),
    "rat_not_allowed": (
        Link.REGISTRATION, "The plan bars that radio technology.", "Sell a plan that allows it.",
    ),
    "operator_barred": (
        Link.REGISTRATION, "A restriction of the line bars what it may use there, and that node "
        "cannot enforce such a bar itself.", "Lift the restriction, or let it register at home.",
    ),
    "device_not_allowed": (
        Link.REGISTRATION, "The line is locked to other devices.",
        "Unlock it, or add the device's IMEI to the lock.",
    ),
    "out_of_credit": (
        Link.SESSION, "The quota is used up, and the plan blocks then.", "Top up, or renew the plan.",
    ),
}  # fmt: skip


def _refused_for_another_reason(seen: str, last: ev.Outcome) -> Finding:
    link, meaning, remedy = _REASONS.get(
        last.result, (Link.REGISTRATION, "We refused it.", "Read the log of the Diameter process.")
    )
    return broken(link, f"{seen}.", meaning, remedy)


def check_registration(evidence: Evidence) -> Iterator[Finding]:
    """Whether it came as far as a registration, and a session."""
    phone = evidence.subscriber
    if phone is None:
        return
    if phone.registered_at is not None and not phone.is_purged:
        yield good(Link.REGISTRATION, f"Registered at {phone.mme}.", "The phone is in the network.")
        yield from _judge_session(phone)
    elif phone.authenticated_at is None:
        yield attention(
            Link.REGISTRATION,
            "No node ever asked to authenticate this phone.",
            "It does not reach its MME, or the MME does not ask us for this IMSI.",
            "Check radio coverage, the PLMN that the cell sends, and the route that the MME has for "
            f"this IMSI's realm. {_ASK_AGAIN}",
        )
    elif evidence.now - phone.authenticated_at < _REGISTERS_WITHIN:
        yield attention(
            Link.REGISTRATION,
            "It was authenticated just now, and has not registered yet.",
            "It may be about to.",
            "Test again in half a minute.",
        )
    elif not phone.is_purged:
        yield attention(
            Link.KEY,
            "It was authenticated, and never registered.",
            "The phone or the MME does not accept our authentication: a wrong K or OPc shows like "
            "this too, or the MME refused it for a reason of its own.",
            f"Compare K and OPc with the card's data sheet, and read the MME's log. {_ASK_AGAIN}",
        )
    else:
        yield attention(
            Link.REGISTRATION,
            f"{phone.mme} has purged it: it was switched off, or away for long.",
            "It is not in the network now.",
            _ASK_AGAIN,
        )


def _judge_session(phone: Subscriber) -> Iterator[Finding]:
    if phone.has_session:
        yield good(Link.SESSION, "It has a data session.", "Gateway, policy and charging work.")
    else:
        yield attention(
            Link.SESSION,
            "It is registered, and has no data session.",
            "The gateway has not asked us (Gx, Gy), or the phone left without a word.",
            "See that the gateway is a peer with gx and gy, and that the APN in the phone is one of "
            f"{', '.join(phone.apns) or 'the plan'}.",
        )


def _is_registered_since(phone: Subscriber, outcome: ev.Outcome) -> bool:
    return phone.registered_at is not None and phone.registered_at > outcome.last_at


def _last(evidence: Evidence, procedure: Procedure, result: str) -> ev.Outcome | None:
    found = [o for o in evidence.outcomes if o.procedure == procedure and o.result == result]
    return max(found, key=lambda outcome: outcome.last_at, default=None)


def _newest(evidence: Evidence, procedure: Procedure) -> ev.Outcome | None:
    """The refusal that came last; a resynchronisation is none."""
    found = [
        outcome for outcome in evidence.outcomes
        if outcome.procedure == procedure and outcome.result not in ev.RESYNCHRONISATIONS
    ]  # fmt: skip
    return max(found, key=lambda outcome: outcome.last_at, default=None)


def _times(count: int) -> str:
    return "Once" if count == 1 else f"{count} times"
