"""Plans: what can be bought, described once and compiled to what network and charging need."""
