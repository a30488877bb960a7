"""What the network enforces for a line, what it may do, and how a change reaches it."""
