"""Requests that we send to addresses which people typed in: webhooks, login providers, gateways.

`client.session()` is the only door: it never connects to an address that only we could reach.
"""
