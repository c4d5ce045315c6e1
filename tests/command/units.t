#!/usr/bin/python3
"""The systemd units under a systemd: set up by hand as README says, in a root of its own, behind its Apache.

The root is the host's own, seen through an overlay that takes all changes; of the host's units none is
started.  Processes, mounts, network and control groups are in namespaces of their own, and end with this
test.  Where those cannot be had, it is skipped: tests/command/package.t does by hand what the units say."""
import atexit
import os
import re
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from environment import BIN, DEADLINE_S, ROOT, TREE  # noqa: E402
from processes import wait_until  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok, skip, unlike  # noqa: E402

NAMESPACES = ["--mount", "--pid", "--net", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child"]
SYSTEMD = "/lib/systemd/systemd"
WHAT = "units under a systemd"
SHARE = "/usr/local/share/certgate"
ENV = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", "HOME": "/root"}
# The overlay becomes the root, as far as systemd wants it (https://systemd.io/CONTAINER_INTERFACE).
BOOT = r"""
set -e
root=$1
ip link set lo up
mount --make-rprivate /
mount -t tmpfs tmpfs "$2"
mkdir "$2/upper" "$2/work"
mount -t overlay overlay -o "lowerdir=/,upperdir=$2/upper,workdir=$2/work" "$root"
mount -t proc proc "$root/proc"
mount -t sysfs sysfs "$root/sys"
mount -t cgroup2 cgroup2 "$root/sys/fs/cgroup"
mount -t tmpfs -o mode=755 tmpfs "$root/dev"
for node in null zero full random urandom tty; do
    touch "$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
done
mkdir "$root/dev/shm" "$root/dev/pts"
mount -t devpts -o newinstance,ptmxmode=0666 devpts "$root/dev/pts"
ln -s pts/ptmx "$root/dev/ptmx"
ln -s /proc/self/fd "$root/dev/fd"
mount -t tmpfs -o mode=1777 tmpfs "$root/dev/shm"
mount -t tmpfs -o mode=755 tmpfs "$root/run"
mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"
# None of the host's.
rm -rf "$root"/lib/systemd/system/*.wants "$root"/etc/systemd/system/* "$root"/lib/systemd/system-generators
rm -rf "$root"/etc/certgate "$root"/var/lib/certgate "$root"/usr/lib/certgate "$root"/usr/local/share/certgate
: >"$root/etc/fstab"
cp -R "$3" "$root/tmp/given"
mkdir "$root/tmp/old"
cd "$root"
pivot_root . tmp/old
umount -l /tmp/old
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
    /lib/systemd/systemd --unit=basic.target --log-target=journal --show-status=0 >/dev/null 2>&1 </dev/null
"""


def sh(*command, **kwargs):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, check=False, **kwargs)


def not_here(why):
    skip(WHAT, why)
    done_testing()


def own_cgroup():
    """A group below this process's in the second hierarchy, None where there is none to be had."""
    where = re.search(r"^0::(.*)$", open("/proc/self/cgroup", encoding="ascii").read(), re.M)
    mounts = re.findall(r"^cgroup2? (\S+) cgroup2 ", open("/proc/mounts", encoding="utf-8").read(), re.M) or \
        re.findall(r"^\S+ (\S+) cgroup2 ", open("/proc/mounts", encoding="utf-8").read(), re.M)
    if not where or not mounts:
        return None
    path = f"{mounts[0]}{where.group(1).rstrip('/')}/certgate-test.{os.getpid()}"
    try:
        os.mkdir(path)
    except OSError:
        return None
    return path


def remove_cgroup(path):
    """When its processes are gone."""
    def gone():
        for folder, _, _ in os.walk(path, topdown=False):
            try:
                os.rmdir(folder)
            except OSError:
                return False
        return True

    wait_until(gone, "the end of its processes")


if os.environ.get("MODE", "release") != "release":
    not_here("sanitizers want what the units forbid")
if not ROOT or not os.path.exists(SYSTEMD) or not shutil.which("systemctl"):
    not_here("it takes root and a systemd that is installed")
if sh("unshare", *NAMESPACES, "sh", "-c", "ip link set lo up && mount --make-rprivate / && mount -t tmpfs t /mnt && "
      "mkdir /mnt/u /mnt/w /mnt/r && mount -t overlay o -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w /mnt/r && "
      "mount -t sysfs s /mnt/r/sys && mount -t cgroup2 c /mnt/r/sys/fs/cgroup && mount -t proc p /mnt/r/proc").returncode != 0:
    not_here("there are no namespaces, no overlay or no second version of control groups")
