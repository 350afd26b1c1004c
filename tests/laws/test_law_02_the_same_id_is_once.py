"""Law 2: the same webhook id twice is once."""

import threading

from backroom.ingress.tables import webhook_delivery
from tests.house import House, make_shop
from tests.laws.specimen import Specimen, State
from tests.laws.specimens import event


def test_the_same_webhook_id_again_is_counted_and_changes_nothing(house: House, specimen: Specimen) -> None:
    first = event(specimen, specimen.whole(State(1, 0, look=1)), "same")
    again = event(specimen, specimen.whole(State(1, 5, look=2)), "same")

    assert first.deliver(house) is True
    house.settle()
    before = specimen.active_rows(house)
    assert again.deliver(house) is False
    assert again.deliver(house) is False
    house.settle()

    (delivery,) = house.deliveries()
    assert delivery["duplicates"] == 2
    assert bytes(delivery["body"]) == first.body
    assert specimen.active_rows(house) == before


def test_the_same_webhook_id_from_many_senders_at_once_is_stored_once(
    house: House, specimen: Specimen
) -> None:
    sent = event(specimen, specimen.whole(State(1, 0)), "same")
    answers: list[bool] = []
    threads = [threading.Thread(target=lambda: answers.append(sent.deliver(house))) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(answers) == [False] * 11 + [True]
    assert [row["duplicates"] for row in house.deliveries()] == [11]


def test_two_shops_may_use_the_same_webhook_id(house: House, specimen: Specimen) -> None:
    other = make_shop(house.database, "two.myshopify.com")
    sent = event(specimen, specimen.whole(State(1, 0)), "same")

    assert sent.deliver(house) is True
    assert house.deliver(sent.topic, sent.body, webhook_id="same", shop_id=other) is True
    assert len(house.rows(webhook_delivery)) == 2
