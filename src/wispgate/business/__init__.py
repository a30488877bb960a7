"""The business side: Django apps in the order of the architecture's picture."""
