#!/usr/bin/python3
"""The configuration file: what it sets holds; what is wrong in it is named with its line, and nothing
starts."""
import os
import pwd
import re
import shutil
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from environment import ROOT, TREE, WEB_USER  # noqa: E402
from processes import wait_until  # noqa: E402
from tap import case, done_testing, is_eq, like, ok, unlike  # noqa: E402
from website import Site  # noqa: E402

with Site() as site:
    path = site.folder + "/certgate.conf"

    def write(text, mode=0o644, owner=0):
        if os.path.exists(path):
            os.unlink(path)
        with open(path, "w", encoding="utf-8") as out:
            out.write(text)
        os.chmod(path, mode)
        if ROOT:
            os.chown(path, owner, -1)

    def run(program, *args, env=None):
        env = {**os.environ, "CERTGATE_CONFIG": path, **(env or {})}
        as_user = ["setpriv", "--reuid", WEB_USER, "--regid", WEB_USER, "--clear-groups"] \
            if ROOT and program != "certgate" else []
        return subprocess.run([*as_user, f"{site.bin}/{program}", *args], env=env, text=True,
                              stdin=subprocess.DEVNULL, capture_output=True, check=False)

    with case("the data folder"):
        write(f'# a comment\ndata_folder = "{site.home}"\n')
        done = run("certgate", "user", "list")
        is_eq((done.returncode, done.stderr), (0, ""), "from the file")
        like(done.stdout, "admin", "it is that one")
        done = run("certgate", "user", "list", env={"CERTGATE_HOME": site.folder + "/nowhere"})
        like(done.stderr, "nowhere", "the environment goes before the file")
        done = run("certgate", "--home", site.home, "user", "list",
                   env={"CERTGATE_HOME": site.folder + "/nowhere"})
        is_eq(done.returncode, 0, "--home before both")
        write("")
        done = run("certgate", "user", "list")
        like(done.stderr, "data_folder", "none anywhere: the line to write is told")
        is_eq(done.returncode, 1, "and nothing is done")

    with case("what is wrong is named with its line"):
        good = f'data_folder = "{site.home}"\n'
        with open(TREE + "/apache-conf/etc/certgate.conf", encoding="utf-8") as file:
            example = file.read()
        for name, text, pattern in (
                ("a name that nobody knows", good + '\nmetrics_alow = "::1"\n', r"line 3: .*metrics_alow[^ ]*\. Lines are .* the names are data_folder, upstream_allow"),
                ("below comments", "# one\n\n# two\n#three\n" + good + "  # four\nmetrics_alow = \"::1\"\n", "line 7: .*metrics_alow"),
                ("below the example", example + "metrics_alow = \"::1\"\n", f"line {len(example.splitlines()) + 1}: .*metrics_alow"),
                ("behind a comment", good + "# c\naccess_log = \"log\" # why\n", "line 3: access_log takes"),
                ("a NUL", good + "#\0\ndata_folder = \"/x\"\n", "line 2: a NUL byte"),
                ("no value", good + "access_log =\n", r"line [23]: .*Lines are NAME = \"VALUE\""),
                ("no quote at the end", good + 'access_log = "syslog\n', "line [23]: .*Lines are NAME"),
                ("what is no line", good + "{}\n", "line 2: .*Lines are NAME"),
                ("a section", good + "api { }\n", "line 2: .*Lines are NAME"),
                ("an include", good + 'include("/etc/passwd")\n', "line 2: .*Lines are NAME"),
                ("twice", good + good, "line 2: data_folder is there twice"),
                ("a relative folder", 'data_folder = "home"\n', "line 1: data_folder takes the whole path"),
                ("an address", good + 'metrics_allow = "::1, somewhere"\n', "line 2: metrics_allow takes addresses and CIDR.*not “::1, somewhere”"),
                ("an empty list", good + 'upstream_allow = ", "\n', "line 2: upstream_allow takes"),
                ("a list that is too long", good + f'upstream_deny = "{"::1," * 65}"\n', "line 2: upstream_deny takes"),
                ("a prefix of no translator", good + 'nat64_prefixes = "64:ff9b:1::/80"\n', "line 2: nat64_prefixes takes"),
                ("one of IPv4", good + 'nat64_prefixes = "64:ff9b:1::/96, 10.0.0.0/8"\n', "line 2: nat64_prefixes takes"),
                ("a relative log", good + 'access_log = "log"\n', "line 2: access_log takes “syslog” or the whole path"),
                ("days that fall", good + 'usage_keep = "9,2,1"\n', "line 2: usage_keep takes the days"),
                ("a policy of none", good + 'gate_scheduling = "fifo"\n', "line 2: gate_scheduling takes “batch” or “other”"),
                ("a value without end", good + f'access_log = "/{"x" * 5000}"\n', "line 2: access_log takes"),
                ("controls", good + '"\x1b[31m" = "x"\n', "line 2: ")):
            write(text)
            done = run("certgate", "user", "list")
            like(done.stderr, re.escape(path) + ", " + pattern, name)
            unlike(done.stderr, "\x1b", name + ": what is shown is safe")
            is_eq((done.returncode, done.stdout), (1, ""), name + ": refused")

    with case("no program starts"):
        write('nonsense = "1"\n')
        cgi = {"GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "GET", "REQUEST_URI": "/portal/whoami",
               "SERVER_PROTOCOL": "HTTP/1.1", "CERTGATE_HOME": site.home}
        for program in ("gate", "admin", "portal"):
            done = run(program, env=cgi)
            like(done.stderr, "start_failed .*line 1: ", f"{program} says why")
            is_eq(done.returncode, 1, f"{program} ends")
            like(done.stdout, "Status: 503", f"{program} lets nobody in")
        as_user = ("--user", WEB_USER) if ROOT else ()
        done = run("certgate", "--home", site.home, "supervise", "--sockets", site.folder, *as_user)
        like(done.stderr, "line 1: ", "supervise says why")
        is_eq(done.returncode, 1, "supervise ends")

    with case("whose file it is"):
        for mode in (0o666, 0o664):
            write(f'data_folder = "{site.home}"\n', mode)
            done = run("certgate", "user", "list")
            like(done.stderr, r"can be written by others than root: run `chown root: .* && chmod 644", f"mode {mode:o}")
            is_eq(done.returncode, 1, f"mode {mode:o}: refused")
        if ROOT:
            write(f'data_folder = "{site.home}"\n', owner=pwd.getpwnam("nobody").pw_uid)
            like(run("certgate", "user", "list").stderr, "can be written by others than root", "another user's")
        done = run("certgate", "user", "list", env={"CERTGATE_CONFIG": site.folder})
        like(done.stderr, "is not a file", "a folder")
        done = run("certgate", "user", "list", env={"CERTGATE_CONFIG": site.folder + "/away"})
        like(done.stderr, "away cannot be read: No such file", "one that is named must be there")

    def policies():
        """proc(5), stat, (41): of all threads of the gates."""
        found = set()
        for pid in site.pids("gate"):
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/stat", encoding="utf-8") as text:
                    found.add(int(text.read().rpartition(")")[2].split()[38]))
        return found

    with case("settings hold"):
        is_eq(policies(), {os.SCHED_BATCH}, "without a setting the gate pushes nobody off")
        log = site.logs + "/access.log"
        with open(log, "w", encoding="ascii"):
            pass
        if ROOT:
            shutil.chown(log, WEB_USER)
        write(f'metrics_allow = "127.0.0.1"\naccess_log = "{log}"\nupstream_deny = "127.0.0.0/8"\n'
              'gate_scheduling = "other"\n')
        api = site.make_api("open", auth={"keyless": True}, listen_path="/open/")
        is_eq(site.curl("/metrics").status, 404, "before: no metrics")
        is_eq(site.curl("/open/x").status, 200, "and the upstream is called")
        site.stop_programs()
        site.start_programs(env={**os.environ, "CERTGATE_CONFIG": path})
        site.wait_ready()
        is_eq(site.curl("/metrics").status, 200, "metrics_allow")
        is_eq(policies(), {os.sched_getscheduler(0)}, "gate_scheduling")
        is_eq(site.curl("/open/x").status, 502, "upstream_deny")
        wait_until(lambda: os.path.getsize(log) > 0, "a line in the access log")
        ok(True, "access_log")
done_testing()
