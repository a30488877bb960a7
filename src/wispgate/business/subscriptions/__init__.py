"""Sub-services: what a subscriber is delivered, its SIM, its state and its line in the network."""
