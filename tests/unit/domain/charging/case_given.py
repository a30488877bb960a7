"""What the example cases of rating are given, as plans and buckets."""

from datetime import time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from tests.unit.domain.charging.account import NOW, a_bucket, a_plan, a_wallet
from wispgate.domain.charging.state import Bucket
from wispgate.domain.plan.compiled import Allowance, CompiledPlan, GrantRules, Zone
from wispgate.domain.plan.exhaustion import AutoTopUp, Block, FinalAction, Throttle
from wispgate.domain.plan.schedule import Window
from wispgate.domain.plan.speed import Speed
from wispgate.domain.plan.tariff import (
    Band,
    BundleRule,
    CostRounding,
    OnMaxCost,
    PriceStep,
    Rate,
    TariffEntry,
    UnitKind,
    block_price,
)

THROTTLE = Speed(64_000, 64_000)


def bucket_ids(given: dict[str, Any]) -> dict[str, UUID]:
    return {b["id"]: UUID(int=101 + i) for i, b in enumerate(given.get("buckets", []))}


def buckets_of(given: dict[str, Any], ids: dict[str, UUID]) -> list[Bucket]:
    found = [
        _bucket_of(entry, ids[entry["id"]], given)
        for entry in given.get("buckets", [])
        if "unlimited" not in entry
    ]
    if "money" in given:
        found.append(a_wallet(given["money"]))
    if "wallet" in given:
        found.append(a_wallet(given["wallet"], rating_groups=()))
    if "voice_s" in given:
        seconds = given["voice_s"]
        found.append(a_bucket(2, kind=UnitKind.SECONDS, remaining=seconds, initial=seconds))
    if "messages" in given:
        count = given["messages"]
        found.append(a_bucket(1, kind=UnitKind.MESSAGES, remaining=count, initial=count))
    for name, number in (("own", 51), ("shared", 52)):
        if name in given:
            amount, weight = given[name].split(" w")
            found.append(a_wallet(amount, number, priority=100 - int(weight)))
    if "fup" in given:
        limit = given["fup"]["limit"]
        found.append(a_bucket(1, octets=limit, remaining=limit - given.get("used", 0)))
    return found


def _bucket_of(entry: dict[str, Any], bucket_id: UUID, given: dict[str, Any]) -> Bucket:
    changes: dict[str, Any] = {"bucket_id": bucket_id, "priority": entry.get("priority", 100)}
    groups = entry.get("rgs", given.get("rgs"))
    if isinstance(groups, list):
        changes["rating_groups"] = tuple(groups)
    if "expires" in entry:
        changes["valid_until"] = NOW + timedelta(seconds=int(entry["expires"].rstrip("s")))
    if "valid" in entry:
        starts, ends = entry["valid"].split("-")
        changes["window"] = Window(time.fromisoformat(starts), time.fromisoformat(ends))
    if "money" in entry:
        return a_wallet(entry["money"], **changes)
    return a_bucket(octets=entry["octets"], **changes)


def plan_of(given: dict[str, Any]) -> CompiledPlan:
    changes: dict[str, Any] = {"tariff": _tariff_of(given), "exhaustion": _exhaustion_of(given)}
    changes["grant"] = GrantRules(
        slice_octets=10_000_000,
        validity_seconds=given.get("default_validity_s", 3600),
        announces_tariff_change="tariff_time_change_sent" in given,
    )
    prefixes = given.get("price", {}).get("by_plmn_prefix", {})
    changes["zones"] = tuple(Zone(prefix, (prefix,)) for prefix in prefixes)
    if "fup" in given:
        changes["speed"] = Speed(10_000_000, 50_000_000)
        changes["allowances"] = (Allowance("data", UnitKind.OCTETS, given["fup"]["limit"]),)
        shares = given["fup"].get("notify_at", [])
        changes["notify_percents"] = tuple(int(share * 100) for share in shares)
    return a_plan(**changes)


