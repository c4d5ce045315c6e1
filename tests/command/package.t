#!/usr/bin/python3
"""The Debian package in a root of its own: installed, the quickstart through the system's Apache, upgraded,
removed, installed again, purged.

The root is the host's own, seen through an overlay that takes all changes; with CERTGATE_TEST_ROOT=clean it
is made by mmdebstrap, from nothing.  Network, processes and mounts are in namespaces of their own, and end
with this test.  There is no systemd in it: what the units say is done by hand
(tests/command/units.t has one)."""
import atexit
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from certificates import make_cert  # noqa: E402
from environment import DEADLINE_S, ROOT, TOOLS, TREE  # noqa: E402
from processes import wait_until  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok, skip, unlike  # noqa: E402

VERSION = re.search(r"^VERSION := (\S+)", open(TREE + "/Makefile", encoding="utf-8").read(), re.M).group(1)
DEB = f"{TREE}/build/deb/certgate_{VERSION}_" + \
    subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True,
                   check=True).stdout.strip() + ".deb"
UNITS, PACKAGING = TREE + "/apache-conf/systemd/", TREE + "/apache-conf/debian/"
BACK = os.environ.get("CERTGATE_PACKAGE_ROOT")


def host(*command, **kwargs):
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
                          **kwargs)


def outside():
    """Builds the package and goes into the namespaces."""
    if os.environ.get("CERTGATE_TEST_DEB") != "made":
        clean = {k: v for k, v in os.environ.items()
                 if k not in ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "MAKEOVERRIDES", "MODE")}
        made = host("make", "-C", TREE, "deb", env=clean)
        if made.returncode != 0:
            ok(False, "make deb") or diag(made.stdout[-3000:], made.stderr[-3000:])
            done_testing()
    if not ROOT or host("unshare", "--net", "--mount", "--pid", "--fork", "true").returncode != 0:
        skip("the package in a root of its own", "it takes root and namespaces")
        done_testing()
    folder = tempfile.mkdtemp(prefix="cgp.", dir="/tmp")
    atexit.register(shutil.rmtree, folder, True)
    if os.environ.get("CERTGATE_TEST_ROOT") == "clean":
        wanted = re.findall(r"(?:^|, )([a-z0-9.+-]+)", host("dpkg-deb", "-f", DEB, "Depends").stdout.strip())
        made = host("mmdebstrap", "--variant=minbase", "--mode=root", "--include=" + ",".join(
            sorted({*wanted, "apache2", "openssl", "curl", "logrotate", "procps", "ca-certificates"})),
            "bookworm", folder + "/root")
        if made.returncode != 0:
            raise RuntimeError(made.stderr[-2000:])
    done = subprocess.run(["setpriv", "--pdeathsig", "KILL", "unshare", "--net", "--mount", "--pid", "--fork",
                           "--kill-child", sys.executable, os.path.abspath(__file__)],
                          env={**os.environ, "CERTGATE_PACKAGE_ROOT": folder}, check=False)
    sys.exit(done.returncode)


if not BACK:
    outside()

ROOT_DIR = BACK + "/root"
PROCESSES = []


def mount(*args):
    subprocess.run(["mount", *args], check=True)


def make_root():
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    if not os.path.isdir(ROOT_DIR):
        os.mkdir(ROOT_DIR)
        os.mkdir(BACK + "/overlay")
        mount("-t", "tmpfs", "tmpfs", BACK + "/overlay")
        for name in ("upper", "work"):
            os.mkdir(f"{BACK}/overlay/{name}")
        if host("mount", "-t", "overlay", "overlay", "-o",
                f"lowerdir=/,upperdir={BACK}/overlay/upper,workdir={BACK}/overlay/work",
                ROOT_DIR).returncode != 0:
            skip("the package in a root of its own", "there is no overlay file system")
            done_testing()
    mount("-t", "proc", "proc", ROOT_DIR + "/proc")
    mount("--rbind", "/dev", ROOT_DIR + "/dev")
    for name in ("run", "tmp"):
        mount("-t", "tmpfs", "tmpfs", f"{ROOT_DIR}/{name}")
    os.mkdir(ROOT_DIR + "/run/lock")
    os.chmod(ROOT_DIR + "/tmp", 0o1777)
    chroot("dpkg", "--purge", "certgate")
    for name in ("/etc/certgate", "/var/lib/certgate", "/var/log/certgate"):
        shutil.rmtree(ROOT_DIR + name, ignore_errors=True)
    # The address of localhost, whatever the host has of it.
    with open(ROOT_DIR + "/etc/hosts", "w", encoding="ascii") as out:
        out.write("127.0.0.1 localhost\n")


