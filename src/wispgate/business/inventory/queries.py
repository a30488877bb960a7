"""Reading the SIM stock, as far as the scope sees it. Secrets are not among what is read."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import QuerySet

from wispgate.business.inventory.models import Sim, SimBatch
from wispgate.kernel.errors import NotFound


def find_sim(iccid: str) -> Sim | None:
    return _readable().filter(iccid=iccid).first()


def find_sim_by_imsi(core_id: UUID, imsi: str) -> Sim | None:
    return _readable().filter(core_id=core_id, imsi=imsi).first()


def get_sim(iccid: str) -> Sim:
    sim = find_sim(iccid)
    if sim is None:
        raise NotFound("SIM", iccid)
    return sim


def list_sims(
    *, state: str = "", imsi: str = "", after: str = "", limit: int = 50
) -> Sequence[Sim]:
    """By ICCID; `after` is the last one of the page before."""
    sims = _readable().order_by("iccid").filter(iccid__gt=after)
    if state:
        sims = sims.filter(state=state)
    if imsi:
        sims = sims.filter(imsi=imsi)
    return list(sims[:limit])


def list_batches(*, limit: int = 50) -> Sequence[SimBatch]:
    """The newest first."""
    return list(SimBatch.objects.all()[:limit])


def _readable() -> QuerySet[Sim]:
    """Without the sealed columns: what is not loaded cannot leak into a page or a log."""
    sims = Sim.objects.select_related("core", "batch")
    return sims.defer("sealed_key", "sealed_codes", "fingerprint")
