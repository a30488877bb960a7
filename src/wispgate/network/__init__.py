"""The network side: Diameter functions on one node, without Django."""
