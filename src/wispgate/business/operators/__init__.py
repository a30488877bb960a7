"""Operators (tenants), the cores that serve them, their peers, and the scope of a transaction."""
