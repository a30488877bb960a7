"""How an operator's brand is drawn: shades that can be read, pictures that are harmless."""
