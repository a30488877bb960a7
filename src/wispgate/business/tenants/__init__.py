"""Whole tenants: suspended, exported, removed; hosts and their MVNOs; allotments between them."""
