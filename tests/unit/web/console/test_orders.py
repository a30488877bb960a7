"""What needs to be filled in and is shown before it is done: data, money, plan, SIM, number, end."""

from decimal import Decimal
from uuid import UUID

from django.test import Client

from tests.unit.web.console.conftest import logged_in, text_of
from tests.unit.web.console.world import Seat, World
from wispgate.business.audit import queries as audit
from wispgate.business.balances import queries as balances
from wispgate.business.balances.ledger import Account
from wispgate.business.crm import queries as crm
from wispgate.business.operators import scope as scopes
from wispgate.business.subscriptions import queries as subscriptions


def a_line(world: World, seat: Seat, *, paid: str = "25.00") -> UUID:
    [card] = world.cards(seat, 1)
    line_id = world.an_active_line(seat, card, name="Ana Silva", msisdn="46701000001")
    world.a_plan(seat)
    world.bought(seat, line_id, paid=paid)
    return line_id


def holdings(world: World, seat: Seat, line_id: UUID) -> dict[str, Decimal]:
    """What the account has left, by the names of its buckets."""
    with scopes.within(world.tenant(seat)):
        line = subscriptions.get_subscription(line_id)
        place = crm.account_of(line.subscriber_id)
        rows = balances.list_balances(Account(seat.operator_id, place.account_id, place.partition))
    return {row.name: row.remaining for row in rows}


def form_of(answer) -> dict[str, str]:  # type: ignore[no-untyped-def]
    """The fields of the second step, as the browser sends them back."""
    context = answer.context
    return {field.name: field.value for field in context["fields"]} | {"key": context["key"]}


def test_a_data_top_up_shows_network_money_and_messages_first(
    world: World, alpha: Seat, admin: Client
):
    line_id = a_line(world, alpha)

    page = text_of(admin.get(f"/lines/{line_id}/top_up_data/?data=5+GB&days=30&price=4.00"))

    assert "The line has 5 GB more, for 30 days, used after its plan's data." in page
    assert "4.00 EUR are taken from the wallet: 15.00 EUR becomes 11.00 EUR." in page
    told = "A message to Ana Silva is written: “Your line 46701000001 got 5 GB of data.”"
    assert told in page
    assert "Top up 5 GB for 4.00 EUR" in page
    assert holdings(world, alpha, line_id)["Wallet"] == 15