CGROUP = own_cgroup()
if not CGROUP:
    not_here("no control group can be made")

folder = tempfile.mkdtemp(prefix="cgu.", dir="/tmp")
atexit.register(shutil.rmtree, folder, True)
for name in ("root", "overlay", "given"):
    os.mkdir(f"{folder}/{name}")
shutil.copytree(BIN, folder + "/given/cgi-bin", ignore=shutil.ignore_patterns("*.gcda"))
shutil.copytree(TREE + "/apache-conf", folder + "/given/apache-conf")


def enter():
    with open(CGROUP + "/cgroup.procs", "w", encoding="ascii") as procs:
        procs.write(str(os.getpid()))


def children(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as text:
        return text.read().split()


try:
    boot = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", "unshare", *NAMESPACES, "sh", "-c", BOOT, "boot",
                             folder + "/root", folder + "/overlay", folder + "/given"], preexec_fn=enter,
                            stdin=subprocess.DEVNULL)
except (OSError, subprocess.SubprocessError):
    os.rmdir(CGROUP)
    not_here("no process can be put into a control group")


def end():
    boot.kill()
    boot.wait(DEADLINE_S)
    remove_cgroup(CGROUP)


atexit.register(end)


def init():
    """systemd's process, once it is that."""
    for pid in children(boot.pid):
        try:
            if os.readlink(f"/proc/{pid}/exe").endswith("/systemd"):
                return pid
        except FileNotFoundError:
            pass
    if boot.poll() is not None:
        raise RuntimeError("it did not start")
    return None


try:
    INIT = wait_until(init, "systemd")
except (RuntimeError, TimeoutError) as fault:
    not_here(f"systemd does not come up here: {fault}")


def inside(*command, **env):
    return sh("nsenter", "-t", INIT, "-m", "-p", "-n", "-u", "-i", "-C", "-r", "-w", "--", *command, env={**ENV, **env})


def script(name, text):
    done = inside("bash", "-ec", text)
    ok(done.returncode == 0, name) or diag(done.stdout[-3000:], inside("journalctl", "--no-pager", "-n", "30").stdout)
    return done.stdout


def active(unit):
    return inside("systemctl", "is-active", unit).stdout.strip()


def processes(unit):
    """Of those of the unit: name and what /proc tells of its status."""
    found = []
    for pid in inside("cat", f"/sys/fs/cgroup/system.slice/{unit}/cgroup.procs").stdout.split():
        status = dict(re.findall(r"^(\w+):\s*(.*)$", inside("cat", f"/proc/{pid}/status").stdout, re.M), pid=pid)
        if "Name" in status:  # else it has ended
            found.append(status)
    return found


def call(path, *args):
    """Status and body."""
    done = inside("curl", "-sk", "--max-time", "40", "-w", "\n%{http_code}", *args, "https://localhost" + path).stdout
    body, _, status = done.rpartition("\n")
    return int(status or 0), body


try:
    wait_until(lambda: active("basic.target") == "active", "basic.target")
except TimeoutError:
    not_here("systemd does not come up here")
# Of what the units ask for, the most demanding.
if inside("bash", "-ec", """
        cat >/etc/systemd/system/probe.service <<'X'
[Service]
Type=oneshot
ExecStart=/bin/true
User=nobody
PrivateUsers=yes
PrivateDevices=yes
ProtectSystem=strict
ProtectProc=invisible
SystemCallFilter=@system-service
X
        systemctl start systemd-journald.service probe.service""").returncode != 0:
    not_here("a unit cannot have a sandbox here")

with case("by hand"):
    script("what make install does", f"""
        mkdir -p /usr/lib/certgate {SHARE}/empty
        cp -R /tmp/given/cgi-bin /usr/lib/certgate/
        cp -R /tmp/given/apache-conf {SHARE}/
        ln -s /usr/lib/certgate/cgi-bin/certgate /usr/local/bin/certgate
        getent passwd certgate >/dev/null && deluser --quiet certgate || true""")
    with open(TREE + "/README.md", encoding="utf-8") as readme:
        block = re.search(r"\*\*By hand\*\*.*?\n\n((?:    [^\n]*\n)+)", readme.read(), re.S).group(1)
    script("what README says", block)
    # What no program needs ends it, in place of an error that it may not notice.
    script("what is forbidden ends a program", """
        mkdir -p /etc/systemd/system/certgate.service.d
        printf '[Service]\\nSystemCallErrorNumber=kill\\n' >/etc/systemd/system/certgate.service.d/kill.conf
        systemctl daemon-reload
        systemctl restart certgate""")
    is_eq([active(u) for u in ("certgate.service", "certgate.socket")], ["active"] * 2, "service and sockets are active")
