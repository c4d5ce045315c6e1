"""Where tests find what they test, as whom it runs, and how long they wait at the most."""
import os

TOOLS = os.path.dirname(os.path.abspath(__file__))
TREE = os.path.dirname(os.path.dirname(TOOLS))
BIN = os.path.abspath(os.environ.get("CERTGATE_TEST_BIN") or
                      os.path.join(TREE, "build", os.environ.get("MODE", "release"), "bin"))
ROOT = os.geteuid() == 0
WEB_USER = "www-data"
# A command that is not done by then hangs, however large the store and busy the machine.
HANG_S = 600
# The web server of sites that do not name one: the gate's tests run against each that can carry them.
SERVER = os.environ.get("CERTGATE_SERVER", "apache")
# An ordinary user of Debian does not have the folder of web servers there.
os.environ["PATH"] += ":/usr/sbin:/sbin"
# Not the configuration file of the host that the tests run on.
os.environ.setdefault("CERTGATE_CONFIG", "")
# The longest that anything may take to come up.  Not a pause: each wait ends when it has happened.
DEADLINE_S = float(os.environ.get("CERTGATE_TEST_DEADLINE", "120"))