ENV = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
       "DEBIAN_FRONTEND": "noninteractive", "HOME": "/root"}


def chroot(*command, env=None):
    done = host("chroot", ROOT_DIR, *command, env={**ENV, **(env or {})})
    done.all = done.stdout + done.stderr
    return done


def works(name, *command):
    done = chroot(*command)
    ok(done.returncode == 0, name) or diag(f"status {done.returncode}", done.all[-2500:])
    return done


def everything():
    """All names below the root but those that are nobody's: caches, logs of dpkg itself.  Of an overlay
    what is above: what others do to the host meanwhile is not the package's."""
    top = BACK + "/overlay/upper" if os.path.isdir(BACK + "/overlay") else ROOT_DIR
    nobodys = [word for name in ("proc", "dev", "tmp", "var/cache", "var/lib/dpkg", "root")
               for word in ("-o", "-path", f"{top}/{name}")]
    # A device of that kind stands for what was removed.
    found = host("find", top, "-xdev", "(", *nobodys[1:], ")", "-prune", "-o", "!", "-type", "c", "-print")
    names = {n[len(top):] for n in found.stdout.splitlines()} | \
        {"/run/" + n for n in os.listdir(ROOT_DIR + "/run")}
    if top != ROOT_DIR:
        names = {n for n in names if not os.path.lexists(n)}
    return {n for n in names if not re.match(r"/var/log/(apt|dpkg|apache2|alternatives)|/var/lib/apt|"
                                             r"/etc/(passwd|group|shadow|gshadow|subuid|subgid)-$", n)}


def users():
    return [[line for line in open(f"{ROOT_DIR}/etc/{n}", encoding="utf-8") if "certgate" in line]
            for n in ("passwd", "group", "shadow", "gshadow", "subuid") if os.path.exists(f"{ROOT_DIR}/etc/{n}")]


def mode(path):
    st = os.stat(ROOT_DIR + path)
    who = chroot("stat", "-c", "%U:%G", path).stdout.strip()
    return f"{st.st_mode & 0o7777:o} {who}"


def unit(name, setting):
    with open(UNITS + name, encoding="utf-8") as file:
        return re.findall(rf"^{setting}=(.*)$", file.read(), re.M)


def spawn(*command, **kwargs):
    PROCESSES.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, **kwargs))
    return PROCESSES[-1]


HELD = []
# What systemd does for a service with sockets, and what its unit forbids as far as that can be had by hand.
AS_SYSTEMD = """
import ctypes, os, sys
root, uid, gid, fds, command = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4].split(","), sys.argv[5:]
for i, fd in enumerate(fds):
    os.dup2(os.dup2(int(fd), 50 + i), 3 + i)
os.chroot(root); os.chdir("/"); os.umask(0o077)
os.setgroups([]); os.setgid(gid); os.setuid(uid)
libc = ctypes.CDLL(None)
libc.prctl(38, 1, 0, 0, 0)    # NoNewPrivileges
libc.prctl(65, 1, 0, 0, 0)    # MemoryDenyWriteExecute, where the kernel has it
os.environ.update(LISTEN_PID=str(os.getpid()), LISTEN_FDS=str(len(fds)))
os.execv(command[0], command)
"""


