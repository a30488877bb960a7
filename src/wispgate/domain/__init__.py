"""The rules of the product: pure decisions over values, without I/O, clock or randomness."""
