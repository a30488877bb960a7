"""What the node does, clause by clause of the specifications."""
