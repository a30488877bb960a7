"""Story 5: a lost phone is cut off, its line goes on with another card, and a thief gets no further."""

import secrets
from decimal import Decimal
from typing import Any

from tests.harness.clock import TravellingClock
from tests.network.dialogue import air, result_of, ulr, vectors_of
from tests.scenario.test_activation import (
    PLMN,
    Api,
    _in_one_loop,
    a_batch,
    api,
    mme,
    node,
    opening_key,
)
from tests.unit.business.world import iccid
from wispgate.business.operators import scope as scopes
from wispgate.business.staff import services as staff
from wispgate.simulator.diameter import DiameterClient
from wispgate.simulator.usim import Authenticated, Usim

__all__ = ["_in_one_loop", "api", "mme", "node", "opening_key"]

LOST, FOUND, THIRD = ("00101000000000" + digit for digit in "123")
NUMBER = "15550100001"


async def test_a_lost_phones_line_goes_on_with_another_card(
    api: Api, mme: DiameterClient, clock: TravellingClock
) -> None:
    subscriber, line, keys = a_line_with_money(api)
    # The operator's guards: a second person, and a day in which nothing else moves.
    boss = Api(another_token(clock, "boss"))
    _put(boss, "approval-rules/sim.swap", is_on=True)
    _put(boss, "sims/swap-policy", cool_off_hours=24)
    held = api.get(f"subscribers/{subscriber}/balances")["items"]
    online = [await air(mme, LOST), await ulr(mme, LOST)]

    api.post(f"subscriptions/{line}/suspend", reason="lost_sim")
    stolen = [await air(mme, LOST), await ulr(mme, LOST)]
    asked = api.post(f"subscriptions/{line}/swap-sim", expected=202, iccid=iccid(2))
    own = api.post(f"approvals/{_id(asked)}/approve", expected=403)
    approved = boss.post(f"approvals/{_id(asked)}/approve")
    still_off = await air(mme, FOUND)
    api.post(f"subscriptions/{line}/resume", reason="lost_sim")
    gone, back = await air(mme, LOST), await air(mme, FOUND)
    thief = [
        api.post(f"subscriptions/{line}/swap-sim", expected=409, iccid=iccid(3)),
        api.post(f"subscriptions/{line}/msisdn", expected=409, msisdn=None),
        api.post(f"numbers/{NUMBER}/port-out", expected=404),
    ]
    clock.advance(hours=24)
    later = api.post(f"subscriptions/{line}/swap-sim", expected=202, iccid=iccid(3))

    assert [result_of(answer) for answer in online] == [2001, 2001]
    assert [result_of(answer) for answer in stolen] == [5420, 5420]
    assert own["code"] == "own_request"
    assert approved["state"] == "done"
    assert result_of(still_off) == 5420
    assert result_of(gone) == 5001
    ((rand, xres, autn, _),) = vectors_of(back)
    outcome = Usim(FOUND, *keys[FOUND]).authenticate(rand, autn, PLMN)
    assert isinstance(outcome, Authenticated)
    assert outcome.res == xres
    shown = api.get(f"subscriptions/{line}")
    assert (shown["msisdn"], shown["state"]) == (NUMBER, "active")
    assert api.get(f"sims/{iccid(1)}")["state"] == "retired"
    after = api.get(f"subscribers/{subscriber}/balances")["items"]
    assert after == held
    assert sum(Decimal(one["remaining"]) for one in after if one["unit"] == "money") == 15
    assert [refusal["code"] for refusal in thief[:2]] == ["swap_cool_off"] * 2
    assert "another swap is held back until" in thief[0]["detail"]
    assert _id(later) != _id(asked)


def a_line_with_money(api: Api) -> tuple[str, str, dict[str, tuple[bytes, bytes]]]:
    """A subscriber, an active line with 15 EUR and bought data, and the keys of three cards."""
    keys = {
        imsi: (secrets.token_bytes(16), secrets.token_bytes(16)) for imsi in (LOST, FOUND, THIRD)
    }
    cards = [(iccid(n), imsi, *keys[imsi]) for n, imsi in enumerate(keys, start=1)]
    api.upload("sims/import?name=batch", a_batch(*cards))
    subscriber = api.post("subscribers", name="Ada Lovelace")["id"]
    line = api.post("subscriptions", subscriber_id=subscriber)["id"]
    api.post(f"subscriptions/{line}/msisdn", msisdn=NUMBER)
    api.post(f"subscriptions/{line}/assign-sim", iccid=iccid(1))
    api.post(f"subscriptions/{line}/activate")
    api.post(f"subscribers/{subscriber}/top-up", amount="20")
    api.post(f"subscriptions/{line}/top-up", octets=10**9, price="5")
    return subscriber, line, keys


def another_token(clock: TravellingClock, name: str) -> str:
    with scopes.within(scopes.Scope(now=clock.now(), is_platform=True)):
        return staff.create_token(role="admin", name=name, operator="op")


def _id(asked: Any) -> str:
    return str(asked.get("approval", asked)["id"])


def _put(api: Api, path: str, **body: Any) -> None:
    answer = api._client.put(f"/api/v1/{path}", data=body, content_type="application/json")
    assert answer.status_code == 200, answer.content