if active("certgate.service") != "active":
    done_testing()

with case("what the processes may"):
    wanted = ["admin", "admin", "certgate", "gate", "portal", "portal"]
    # The service is active before each of them has become its program.
    found = wait_until(lambda: [f for f in [processes("certgate.service")]
                                if sorted(p["Name"] for p in f) == wanted], "its processes")[0]
    uid = inside("id", "-u", "certgate").stdout.strip()
    is_eq({p["Uid"] for p in found}, {"\t".join([uid] * 4)}, "they are the user's")
    is_eq({(p["NoNewPrivs"], p["Seccomp"], int(p["CapEff"], 16), int(p["CapBnd"], 16)) for p in found}, {("1", "2", 0, 0)},
          "no new privileges, a filter of system calls, no capabilities")
    wait_until(lambda: active("certgate-mail.service") == "active", "certgate-mail.service")
    is_eq([(p["Name"], p["Uid"].split()[0], p["NoNewPrivs"]) for p in processes("certgate-mail.service")],
          [("certgate", uid, "0")], "the one that sends mails may start a program with rights of its own")

with case("the way of a request"):
    script("Apache", f"""
        mkdir -p /srv/test/upstream
        echo hello >/srv/test/upstream/hello
        rm -f /etc/apache2/sites-enabled/* /etc/apache2/conf-enabled/certgate*
        a2enmod -q ssl rewrite proxy_fcgi macro headers
        openssl req -x509 -newkey rsa:2048 -nodes -keyout /srv/test/key.pem -out /srv/test/cert.pem -days 30 -subj /CN=localhost 2>/dev/null
        cat >/etc/apache2/sites-enabled/site.conf <<'X'
        Include {SHARE}/apache-conf/certgate.conf
        Listen 127.0.0.1:8081
        Listen 127.0.0.1:8082
        <VirtualHost *:8081>
          ServerName localhost
          DocumentRoot /srv/test/upstream
          <Location />
            Require all granted
          </Location>
        </VirtualHost>
        <VirtualHost *:8082>
          ServerName localhost
          SSLEngine on
          SSLCertificateFile /srv/test/cert.pem
          SSLCertificateKeyFile /srv/test/key.pem
        </VirtualHost>
        <VirtualHost *:443>
          Use CertgateHost www
          Use CertgateAdmin www
          Use CertgatePortal www
          ServerName localhost
          SSLEngine on
          SSLCertificateFile /srv/test/cert.pem
          SSLCertificateKeyFile /srv/test/key.pem
          SSLVerifyClient optional_no_ca
        </VirtualHost>
X
        systemctl start apache2""")
    wait_until(lambda: call("/portal/whoami")[0] == 200, "Apache")
    script("APIs, a key", """
        for api in "plain http://localhost:8081/" "tls https://localhost:8082/"; do
            set -- $api
            certgate api create --name $1 --listen-path /$1/ --target-url $2 --use-certificate true --use-token false
        done
        certgate key create --name K --cert /srv/test/cert.pem --api plain --api tls""")
    shown = ("--cert", "/srv/test/cert.pem", "--key", "/srv/test/key.pem")
    is_eq(call("/plain/hello", *shown), (200, "hello\n"), "a call reaches its upstream")
    is_eq(call("/plain/hello")[0], 401, "one without a certificate does not")
    # Its certificate is known to nobody.
    like(call("/tls/hello", *shown)[1], '"upstream_tls"', "one over TLS goes as far as it should")
    is_eq(call("/admin/login")[0], 200, "the dashboard")

with case("mail"):
    # What Debian's mail servers are: a program with a group of its own, which writes to its own spool, and asks
    # for the host's addresses.
    script("a mail program", """
        cp /usr/bin/python3 /usr/local/bin/setgid-python
        chgrp mail /usr/local/bin/setgid-python
        chmod 2755 /usr/local/bin/setgid-python
        install -d -m 730 -g mail /var/spool/test-mail
        cat >/usr/local/sbin/test-sendmail <<'X'
#!/usr/local/bin/setgid-python -I
import socket, sys
socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
open("/var/spool/test-mail/" + sys.argv[-1], "wb").write(sys.stdin.buffer.read())
X
        chmod 755 /usr/local/sbin/test-sendmail
        echo 'mail_command = "/usr/local/sbin/test-sendmail"' >>/etc/certgate/certgate.conf
        certgate settings set --base-urls-portal https://localhost/portal --mail-from certgate@localhost.example
        systemctl restart certgate""")
    jar = ("-c", "/tmp/jar", "-b", "/tmp/jar")
    token = re.search(r'name="csrf_token" value="(\w+)"', call("/portal/join", *jar)[1]).group(1)
    status, body = call("/portal/join", *jar, "-H", "Origin: https://localhost", "--data-urlencode", f"csrf_token={token}",
                        "-d", "name=Jo&email=jo@partner.example&password=correct+horse+battery+9")
    is_eq(status, 200, "somebody joins") or diag(body)
    wait_until(lambda: inside("test", "-s", "/var/spool/test-mail/jo@partner.example").returncode == 0, "the mail")
    ok(True, "the mail is in its spool")

