"""Jobs of a fruit shop. They need nothing but dlt; the tour of `dlthub-tui demo` runs them."""

import os
import random
import time

import dlt.hub.run as run

FRUIT = ("apples", "cherries", "pears", "plums", "quinces")


@run.job(trigger="schedule:30 5 * * *")
def receive_orders() -> object:
    """Read the orders of the last day; somebody left a line in that prints the key."""
    key = os.environ["SHOP__API_KEY"]
    print("asking the shop for its orders")
    print(f"GET /orders  Authorization: Bearer {key}")
    orders = {fruit: random.randint(20, 400) for fruit in FRUIT}
    for fruit, kilograms in orders.items():
        print(f"{fruit:<10}{kilograms:>5} kg")
    return run.result({"kilograms": sum(orders.values())})


@run.job(trigger="schedule:0 4 * * *")
def take_stock() -> None:
    """Count every crate, one after the other."""
    for crate in range(1, 61):
        print(f"crate {crate} of 60: {random.randint(8, 25)} kg of {FRUIT[crate % len(FRUIT)]}", flush=True)
        time.sleep(0.5)
    print("all 60 crates counted", flush=True)


@run.job
def print_labels() -> None:
    """Fail on an order without a customer."""
    orders = [{"customer_id": 17, "fruit": "apples"}, {"customer_id": 4, "fruit": "plums"}, {"fruit": "pears"}]
    for order in orders:
        print(f"label for {order['fruit']}: customer {order['customer_id']}", flush=True)
