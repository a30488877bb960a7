"""`wispgate simulate`: phones and a packet core against a running node, from the command line.

They speak Diameter and nothing else, so that they try an installation as an operator's own core
would. The node must know the two identities: `wispgate peer add`.
"""

import asyncio
import csv
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Annotated, Any, Final

import typer

from wispgate.kernel.errors import InvalidValue
from wispgate.kernel.identifiers import Imsi
from wispgate.kernel.plmn import Plmn
from wispgate.kernel.units import format_bps, format_octets, parse_bps, parse_octets, parse_seconds
from wispgate.simulator.clocks import LiveTime
from wispgate.simulator.dialects import dialect_named
from wispgate.simulator.diameter import NotConnected
from wispgate.simulator.epc import EpcSettings, SimulatedEpc
from wispgate.simulator.nas import BACK_OFF_CAUSES, CAUSES
from wispgate.simulator.ue import UE

EXIT_REFUSED: Final = 1
_TICK: Final = timedelta(seconds=1)
_UNKNOWN_PEER: Final = 3010

app = typer.Typer(
    help="Simulated phones and packet core, against a running Diameter node.", no_args_is_help=True
)

Peer = Annotated[
    str, typer.Option(metavar="HOST:PORT", help="Where the node listens for Diameter.")
]
Mcc = Annotated[str, typer.Option(help="Mobile country code of the network.")]
Mnc = Annotated[str, typer.Option(help="Mobile network code, two or three digits.")]
Realm = Annotated[str, typer.Option(help="Realm of the simulated core. Default: that of the PLMN.")]
DestinationRealm = Annotated[
    str, typer.Option(help="Realm of the node. Default: what it says itself.")
]
MmeHost = Annotated[str, typer.Option(help="Identity of the MME. Default: mme. and the realm.")]
SmfHost = Annotated[str, typer.Option(help="Identity of the gateway. Default: smf. and the realm.")]
DialectName = Annotated[
    str, typer.Option(help="How it speaks and behaves: open5gs or generic3gpp.")
]
ImsiText = Annotated[str, typer.Option(help="IMSI of the card.")]
Ki = Annotated[
    str, typer.Option(envvar="WISPGATE_SIMULATE_KI", help="K of the card, 32 hexadecimal digits.")
]
Opc = Annotated[
    str,
    typer.Option(envvar="WISPGATE_SIMULATE_OPC", help="OPc of the card, 32 hexadecimal digits."),
]
Rate = Annotated[str, typer.Option(help='What a phone wants to receive, such as "10 Mbit/s".')]
For = Annotated[
    str, typer.Option("--for", metavar="TIME", help="For how long, such as 30s or 10m.")
]


@dataclass(frozen=True, slots=True)
class Card:
    """What a phone is made of."""

    imsi: str
    k: bytes
    opc: bytes

    @classmethod
    def parse(cls, imsi: str, k: str, opc: str) -> "Card":
        """Raises InvalidValue, naming the option."""
        try:
            number = Imsi(imsi).digits
        except InvalidValue as error:
            raise InvalidValue(error.message, field="imsi") from None
        return cls(number, _key(k, "ki"), _key(opc, "opc"))


@app.command("attach")
def attach_command(  # noqa: PLR0913, PLR0917 (one parameter per option)
    peer: Peer, imsi: ImsiText, ki: Ki, opc: Opc,
    mcc: Mcc = "001", mnc: Mnc = "01", realm: Realm = "", destination_realm: DestinationRealm = "",
    mme_host: MmeHost = "", smf_host: SmfHost = "", dialect: DialectName = "open5gs",
) -> None:  # fmt: skip
    """Attaches one phone, says what became of it, and detaches it again."""
    settings = _settings(peer, mcc + mnc, (realm, destination_realm), (mme_host, smf_host), dialect)
    card = Card.parse(imsi, ki, opc)

    async def attach(epc: SimulatedEpc) -> bool:
        phone = epc.add_ue(card.imsi, card.k, card.opc)
        is_attached = await epc.attach(phone)
        _tell_diary(epc, phone)
        _tell_connection(epc, phone)
        if is_attached:
            await epc.detach(phone)
            typer.echo("detached")
        return is_attached

    _run(settings, attach)


