"""The authentication centre: vectors whose sequence numbers are on disk before they leave.

It alone asks for sealed keys to be opened. Requests of a partition are batched; two for one card are never under
way together, and the row's lock keeps other processes apart as well.
"""

import os
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from wispgate.domain.authentication import sqn as sequence
from wispgate.domain.authentication.keys import Credential
from wispgate.domain.authentication.sqn import MacFailure
from wispgate.domain.authentication.vault import Vault
from wispgate.domain.authentication.vectors import (
    EutranVector,
    UtranVector,
    compute_eutran_vector,
    compute_utran_vector,
)
from wispgate.domain.diagnosis.evidence import (
    FORGED_RESYNCHRONISATION,
    RESYNCHRONISED,
    Procedure,
)
from wispgate.domain.policy.profile import NetworkProfile
from wispgate.kernel.clock import Clock
from wispgate.kernel.errors import Unavailable
from wispgate.network.hss.key_holders import KeyHolder
from wispgate.network.hss.resynchronisations import ResynchronisationAlarms, VectorRequest
from wispgate.store.access_log import AccessLog, Note
from wispgate.store.batching import Batcher, Receiver
from wispgate.store.directory import Place
from wispgate.store.hot import HotStore
from wispgate.store.lines import LineCache

_log = structlog.get_logger("authentication")

RAND_OCTETS = 16


class AuthenticationFault(Unavailable):
    """Ours: a key that does not open, a card whose numbers are used up. Answered 4181."""

    code = "authentication_fault"


@dataclass(frozen=True, slots=True)
class IssuedNumbers:
    """The row of a card after its sequence number was stepped."""

    line_id: UUID
    profile: NetworkProfile
    first_sqn: int
    iccid: str
    sealed_key: bytes
    resynchronisations: int


