"""Authentication of cards: algorithms, vectors, sequence numbers, sealed keys (TS 33.102)."""
