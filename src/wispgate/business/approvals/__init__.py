"""Four eyes: acts that one person asks for and another one lets happen."""
