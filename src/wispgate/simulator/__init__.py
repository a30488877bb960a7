"""The other side of every interface: cards, phones and network nodes for demos, checks and tests."""