with case("a program that is killed"):
    gate = [p["pid"] for p in processes("certgate.service") if p["Name"] == "gate"]
    script("SIGKILL", "kill -KILL " + " ".join(gate))
    wait_until(lambda: [p["pid"] for p in processes("certgate.service") if p["Name"] == "gate" and p["pid"] not in gate],
               "its successor")
    is_eq(call("/plain/hello")[0], 401, "the next one answers")

with case("a restart"):
    before = inside("systemctl", "show", "-p", "ActiveEnterTimestampMonotonic", "certgate.socket").stdout
    script("systemctl restart", "systemctl restart certgate")
    is_eq(inside("systemctl", "show", "-p", "ActiveEnterTimestampMonotonic", "certgate.socket").stdout, before,
          "the sockets stay open")
    is_eq(call("/plain/hello")[0], 401, "it answers")

    # What waits in them outlives a restart: tests/command/supervise.t.
    wait_until(lambda: inside("systemctl", "show", "-p", "NFileDescriptorStore", "--value", "certgate").stdout == "3\n",
               "the queues of what is handed over")
    script("another", "systemctl restart certgate")
    is_eq(inside("systemctl", "show", "-p", "NFileDescriptorStore", "--value", "certgate").stdout, "3\n",
          "the queues of what is handed over are held, the same ones each time")
    is_eq(call("/plain/hello")[0], 401, "it answers")

with case("a reload"):
    def serving():
        return {p["pid"] for p in processes("certgate.service") if p["Name"] in ("gate", "admin", "portal")}

    wait_until(lambda: len(serving()) == 5, "the programs")
    before, main = serving(), inside("systemctl", "show", "-p", "MainPID", "--value", "certgate").stdout
    script("systemctl reload", "systemctl reload certgate")
    wait_until(lambda: len(serving()) == 5 and not before & serving(), "new programs in place of the old ones")
    is_eq(inside("systemctl", "show", "-p", "MainPID", "--value", "certgate").stdout, main, "of the same supervisor")
    is_eq(call("/plain/hello")[0], 401, "it answers")

with case("a configuration that means nothing, for a while"):
    script("a mistake", """
        cp /etc/certgate/certgate.conf /tmp/right.conf
        echo 'naem = "x"' >>/etc/certgate/certgate.conf
        systemctl restart certgate || true""")

    def restarts():
        return int(inside("systemctl", "show", "-p", "NRestarts", "--value", "certgate").stdout)

    wait_until(lambda: restarts() > 0, "another try")
    script("mended", "cp /tmp/right.conf /etc/certgate/certgate.conf")
    wait_until(lambda: active("certgate.service") == "active", "the one that succeeds")
    is_eq(active("certgate.socket"), "active", "the sockets were there all the time")
    is_eq(call("/plain/hello")[0], 401, "it answers")

with case("programs that cannot start, for a while"):
    script("the proof away", "mv /var/lib/certgate/keys/proof /tmp/proof")
    ok(inside("systemctl", "restart", "certgate").returncode != 0, "the restart fails")
    journal = inside("journalctl", "--no-pager", "-o", "cat", "-u", "certgate").stdout
    like(journal, r"(?m)^certgate: The program \w+ cannot start: .*keys/proof", "the journal says why")
    script("put back", "mv /tmp/proof /var/lib/certgate/keys/proof")
    wait_until(lambda: active("certgate.service") == "active", "the start that succeeds")
    is_eq(call("/plain/hello")[0], 401, "it answers")

with case("the end"):
    journal = inside("journalctl", "--no-pager", "-o", "cat", "-u", "certgate").stdout
    like(journal, "ready: ", "the journal has what they say")
    unlike(journal, 'by="signal 31"', "no program asked for what is forbidden")
    script("systemctl stop", "systemctl stop certgate.socket certgate.service")
    is_eq([active(u) for u in ("certgate.service", "certgate-mail.service", "certgate.socket")], ["inactive"] * 3,
          "all are stopped")
done_testing()