@dataclass(frozen=True, slots=True)
class Vectors:
    eutran: tuple[EutranVector, ...]
    utran: tuple[UtranVector, ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    request: VectorRequest
    sqn_ms: int | None


class AuthenticationCentre:
    """Issues sequence numbers by batches and computes vectors from them."""

    def __init__(
        self, store: HotStore, keys: KeyHolder, lines: LineCache, access_log: AccessLog,
        *, clock: Clock,
    ) -> None:  # fmt: skip
        self._store = store
        self._access_log = access_log
        self._keys = keys
        self._vault = Vault()
        self._alarms = ResynchronisationAlarms(store, clock)
        self._lines = lines
        self._clock = clock
        self._batchers = [
            Batcher(self._issuer(partition.number), lambda asked: asked.request.imsi)
            for partition in store.partitions
        ]

    async def issue(self, request: VectorRequest, place: Place) -> IssuedNumbers | None:
        """Steps the card's number on disk; None if the partition does not know the card.

        Raises DatabaseLost, Overloaded or AuthenticationFault.
        """
        sqn_ms: int | None = None
        if request.resynchronisation is not None:
            sqn_ms = await self._resynchronise(request, place)
        return await self._batchers[place.partition].submit(_Asked(request, sqn_ms))

    def hand_in(
        self, request: VectorRequest, place: Place, receiver: Receiver[IssuedNumbers | None]
    ) -> None:
        """As `issue`, for a request without resynchronisation."""
        self._batchers[place.partition].hand_in(_Asked(request, None), receiver)

    def compute_at_once(self, request: VectorRequest, issued: IssuedNumbers) -> Vectors | None:
        """As `compute`, where the card's key was opened before; None where it has to be opened."""
        kept = self._vault.find_credential(issued.sealed_key, bound_to=issued.iccid)
        return None if kept is None else _vectors(request, issued, kept)

    async def compute(self, request: VectorRequest, issued: IssuedNumbers) -> Vectors:
        """The vectors of the numbers issued. Raises AuthenticationFault."""
        return _vectors(request, issued, await self._open(issued.iccid, issued.sealed_key))

    async def _resynchronise(self, request: VectorRequest, place: Place) -> int | None:
        """The card's own number if its proof holds; what becomes of ours, the statement decides."""
        rows = await self._store.partitions[place.partition].fetch(
            "find_authentication", {"core_id": request.core_id, "imsi": request.imsi.digits}
        )
        if not rows or request.resynchronisation is None:
            return None
        row = rows[0]
        algorithm, _ = await self._open(row["iccid"], row["sealed_key"])
        decision = sequence.resynchronise(algorithm, request.resynchronisation, sqn=row["sqn"])
        _log.info(
            "resynchronisation",
            imsi=str(request.imsi),
            peer=request.serving_node,
            outcome=type(decision).__name__,
        )
        is_forged = isinstance(decision, MacFailure)
        self._note_resynchronisation(request, place, is_forged=is_forged)
        await self._alarms.tell(request, place, row, decision)
        match decision:
            case MacFailure():
                return None
            case sequence.Resynchronised(sqn=sqn_ms) | sequence.NotNeeded(sqn_ms=sqn_ms):
                return sqn_ms

    def _note_resynchronisation(
        self, request: VectorRequest, place: Place, *, is_forged: bool
    ) -> None:
        note = Note(
            core_id=request.core_id,
            imsi=request.imsi.digits,
            procedure=Procedure.AUTHENTICATION,
            result=FORGED_RESYNCHRONISATION if is_forged else RESYNCHRONISED,
            peer=request.serving_node,
            visited_plmn=str(request.plmn),
            place=place,
        )
        self._access_log.note(note, now=self._clock.now())

    async def _open(self, iccid: str, sealed_key: bytes) -> Credential:
        kept = self._vault.find_credential(sealed_key, bound_to=iccid)
        if kept is not None:
            return kept
        try:
            plaintext = await self._keys.open(sealed_key, bound_to=iccid)
            return self._vault.keep_credential(sealed_key, plaintext, bound_to=iccid)
        except (ValueError, Unavailable) as error:
            _log.error("a sealed key does not open", iccid=iccid, cause=str(error))
            raise AuthenticationFault("the card's key cannot be opened") from None

    def _issuer(
        self, partition: int
    ) -> Callable[[Sequence[_Asked]], Awaitable[Sequence[IssuedNumbers | None]]]:
        async def issue(batch: Sequence[_Asked]) -> Sequence[IssuedNumbers | None]:
            rows = await self._store.partitions[partition].fetch(
                "issue_sequence_numbers", _columns(batch, self._clock.now())
            )
            found = {row["ordinality"]: self._issued(row) for row in rows if row["profile"]}
            return [found.get(position) for position in range(1, len(batch) + 1)]

        return issue

    def _issued(self, row: Mapping[str, Any]) -> IssuedNumbers:
        return IssuedNumbers(
            line_id=row["line_id"],
            profile=self._lines.keep(row).profile,
            first_sqn=row["first_sqn"],
            iccid=row["iccid"],
            sealed_key=row["sealed_key"],
            resynchronisations=row["resyncs"],
        )


def _vectors(request: VectorRequest, issued: IssuedNumbers, credential: Credential) -> Vectors:
    """Raises AuthenticationFault."""
    count = request.eutran_vectors + request.utran_vectors
    if issued.first_sqn + (count - 1 << sequence.IND_BITS) > sequence.SQN_MAX:
        _log.error("sequence numbers used up", imsi=str(request.imsi))
        raise AuthenticationFault("the card's sequence numbers are used up")
    algorithm, amf = credential
    numbers = [issued.first_sqn + (n << sequence.IND_BITS) for n in range(count)]
    eutran = tuple(
        compute_eutran_vector(
            algorithm, rand=os.urandom(RAND_OCTETS), sqn=sqn, amf=amf, plmn=request.plmn
        )
        for sqn in numbers[: request.eutran_vectors]
    )
    utran = tuple(
        compute_utran_vector(algorithm, rand=os.urandom(RAND_OCTETS), sqn=sqn, amf=amf)
        for sqn in numbers[request.eutran_vectors :]
    )
    return Vectors(eutran, utran)


def _columns(batch: Sequence[_Asked], now: datetime) -> dict[str, object]:
    requests = [asked.request for asked in batch]
    return {
        "core_ids": [request.core_id for request in requests],
        "imsis": [request.imsi.digits for request in requests],
        "vectors": [request.eutran_vectors + request.utran_vectors for request in requests],
        "inds": [sequence.ind_of(request.serving_node) for request in requests],
        "resync_sqns": [asked.sqn_ms for asked in batch],
        "nodes": [request.serving_node for request in requests],
        "plmns": [str(request.plmn) for request in requests],
        "now": now,
    }
