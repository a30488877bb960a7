"""By what names the demo is known: its operator, its network, its folder."""

from typing import Final

OPERATOR: Final = "demo"
CORE: Final = "demo-core"
REALM: Final = "demo.wispgate.localdomain"
MME: Final = f"mme.{REALM}"
SMF: Final = f"smf.{REALM}"
# In the data folder.
FOLDER: Final = "demo"
