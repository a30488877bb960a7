"""SIM stock: batches, cards, their sealed keys and their life cycle; numbers and their ranges."""
