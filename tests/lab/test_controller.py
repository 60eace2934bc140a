"""The controller on real packets: real switches, real sockets, Ryu and os-ken; each test in a sandbox of its own."""

import pytest

from herzschlag.controller import installed
from tests.support.controller.lab import inside
from tests.support.controller.scenes import SCENES

pytestmark = pytest.mark.packets


@pytest.mark.parametrize("framework", ["ryu", "os-ken"])
@pytest.mark.parametrize("scene", SCENES)
def test_controller(scene: str, framework: str) -> None:
    if framework not in [there.name for there in installed()]:
        pytest.skip(f"needs the Python package {framework}")
    status, said = inside("tests.support.controller.scenes", scene, framework)
    assert status == 0, f"{SCENES[scene].__doc__}\n{said}"
