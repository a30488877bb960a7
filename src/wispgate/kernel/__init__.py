"""Identifiers, money, units, errors and events: the words that every layer shares."""