def new_log():
    log = open(BACK + "/service.log", "ab")
    log.truncate(0)
    return log


def start_service():
    passwd = chroot("getent", "passwd", unit("certgate.service", "User")[0]).stdout.split(":")
    fds = [s.fileno() for s in HELD]
    log = new_log()
    process = spawn(sys.executable, "-c", AS_SYSTEMD, ROOT_DIR, passwd[2], passwd[3], ",".join(map(str, fds)),
                    *unit("certgate.service", "ExecStart")[0].split(), pass_fds=fds, env=ENV, stdout=log,
                    stderr=log)
    wait_ready(process)
    return process


def start_by_hand():
    """As the README says where there is no systemd."""
    log = new_log()
    works("the folder", "install", "-d", "-m", "710", "-o", "certgate", "-g", "www-data", "/run/certgate")
    process = spawn("chroot", ROOT_DIR, "certgate", "supervise", "--sockets", "/run/certgate", "--user", "certgate",
                    "--group", "www-data", env=ENV, stdout=log, stderr=log)
    wait_ready(process)
    return process


def wait_ready(process):
    def ready():
        with open(BACK + "/service.log", "rb") as text:
            said = text.read()
        if process.poll() is not None:
            raise RuntimeError(f"it ended: {said[-1500:]}")
        return b"ready: " in said

    wait_until(ready, "the programs")


def stop(process):
    process.terminate()
    return process.wait(DEADLINE_S)


def bind_in_root(path):
    """A socket whose name is what the root's processes call it."""
    sock = socket.socket(socket.AF_UNIX)
    here = os.open("/", os.O_RDONLY)
    os.chroot(ROOT_DIR)
    try:
        sock.bind(path)
    finally:
        os.fchdir(here)
        os.chroot(".")
        os.close(here)
    return sock


def hold():
    group = int(chroot("getent", "group", unit("certgate.socket", "SocketGroup")[0]).stdout.split(":")[2])
    for path in unit("certgate.socket", "ListenStream"):
        if os.path.exists(ROOT_DIR + path):
            os.unlink(ROOT_DIR + path)
        HELD.append(bind_in_root(path))
        os.chown(ROOT_DIR + path, 0, group)
        os.chmod(ROOT_DIR + path, int(unit("certgate.socket", "SocketMode")[0], 8))
        HELD[-1].listen(128)


def release():
    """As systemd stops the sockets: nobody listens, their names stay until the next start."""
    for sock in HELD:
        sock.close()
    HELD.clear()


def curl(path, *args):
    done = host("curl", "-sk", "-o", BACK + "/body", "-w", "%{http_code}", "--max-time", "30", *args,
                "https://localhost" + path)
    with open(BACK + "/body", "rb") as body:
        return int(done.stdout or 0), body.read()


def kept_keys():
    """Not when they were used: gates go on counting that."""
    return [(k["id"], k["name"], k["access"])
            for k in json.loads(chroot("certgate", "--json", "key", "list").stdout)]


make_root()
with case("the units"):
    verify = host("systemd-analyze", "security", "--offline=true", "--no-pager", UNITS + "certgate.service")
    level = re.search(r"Overall exposure level for certgate.service: ([\d.]+)", verify.stdout)
    ok(level and float(level.group(1)) < 2, f"exposure {level and level.group(1)} is below 2") or \
        diag(verify.stdout[-300:], verify.stderr)

with case("an upgrade"):
    postinst = host("dpkg-deb", "-I", DEB, "postinst").stdout
    like(postinst, r"\$_dh_action '?certgate\.service'? ", "restarts the service")
    unlike(postinst, r"\$_dh_action.*certgate\.socket", "and leaves the sockets open")

with case("versions"):
    with open(PACKAGING + "changelog", encoding="utf-8") as text:
        is_eq(re.match(r"certgate \((\S+)\)", text.read()).group(1), VERSION, "the package's is the Makefile's")

