"""How the simulated packet core speaks and behaves: as Open5GS does, or as 3GPP has it.

Rows are facts seen on the wire or read in the core's source; every difference in behaviour is a
field here, and nothing else in the simulator asks for a dialect's name.
"""

from dataclasses import dataclass
from typing import Final

from wispgate.kernel.errors import InvalidValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One kind of core.

    wants_full_ula              drops a ULA without Subscription-Data and ULA-Flags: the phone hangs
    sends_purge, sends_notify   PUR at detach, NOR after attach
    knows_barring               acts on Subscriber-Status and ODB
    applies_idr_at_once         a new AMBR reaches the eNodeB and the bearers with the IDR
    serves_dsr_rsr              else they are answered 3001
    tells_esm_cause             a refused session is EMM cause 19 with an ESM cause, else 17
    rates_by_group              one MSCC per Rating-Group; else one without, for the default bearer
    final_unit_ends_session     whatever its action, at the next report
    obeys_reauthorisation       a CCR-U follows a Gy RAR
    terminates_unanswered       CCR-T after a CCR-I that nobody answered
    serves_abort                ASR on Gy; else it is answered 3001
    updates_gx                  CCR-U on Gx
    obeys_gx_qos                QoS-Information of a CCA-U or RAR, release causes; polices APN-AMBR
    tells_phone_of_end          a session that the PGW ends is taken from the phone too
    has_bogus_first_time        the first CC-Time is the Unix time unless time was granted
    has_session_suffixes        Session-Ids end in app_gx and the like, else in random digits
    """

    name: str
    wants_full_ula: bool
    sends_purge: bool
    sends_notify: bool
    knows_barring: bool
    applies_idr_at_once: bool
    serves_dsr_rsr: bool
    tells_esm_cause: bool
    rates_by_group: bool
    final_unit_ends_session: bool
    obeys_reauthorisation: bool
    terminates_unanswered: bool
    serves_abort: bool
    updates_gx: bool
    obeys_gx_qos: bool
    tells_phone_of_end: bool
    has_bogus_first_time: bool
    has_session_suffixes: bool


OPEN5GS: Final = Dialect(
    name="open5gs",
    wants_full_ula=True,
    sends_purge=False,
    sends_notify=False,
    knows_barring=False,
    applies_idr_at_once=False,
    serves_dsr_rsr=False,
    tells_esm_cause=False,
    rates_by_group=False,
    final_unit_ends_session=True,
    obeys_reauthorisation=False,
    terminates_unanswered=True,
    serves_abort=False,
    updates_gx=False,
    obeys_gx_qos=False,
    tells_phone_of_end=False,
    has_bogus_first_time=True,
    has_session_suffixes=True,
)

GENERIC_3GPP: Final = Dialect(
    name="generic3gpp",
    wants_full_ula=False,
    sends_purge=True,
    sends_notify=False,
    knows_barring=True,
    applies_idr_at_once=True,
    serves_dsr_rsr=True,
    tells_esm_cause=True,
    rates_by_group=True,
    final_unit_ends_session=False,
    obeys_reauthorisation=True,
    terminates_unanswered=False,
    serves_abort=True,
    updates_gx=True,
    obeys_gx_qos=True,
    tells_phone_of_end=True,
    has_bogus_first_time=False,
    has_session_suffixes=False,
)

DIALECTS: Final = (OPEN5GS, GENERIC_3GPP)


def dialect_named(name: str) -> Dialect:
    """Raises InvalidValue, naming those that there are."""
    for dialect in DIALECTS:
        if dialect.name == name:
            return dialect
    known = " or ".join(dialect.name for dialect in DIALECTS)
    raise InvalidValue(f"no dialect {name!r}: write {known}", field="dialect")