def test_a_data_top_up_is_sold_once_however_often_it_is_sent(
    world: World, alpha: Seat, admin: Client
):
    line_id = a_line(world, alpha)
    address = f"/lines/{line_id}/top_up_data/"
    given = form_of(admin.get(f"{address}?data=5+GB&days=30&price=4.00"))

    answers = [admin.post(address, given) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [302, 302]
    held = holdings(world, alpha, line_id)
    assert (held["Wallet"], held["Data top-up"]) == (11, 5_000_000_000)


def test_what_the_wallet_cannot_pay_is_offered_no_button(world: World, alpha: Seat, admin: Client):
    line_id = a_line(world, alpha)

    page = text_of(admin.get(f"/lines/{line_id}/top_up_data/?data=5+GB&days=30&price=99"))

    assert "The wallet has 15.00 EUR, and this costs 99.00 EUR." in page
    assert "Top up the wallet first" in page
    assert "Top up 5 GB for" not in page


def test_what_was_typed_wrong_is_told_at_its_field(world: World, alpha: Seat, admin: Client):
    line_id = a_line(world, alpha)

    answer = admin.get(f"/lines/{line_id}/top_up_data/?data=much&days=0&price=x")

    errors = {field.name: field.error for field in answer.context["fields"]}
    assert all(errors.values())
    assert errors["days"] == "a whole number, one at least"
    assert answer.context["prepared"] is None
    assert 'value="much"' in answer.content.decode()


def test_a_refused_order_changes_nothing_and_is_in_the_audit(
    world: World, alpha: Seat, admin: Client
):
    line_id = a_line(world, alpha)

    given = {"data": "5 GB", "days": "30", "price": "99", "key": "k", "note": "angry"}
    answer = admin.post(f"/lines/{line_id}/top_up_data/", given)

    assert answer.status_code == 409
    assert "This was refused: the wallet has 15.00 EUR" in text_of(answer)
    assert "Data top-up" not in holdings(world, alpha, line_id)
    with scopes.within(world.tenant(alpha)):
        [newest] = audit.list_entries(object_id=str(line_id), limit=1)
    assert (newest.action, newest.actor) == ("refused", alpha.admin)


def test_a_change_of_plan_shows_speed_data_and_price(world: World, alpha: Seat, admin: Client):
    line_id = a_line(world, alpha)
    world.a_session(line_id)
    world.a_plan(alpha, "fast", price="14.00", speed_down_bps=100_000_000, data_octets=None)

    page = text_of(admin.get(f"/lines/{line_id}/change_plan/?plan=fast"))

    assert "50 Mbit/s down, 10 Mbit/s up becomes 100 Mbit/s down, 10 Mbit/s up." in page
    assert "1 open session learns of it by a push" in page
    assert "What is left of Gold, 40 GB, ends now." in page
    assert "14.00 EUR are taken from the wallet: 15.00 EUR becomes 1.00 EUR." in page
    assert "Change to Fast for 14.00 EUR" in page


def test_a_changed_plan_is_paid_and_begins(world: World, alpha: Seat, admin: Client):
    line_id = a_line(world, alpha)
    world.a_plan(alpha, "small", price="3.00", data_octets=1_000_000_000)

    answer = admin.post(f"/lines/{line_id}/change_plan/", {"plan": "small", "key": "once"})

    assert answer["Location"] == f"/lines/{line_id}/"
    held = holdings(world, alpha, line_id)
    assert held == {"Wallet": 12, "Small": 1_000_000_000}
    assert "Small, version 1" in text_of(admin.get(f"/lines/{line_id}/"))


def test_a_plan_that_is_not_sold_is_refused_in_words(world: World, alpha: Seat, admin: Client):
    line_id = a_line(world, alpha)
    world.a_draft(alpha, "later")

    answer = admin.get(f"/lines/{line_id}/change_plan/?plan=later")

    assert "This was refused: the plan later is draft." in text_of(answer)


def test_a_wallet_top_up_shows_before_and_after(world: World, alpha: Seat, admin: Client):
    line_id = a_line(world, alpha)
    address = f"/subscribers/{world.subscriber_of(alpha, line_id)}/top_up_wallet/"

    asked = admin.get(f"{address}?amount=10.00&way=cash")
    admin.post(address, form_of(asked))

    assert "The wallet: 15.00 EUR becomes 25.00 EUR. Paid by cash." in text_of(asked)
    assert holdings(world, alpha, line_id)["Wallet"] == 25


def test_odd_amounts_of_money_are_refused(world: World, alpha: Seat, admin: Client):
    line_id = a_line(world, alpha)
    address = f"/subscribers/{world.subscriber_of(alpha, line_id)}/top_up_wallet/"
    odd = ("", "-1", "0", "1.005", "1e400", "NaN", "ten")

    answers = [admin.post(address, {"amount": text, "way": "cash", "key": "k"}) for text in odd]

    assert {answer.status_code for answer in answers} == {409}
    assert holdings(world, alpha, line_id)["Wallet"] == 15


def test_the_story_of_an_activation_can_be_clicked(world: World, alpha: Seat, admin: Client):
    [card] = world.cards(alpha, 1)
    line_id = world.a_line_without_card(alpha, name="Ana")
    steps = (
        ("assign_sim", {"iccid": card}),
        ("set_number", {"msisdn": "46701000009"}),
        ("activate", {}),
    )

    for name, given in steps:
        assert admin.post(f"/lines/{line_id}/{name}/", given)["Location"] == f"/lines/{line_id}/"

    page = text_of(admin.get("/lines/46701000009/"))
    assert "active" in page
    assert card in page


def test_the_end_of_a_line_says_what_becomes_of_card_and_number(
    world: World, alpha: Seat, admin: Client
):
    line_id = a_line(world, alpha)

    asked = text_of(admin.get(f"/lines/{line_id}/terminate/"))
    admin.post(f"/lines/{line_id}/terminate/", {"note": "moved away"})

    assert "is retired; the HSS forgets IMSI" in asked
    assert "The number 46701000001 is released." in asked
    assert "Terminate 1 line" in asked
    assert world.state_of(alpha, line_id) == "terminated"
    assert "moved away" in text_of(admin.get(f"/lines/{line_id}/"))


def test_a_number_in_use_is_refused(world: World, alpha: Seat, admin: Client):
    a_line(world, alpha)
    other = world.a_line_without_card(alpha, name="Bo")

    answer = admin.post(f"/lines/{other}/set_number/", {"msisdn": "46701000001"})

    assert answer.status_code == 409
    assert "46701000001 is in use" in text_of(answer)


def test_a_viewer_can_order_nothing(world: World, alpha: Seat, viewer: Client):
    line_id = a_line(world, alpha)
    subscriber_id = world.subscriber_of(alpha, line_id)
    paths = [
        f"/lines/{line_id}/{name}/"
        for name in ("top_up_data", "change_plan", "set_number", "terminate", "suspend")
    ]
    paths += [f"/subscribers/{subscriber_id}/top_up_wallet/", "/plans/gold/retire/"]
    paths += [f"/subscribers/{subscriber_id}/new-line/", "/subscribers/new/", "/plans/_new/"]

    codes = {viewer.post(path, {"key": "k"}).status_code for path in paths}

    assert codes == {403}
    assert world.state_of(alpha, line_id) == "active"


def test_another_operator_finds_nothing_to_order(world: World, alpha: Seat):
    line_id = a_line(world, alpha)
    beta = world.an_operator("beta", name="Beta", range_="001012")
    client = logged_in(beta.admin)
    session_id = world.a_session(line_id)
    paths = [f"/lines/{line_id}/", f"/lines/{line_id}/top_up_data/", f"/sessions/{session_id}/"]
    paths += [f"/subscribers/{world.subscriber_of(alpha, line_id)}/top_up_wallet/", "/plans/gold/"]

    codes = {client.get(path).status_code for path in paths}

    assert codes == {404}
