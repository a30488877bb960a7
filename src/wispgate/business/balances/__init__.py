"""Buckets and wallets: top-ups, purchases and adjustments as services over the one ledger."""
