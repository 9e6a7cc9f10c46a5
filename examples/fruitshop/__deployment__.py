"""A fruit shop: orders come in, stock is taken, labels are printed."""

from shop import print_labels, receive_orders, take_stock

__all__ = ["print_labels", "receive_orders", "take_stock"]