def _exhaustion_of(given: dict[str, Any]) -> Any:
    if "on_exhaust" in given:
        action = FinalAction[given["on_exhaust"]["action"]]
        return Block(action, given["on_exhaust"]["url"])
    if "fup" in given:
        return Throttle(Speed(1_000_000, 1_000_000))
    if "auto_topup" in given:
        offer = given["auto_topup"]
        return AutoTopUp(offer["octets"], Decimal(offer["price"]), max_count=5)
    if any("unlimited" in bucket for bucket in given.get("buckets", [])):
        return Throttle(THROTTLE)
    return Block()


def _tariff_of(given: dict[str, Any]) -> tuple[TariffEntry, ...]:
    price, tariff = given.get("price", {}), given.get("tariff", {})
    entries = [
        TariffEntry(UnitKind.OCTETS, block_price(Decimal(cost), price["block"]), zones=(prefix,))
        for prefix, cost in price.get("by_plmn_prefix", {}).items()
    ]
    if "message" in price:
        entries.append(TariffEntry(UnitKind.MESSAGES, block_price(Decimal(price["message"]), 1)))
    elif "block" in price and not entries:
        rate = block_price(Decimal(price["price"]), price["block"])
        entries.append(TariffEntry(UnitKind.OCTETS, rate))
    if tariff:
        entries.append(_call_entry(tariff, _rounding_of(given)))
    if "discount_rate" in given:
        rule = given["discount_rate"]
        bundle = BundleRule(rule.get("block_s", 1), Decimal(rule.get("connect", "0")))
        beyond = block_price(Decimal(0), bundle.increment_units)
        entries.append(TariffEntry(UnitKind.SECONDS, beyond, bundle=bundle))
    for name, prefixes in given.get("destinations", {}).items():
        cost = Decimal(given["prices"][name].removesuffix("/s"))
        entry = TariffEntry(
            UnitKind.SECONDS, block_price(cost, 1), destination_prefixes=tuple(prefixes)
        )
        entries.append(entry)
    if isinstance(given.get("prices"), list):
        entries.append(_banded_entry(given["prices"]))
    return tuple(entries)


def _rounding_of(given: dict[str, Any]) -> dict[str, Any]:
    """ "up, 4 decimals", as the fields of a rate."""
    if "rounding" not in given:
        return {}
    manner, decimals = given["rounding"].split(", ")
    return {
        "rounding": CostRounding(manner.replace("-", "_")),
        "decimals": int(decimals.split()[0]),
    }


def _call_entry(tariff: dict[str, Any], rounding: dict[str, Any]) -> TariffEntry:
    connect = Decimal(tariff.get("connect", "0"))
    limits: dict[str, Any] = dict(rounding)
    if "max_cost" in tariff:
        limits["max_cost"] = Decimal(tariff["max_cost"])
        limits["on_max_cost"] = OnMaxCost(tariff.get("on_max", "disconnect"))
    if "steps" in tariff:
        steps = tuple(
            PriceStep(Decimal(s["price"]), s["per_s"], s["increment_s"], s["from_s"])
            for s in tariff["steps"]
        )
        return TariffEntry(UnitKind.SECONDS, Rate(steps, connect, **limits))
    if "evening" in tariff:
        evening = Window(
            time.fromisoformat(tariff["evening_from"]), time.fromisoformat(tariff["day_from"])
        )
        bands = (Band("evening", evening, _per_second(tariff["evening"], connect, limits)),)
        return TariffEntry(UnitKind.SECONDS, _per_second(tariff["day"], connect, limits), bands)
    return TariffEntry(UnitKind.SECONDS, _per_second(tariff, connect, limits))


def _per_second(price: dict[str, Any], connect: Decimal, limits: dict[str, Any]) -> Rate:
    step = PriceStep(Decimal(price["price"]), price["per_s"], price.get("increment_s", 1))
    return Rate((step,), connect, **limits)


def _banded_entry(prices: list[dict[str, Any]]) -> TariffEntry:
    bands = tuple(
        Band(
            band["name"],
            Window(time.fromisoformat(band["from"]), time.fromisoformat(band["to"])),
            block_price(Decimal(band["price"]), band["block"]),
        )
        for band in prices
    )
    return TariffEntry(UnitKind.OCTETS, bands[0].rate, bands)
