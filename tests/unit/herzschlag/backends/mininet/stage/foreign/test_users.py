"""Users of a system, who are root in a host."""

from herzschlag.backends.mininet.stage.foreign.users import FILES, as_root

PASSWD = "root:x:0:0:root:/root:/bin/sh\nfrr:x:107:112:FRR:/nowhere:/bin/false\nfrri:x:108:113::/:/bin/sh\n"
GROUP = "frrvty:x:111:frr\nfrr:x:112:\n"


def test_the_named_ones_alone_have_number_0() -> None:
    changed = as_root(PASSWD, ("frr", "frrvty"), FILES["passwd"])
    assert changed == PASSWD.replace("107:112", "0:0")
    assert as_root(GROUP, ("frr", "frrvty"), FILES["group"]) == "frrvty:x:0:frr\nfrr:x:0:\n"
