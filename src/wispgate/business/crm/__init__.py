"""Contacts, organizations and subscribers: who the customer is."""
