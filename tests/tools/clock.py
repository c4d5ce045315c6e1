"""Programs whose clock shows another time (libfaketime)."""
import glob
import os


def faketime(clock):
    """The environment of such a program.  `clock`: the time at which it starts, in UTC; or how far it is
    off ("+3h"); or the path of a file whose text is the time, read anew each time somebody asks."""
    found = glob.glob("/usr/lib/*/faketime/libfaketimeMT.so.1")
    if not found:
        raise RuntimeError("there is no libfaketimeMT.so.1: install faketime")
    env = {name: value for name, value in os.environ.items() if "FAKETIME" not in name}
    env.update(LD_PRELOAD=found[0], TZ="UTC", FAKETIME_DONT_FAKE_MONOTONIC="1",
               ASAN_OPTIONS="verify_asan_link_order=0:detect_leaks=0")
    if clock.startswith("/"):
        env.update(FAKETIME_TIMESTAMP_FILE=clock, FAKETIME_NO_CACHE="1")
    else:
        env["FAKETIME"] = clock if clock[0] in "+-" else "@" + clock.rstrip("Z")
    return env