@app.command("traffic")
def traffic_command(  # noqa: PLR0913, PLR0917 (one parameter per option)
    peer: Peer, imsi: ImsiText, ki: Ki, opc: Opc,
    rate: Rate = "10 Mbit/s",
    octets: Annotated[str, typer.Option(help='How much to receive, such as "100 MB".')] = "10 MB",
    rating_group: Annotated[int | None, typer.Option(help="Rating group of the traffic.")] = None,
    span: For = "10m",
    mcc: Mcc = "001", mnc: Mnc = "01", realm: Realm = "", destination_realm: DestinationRealm = "",
    mme_host: MmeHost = "", smf_host: SmfHost = "", dialect: DialectName = "open5gs",
) -> None:  # fmt: skip
    """Attaches one phone and lets it receive until all has come or the time is over."""
    settings = _settings(peer, mcc + mnc, (realm, destination_realm), (mme_host, smf_host), dialect)
    card, wanted = Card.parse(imsi, ki, opc), _amount(parse_octets, octets, "octets")
    speed, seconds = _amount(parse_bps, rate, "rate") // 8, _amount(parse_seconds, span, "for")

    async def transfer(epc: SimulatedEpc) -> bool:
        phone = epc.add_ue(card.imsi, card.k, card.opc)
        await epc.attach(phone)
        _tell_diary(epc, phone)
        flow = phone.traffic(speed, octets=wanted, rating_group=rating_group)
        end = epc.time.now() + timedelta(seconds=seconds)
        while not flow.is_done and epc.time.now() < end and phone.is_attached:
            await epc.run(_TICK)
            _tell_traffic([phone])
        await epc.detach(phone)
        typer.echo(f"{format_octets(flow.passed_octets)} of {format_octets(wanted)} came through")
        return flow.is_done

    _run(settings, transfer)


@app.command("fleet")
def fleet_command(  # noqa: PLR0913, PLR0917 (one parameter per option)
    peer: Peer,
    count: Annotated[int, typer.Option(min=1, max=10_000, help="How many phones.")] = 10,
    imsi_base: Annotated[str, typer.Option(help="IMSI of the first; the others follow it.")] = "",
    ki: Ki = "", opc: Opc = "",
    cards: Annotated[Path | None, typer.Option(help="Instead: a CSV file with imsi, ki and opc in its head.")] = None,
    rate: Rate = "1 Mbit/s",
    span: For = "1m",
    seed: Annotated[int, typer.Option(help="Staggers the phones; the same seed, the same order.")] = 0,
    mcc: Mcc = "001", mnc: Mnc = "01", realm: Realm = "", destination_realm: DestinationRealm = "",
    mme_host: MmeHost = "", smf_host: SmfHost = "", dialect: DialectName = "open5gs",
) -> None:  # fmt: skip
    """Switches many phones on within the first seconds and lets them all receive for a while."""
    settings = _settings(peer, mcc + mnc, (realm, destination_realm), (mme_host, smf_host), dialect)
    known = _cards_in(cards) if cards else _cards_from(count, imsi_base, ki, opc)
    speed, seconds = _amount(parse_bps, rate, "rate") // 8, _amount(parse_seconds, span, "for")

    async def drive(epc: SimulatedEpc) -> bool:
        phones = [epc.add_ue(card.imsi, card.k, card.opc) for card in known[:count]]
        for phone in phones:
            phone.traffic(speed)
        epc.switch_on(*phones, within=timedelta(seconds=min(10, seconds / 2)))
        end = epc.time.now() + timedelta(seconds=seconds)
        while epc.time.now() < end:
            await epc.run(_TICK)
            _tell_traffic(phones)
        attached = [phone for phone in phones if phone.is_attached]
        await asyncio.gather(*(epc.detach(phone) for phone in attached))
        for phone in phones:
            if phone.last_cause is not None:
                typer.echo(f"{phone.imsi}: {_cause(epc, phone)}")
        return len(attached) == len(phones)

    _run(settings, drive, seed=seed)


# --- what is typed ---------------------------------------------------------------------------------


def _settings(
    peer: str, plmn: str, realms: tuple[str, str], hosts: tuple[str, str], dialect: str
) -> EpcSettings:
    network = Plmn.parse(plmn)
    realm = realms[0] or network.realm
    address, port = _endpoint(peer)
    return EpcSettings(
        address=address,
        port=port,
        realm=realm,
        destination_realm=realms[1],
        mme_host=hosts[0] or f"mme.{realm}",
        smf_host=hosts[1] or f"smf.{realm}",
        plmn=network,
        dialect=dialect_named(dialect),
    )


