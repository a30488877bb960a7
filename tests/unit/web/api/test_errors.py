"""One table says what every error is in HTTP."""

import importlib
import pkgutil

import wispgate
from wispgate.kernel.errors import WispgateError
from wispgate.web.api import errors


def import_everything() -> None:
    """A subclass exists only after its module is imported."""
    for layer in ("business", "domain", "kernel", "web"):
        package = importlib.import_module(f"wispgate.{layer}")
        for module in pkgutil.walk_packages(package.__path__, f"wispgate.{layer}."):
            if module.name.endswith("errors") or ".domain." in module.name:
                importlib.import_module(module.name)


def kinds_of(kind: type[WispgateError]) -> set[type[WispgateError]]:
    children = set(kind.__subclasses__())
    return children.union(*(kinds_of(child) for child in children)) if children else children


def test_every_error_of_the_product_has_a_status() -> None:
    import_everything()

    # Errors of the wire and the network side never come here; a test before may have imported them.
    elsewhere = tuple(f"wispgate.{layer}." for layer in ("wire", "network", "simulator", "store"))
    kinds = {k for k in kinds_of(WispgateError) if not k.__module__.startswith(elsewhere)}

    assert len(kinds) > 25
    assert wispgate.__name__ in {kind.__module__.split(".")[0] for kind in kinds}
    assert [kind.__name__ for kind in kinds if errors.status_of(kind) is None] == []


def test_an_error_without_a_kind_is_found_out() -> None:
    class Stray(WispgateError):
        code = "stray"

    assert errors.status_of(Stray) is None
    assert errors.status_of(WispgateError) is None