before, users_before = everything(), users()
with case("install"):
    shutil.copy(DEB, ROOT_DIR + "/work.deb")
    done = works("dpkg -i", "dpkg", "-i", "/work.deb")
    unlike(done.all, "password: ", "no password is in what it prints")
    is_eq(mode("/var/lib/certgate"), "700 certgate:certgate", "the data folder is private")
    is_eq(mode("/etc/certgate/proof.conf"), "600 root:root", "the proof is root's alone")
    is_eq(mode("/run/certgate"), "710 certgate:www-data", "the web server may pass to the sockets")
    is_eq(mode("/var/log/certgate"), "750 certgate:adm", "the folder of logs")
    is_eq(mode("/etc/certgate/certgate.conf"), "644 root:root", "the configuration")
    is_eq(chroot("getent", "passwd", "certgate").stdout.strip().split(":")[5:], ["/nonexistent", "/usr/sbin/nologin"],
          "a user that nobody can sign in as")
    for path in ("/etc/systemd/system/multi-user.target.wants/certgate.service",
                 "/etc/systemd/system/sockets.target.wants/certgate.socket"):
        ok(os.path.islink(ROOT_DIR + path), f"{os.path.basename(path)} is on")
    for page in ("certgate.8", "certgate.conf.5", "certgate-rest.7"):
        ok(os.path.exists(f"{ROOT_DIR}/usr/share/man/man{page[-1]}/{page}.gz"), f"manual page {page}")
    password = re.search(r"^password: (\S+)$", works("a password", "certgate", "user", "reset", "admin").stdout, re.M)
    ok(password, "is printed when it is asked for")
    proof = open(ROOT_DIR + "/etc/certgate/proof.conf", encoding="ascii").read()

with case("quickstart"):
    hold()
    service = start_service()
    with open(ROOT_DIR + "/etc/apache2/sites-available/shop.conf", "w", encoding="ascii") as out:
        out.write("""<VirtualHost *:443>
  Use CertgateHost www
  Use CertgateAdmin www
  Use CertgatePortal www
  ServerName localhost
  SSLEngine on
  SSLCertificateFile /etc/ssl/shop.pem
  SSLCertificateKeyFile /etc/ssl/shop.key
  SSLVerifyClient optional_no_ca
</VirtualHost>
""")
    works("the server's certificate", "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout",
          "/etc/ssl/shop.key", "-out", "/etc/ssl/shop.pem", "-days", "30", "-subj", "/CN=localhost", "-addext",
          "subjectAltName=DNS:localhost")
    readme = open(PACKAGING + "certgate.README.Debian", encoding="utf-8").read()
    for line in re.findall(r"^ +(a2en\w+ .*)$", readme, re.M):
        works(line, *line.split())
    works("a2ensite", "a2ensite", "-q", "shop")
    works("configtest", "apachectl", "configtest")
    for name in ("/run/apache2", "/run/lock/apache2", "/var/log/apache2"):
        os.makedirs(ROOT_DIR + name, exist_ok=True)
    web = spawn("chroot", ROOT_DIR, "apachectl", "-D", "FOREGROUND", env=ENV, stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL)
    upstream = spawn("/usr/bin/python3", TOOLS + "/upstream.py", "--port-file", BACK + "/port", "--port", "0",
                     "--log", BACK + "/upstream.json", stdout=subprocess.DEVNULL)
    wait_until(lambda: os.path.exists(BACK + "/port"), "the upstream")
    port = open(BACK + "/port", encoding="ascii").read().strip()
    works("an API", "certgate", "api", "create", "--name", "mtls-api", "--listen-path", "/mtls-api/",
          "--target-url", f"http://127.0.0.1:{port}/", "--use-certificate", "true", "--use-token", "false")
    partner = make_cert(BACK, "partner", key="rsa")
    shutil.copy(partner.path, ROOT_DIR + "/root/cert.pem")
    wait_until(lambda: curl("/portal/whoami")[0] == 200, "Apache")
    is_eq(curl("/mtls-api/x", "--cert", partner.path, "--key", partner.key)[0], 403, "before it is registered")
    works("a key", "certgate", "key", "create", "--name", "Billing", "--cert", "/root/cert.pem", "--api", "mtls-api")
    is_eq(curl("/mtls-api/x", "--cert", partner.path, "--key", partner.key)[0], 200, "with the certificate")
    is_eq(curl("/mtls-api/x")[0], 401, "without")
    like(curl("/admin/login")[1], "Sign in", "the dashboard finds its templates")
    done = works("doctor", "certgate", "doctor", "--call", "https://localhost", "--cacert", "/etc/ssl/shop.pem")
    like(done.stdout, "(?m)^ok +call +TLS 1.3", "doctor has called it")
    done = works("doctor of Debian's Apache by name", "certgate", "doctor", "--apache", "/etc/apache2/apache2.conf")
    like(done.stdout, "(?m)^ok +apache ", "it can read it")