def _endpoint(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and 0 < int(port) < 65_536):
        raise InvalidValue(f"{text!r} is no host and port, such as 127.0.0.1:3868", field="peer")
    return host.removeprefix("[").removesuffix("]"), int(port)


def _key(text: str, option: str) -> bytes:
    # The text is a secret: the message does not repeat it.
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != 16:
        raise InvalidValue("a key is 32 hexadecimal digits", field=option)
    return key


def _amount(parse: Callable[[str], int], text: str, option: str) -> int:
    try:
        return parse(text)
    except InvalidValue as error:
        raise InvalidValue(error.message, field=option) from None


def _cards_from(count: int, imsi_base: str, ki: str, opc: str) -> list[Card]:
    first = Card.parse(imsi_base, ki, opc)
    width = len(first.imsi)
    return [Card.parse(f"{int(first.imsi) + n:0{width}d}", ki, opc) for n in range(count)]


def _cards_in(path: Path) -> list[Card]:
    try:
        with path.open(newline="") as file:
            rows = [{(k or "").lower(): v for k, v in row.items()} for row in csv.DictReader(file)]
        return [Card.parse(row["imsi"], row["ki"], row["opc"]) for row in rows]
    except OSError as error:
        raise InvalidValue(f"{path} cannot be read: {error.strerror}", field="cards") from None
    except KeyError as error:
        raise InvalidValue(f"{path} has no column {error}", field="cards") from None


# --- what is done and said -------------------------------------------------------------------------


def _run(
    settings: EpcSettings,
    work: Callable[[SimulatedEpc], Coroutine[Any, Any, bool]],
    *,
    seed: int = 0,
) -> None:
    """Exit code 1 where a phone did not get what it wanted. Raises NotConnected."""

    async def connected() -> bool:
        random = Random(seed)  # noqa: S311 (staggers phones, hides nothing)
        async with SimulatedEpc(settings, time=LiveTime(), random=random) as epc:
            return await work(epc)

    try:
        is_done = asyncio.run(connected())
    except NotConnected as error:
        raise _explained(error, settings) from None
    if not is_done:
        raise typer.Exit(EXIT_REFUSED)


def _explained(error: NotConnected, settings: EpcSettings) -> NotConnected:
    if error.result_code != _UNKNOWN_PEER:
        return error
    return NotConnected(
        f"the node knows no peer {settings.mme_host} or {settings.smf_host}: add them with "
        f"`wispgate peer add`",
        result_code=error.result_code,
    )


def _tell_diary(epc: SimulatedEpc, phone: UE) -> None:
    for record in phone.diary:
        typer.echo(f"{record.at:%H:%M:%S}  {phone.imsi} {record.text}")
    if phone.last_cause is not None:
        typer.echo(f"          {_cause(epc, phone)}")


def _tell_connection(epc: SimulatedEpc, phone: UE) -> None:
    connection, ambr = epc.connection(phone), epc.enodeb.find_ambr(phone.imsi)
    if connection is not None:
        typer.echo(f"APN {connection.bearer.apn}, address {connection.bearer.address}")
    if ambr is not None:
        typer.echo(f"speed {format_bps(ambr.down_bps)} down, {format_bps(ambr.up_bps)} up")


def _tell_traffic(phones: list[UE]) -> None:
    speed = sum(phone.octets_per_second for phone in phones) * 8
    octets = sum(phone.octets for phone in phones)
    attached = sum(phone.is_attached for phone in phones)
    typer.echo(
        f"{attached} of {len(phones)} attached, {format_bps(speed)}, {format_octets(octets)} so far"
    )


def _cause(epc: SimulatedEpc, phone: UE) -> str:
    """The refusal in words, the answer behind it, and when the phone tries again."""
    cause = phone.last_cause or 0
    rule = CAUSES.get(cause)
    text = f"EMM cause {cause}" + (f" ({rule.name}, TS 24.301 {rule.clause})" if rule else "")
    if phone.last_esm_cause is not None:
        name = BACK_OFF_CAUSES.get(phone.last_esm_cause)
        text += f", ESM cause {phone.last_esm_cause}" + (f" ({name})" if name else "")
    if answer := epc.refusal(phone):
        text += f", after {answer}"
    if phone.next_attempt_at is None:
        return text + "; the phone is silent until it is switched off and on"
    return text + f"; the phone tries again at {phone.next_attempt_at:%H:%M:%S}"
