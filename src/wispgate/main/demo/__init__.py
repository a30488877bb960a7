"""The demo: an operator of its own, a core, cards, and later the phones that use them."""

from wispgate.main.demo.founding import ensure_demo

__all__ = ["ensure_demo"]