with case("the access log and logrotate"):
    conf = ROOT_DIR + "/etc/certgate/certgate.conf"
    with open(conf, encoding="utf-8") as file:
        text = file.read()
    with open(conf, "w", encoding="utf-8") as out:
        out.write(text.replace("#access_log", "access_log"))
    is_eq(stop(service), 0, "stopped")
    service = start_service()
    log = ROOT_DIR + "/var/log/certgate/access.log"
    is_eq(curl("/mtls-api/x")[0], 401, "a call")
    wait_until(lambda: os.path.exists(log) and os.path.getsize(log) > 0, "its line")
    if os.path.exists(ROOT_DIR + "/usr/sbin/logrotate"):
        works("logrotate", "logrotate", "--force", "/etc/logrotate.d/certgate")
        ok(os.path.exists(log + ".1"), "it was renamed")
        is_eq(curl("/mtls-api/x")[0], 401, "the next call")
        wait_until(lambda: os.path.exists(log) and os.path.getsize(log) > 0, "a line in a new file")
        ok(True, "goes to a new file")

with case("upgrade"):
    keys = kept_keys()
    work = BACK + "/next"
    host("dpkg-deb", "-R", DEB, work)
    with open(work + "/DEBIAN/control", encoding="utf-8") as file:
        text = file.read()
    with open(work + "/DEBIAN/control", "w", encoding="utf-8") as out:
        out.write(text.replace(f"Version: {VERSION}", f"Version: {VERSION}+next"))
    host("dpkg-deb", "--root-owner-group", "-b", work, ROOT_DIR + "/next.deb")
    shutil.rmtree(work)
    works("dpkg -i", "dpkg", "-i", "/next.deb")
    is_eq(chroot("dpkg-query", "-W", "-f", "${Version}", "certgate").stdout, VERSION + "+next", "the new version is there")
    is_eq(kept_keys(), keys, "the keys are the same")
    is_eq(open(ROOT_DIR + "/etc/certgate/proof.conf", encoding="ascii").read(), proof, "so is the proof")
    like(open(conf, encoding="utf-8").read(), "(?m)^access_log", "and the configuration as it was changed")
    is_eq(stop(service), 0, "stopped")
    service = start_service()
    is_eq(curl("/mtls-api/x", "--cert", partner.path, "--key", partner.key)[0], 200, "the certificate counts still")

with case("a store of an older schema"):
    is_eq(stop(service), 0, "stopped")
    home, away = ROOT_DIR + "/var/lib/certgate", ROOT_DIR + "/var/lib/away"
    os.rename(home, away)
    shutil.copytree(away, home, symlinks=True)
    for name in ("db", "run", "revoked.log", "keys/audit.key", "keys/seal.key"):
        shutil.rmtree(f"{home}/{name}") if os.path.isdir(f"{home}/{name}") else \
            os.path.exists(f"{home}/{name}") and os.unlink(f"{home}/{name}")
    host("tar", "-xzf", TREE + "/tests/store/fixtures/schema-1.tar.gz", "--no-same-owner", "-C", home,
         "--strip-components=1", "home/db")
    os.mkdir(home + "/run", 0o700)
    chroot("chown", "-R", "certgate:certgate", "/var/lib/certgate")
    works("dpkg -i over it", "dpkg", "-i", "/next.deb")
    service = start_service()
    like(works("key list", "certgate", "key", "list").stdout, "Billing", "its keys are there")
    works("it is sound", "certgate", "verify")
    is_eq(stop(service), 0, "stopped")
    shutil.rmtree(home)
    os.rename(away, home)
    chroot("chown", "-R", "certgate:certgate", "/var/lib/certgate")

