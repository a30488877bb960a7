"""Connections to peers: who may connect, one lease each, and requests brought to their function."""