with case("remove"):
    release()
    service = start_by_hand()
    done = works("dpkg -r", "dpkg", "-r", "certgate")
    is_eq(service.wait(DEADLINE_S), 0, "what was started without systemd has ended")
    like(done.all, "sites-enabled/shop.conf still has lines .Use Certgate", "it says which sites still ask for it")
    unlike(done.all, "conf-enabled", "and no file of its own")
    ok(not os.path.exists(ROOT_DIR + "/usr/bin/certgate"), "the programs are gone")
    ok(os.path.exists(home + "/db"), "the data stays")
    ok(os.path.exists(ROOT_DIR + "/etc/certgate/proof.conf"), "so does the proof")
    works("configtest", "apachectl", "configtest")
    works("Apache reads its configuration anew", "apachectl", "graceful")
    wait_until(lambda: curl("/mtls-api/x")[0] == 503, "a refusal")
    is_eq(json.loads(curl("/mtls-api/x")[1])["code"], "unavailable", "and refuses what was certgate's")
    works("without its modules", "a2dismod", "-q", "-f", "macro", "proxy_fcgi", "proxy")
    os.unlink(ROOT_DIR + "/etc/apache2/sites-enabled/shop.conf")
    works("Apache could start, too", "apachectl", "configtest")
    works("as they were", "a2enmod", "-q", "macro", "proxy_fcgi")
    works("the site as it was", "a2ensite", "-q", "shop")
    works("installed again", "dpkg", "-i", "/work.deb")
    is_eq(kept_keys(), keys, "the keys are there again")
    hold()
    service = start_service()
    is_eq(curl("/mtls-api/x", "--cert", partner.path, "--key", partner.key)[0], 200,
          "the certificate counts, and nobody had to tell Apache")
    is_eq(stop(service), 0, "stopped")
    release()

with case("purge"):
    web.terminate()
    web.wait(DEADLINE_S)
    os.makedirs(ROOT_DIR + "/etc/lighttpd", exist_ok=True)
    with open(ROOT_DIR + "/etc/lighttpd/lighttpd.conf", "a", encoding="ascii") as out:
        out.write('include "/etc/certgate/proof.conf.lighttpd"\n')
    done = works("dpkg -P", "dpkg", "-P", "certgate")
    like(done.all, "Apache cannot start again before .*sites-enabled/shop.conf are gone", "it says what Apache still asks for")
    like(done.all, "lighttpd cannot start again", "and that lighttpd does")
    for name in ("/etc/apache2/sites-enabled/shop.conf", "/etc/apache2/sites-available/shop.conf",
                 "/etc/ssl/shop.key", "/etc/ssl/shop.pem", "/work.deb", "/next.deb"):
        os.unlink(ROOT_DIR + name)
    works("without them it can", "apachectl", "configtest")
    after = everything()
    left = {n for n in after - before if not re.match(r"/etc/apache2/mods-enabled/|/etc/lighttpd|/run/(adduser|apache2|lock)|/var/lib/(apache2/(?!.*certgate)|logrotate)|/var/lib/systemd/deb-systemd", n)}
    is_eq(sorted(left), [], "no file is left")
    is_eq(sorted(n for n in before - after if "/certgate" in n), [], "and none is missing")
    is_eq(users(), users_before, "no user and no group")
for process in PROCESSES:
    if process.poll() is None:
        process.kill()
done_testing()
