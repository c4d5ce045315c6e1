#!/usr/bin/python3
"""certgate doctor: finds nothing on a host that is right, and each thing that is broken, once."""
import json
import os
import pwd
import re
import shlex
import shutil
import socket
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from environment import ROOT, TOOLS, TREE, WEB_USER  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok, skip, unlike  # noqa: E402
from website import Site  # noqa: E402

with Site() as site:
    api = site.make_api()
    site.make_api("open", auth={"keyless": True})
    conf = site.web + "/httpd.conf"
    with open(conf, encoding="utf-8") as file:
        whole = file.read()
    options = {"--sockets": site.sockets, "--proof-file": site.proof_file, "--apache": conf}
    call = {"--call": site.url, "--cacert": site.ca}

    def doctor(*args, **changed):
        named = {**options, **{"--" + k.replace("_", "-"): v for k, v in changed.items()}}
        return site.certgate("doctor", *args, *(w for pair in named.items() for w in pair))

    def finds(name, pattern, **changed):
        """Exactly this fault."""
        done = doctor(**changed)
        faults = [line for line in done.stdout.splitlines() if line.startswith("FAULT")]
        like("\n".join(faults), pattern, f"{name}: found")
        is_eq(done.returncode, 1, f"{name}: exit status 1")
        ok(len(faults) == 1, f"{name}: nothing else") or diag(*faults)
        unlike(done.stdout + done.stderr, site.proof, f"{name}: the proof is not shown")

    def warns(name, pattern, **changed):
        done = doctor(**changed)
        like(done.stdout, "(?m)^warning +" + pattern, f"{name}: a warning")
        is_eq(done.returncode, 0, f"{name}: exit status 0")

    def with_conf(old, new):
        ok(old in whole, f"(the configuration has {old})")
        path = site.web + "/broken.conf"
        with open(path, "w", encoding="utf-8") as out:
            out.write(whole.replace(old, new))
        return path

    def without_module(*names):
        """The server's base configuration is a file of its own."""
        with open(TOOLS + "/httpd-base.conf", encoding="utf-8") as text:
            base = text.read().replace(" ssl:info", "")
        kept = [line for line in base.splitlines() if not any(f"mod_{name}.so" in line for name in names) and
                not ("reqtimeout" in names and line.startswith("RequestReadTimeout")) and
                not ("ssl" in names and line.startswith("SSL"))]
        with open(site.web + "/base.conf", "w", encoding="utf-8") as out:
            out.write("\n".join(kept) + "\n")
        return with_conf(TOOLS + "/httpd-base.conf", site.web + "/base.conf")

    with case("nothing is wrong"):
        done = site.certgate("doctor", *(w for p in {**options, **call}.items() for w in p))
        is_eq((done.returncode, done.stderr), (0, ""), "exit status 0")
        unlike(done.stdout, "(?m)^FAULT", "no fault")
        for check in ("apache", "proof", "socket", "folder", "files", "store", "call"):
            like(done.stdout, f"(?m)^ok +{check} ", f"{check} was looked at")
        like(done.stdout, "TLS 1.2: the certificate that was sent is the one that certgate sees",
             "a call with TLS 1.2")
        like(done.stdout, "TLS 1.3: the certificate that was sent is the one that certgate sees",
             "and 1.3")
        like(done.stdout, "1 API turned away a certificate that nobody knows", "the API was called")
        is_eq([r["target"] for r in site.upstream_log()], [], "but not a keyless one's upstream")
        is_eq(site.rest("GET", "/certificates").body["items"], [], "it registered nothing")

    with case("what is looked at"):
        # By each way in which it can be named; what is named goes before what is not.
        away, there = site.folder + "/away", site.home + "/there"
        with open(site.folder + "/named.conf", "w", encoding="utf-8") as out:
            out.write(f'data_folder = "{site.home}"\naccess_log = "{there}.log"\nmail_folder = "{site.home}"\n')
        with open(site.folder + "/program.conf", "w", encoding="utf-8") as out:
            out.write('mail_command = "/bin/true"\n')
        web = ["--apache", conf]
        for name, want, args, env in (
                ("--home", f"folder +{site.home} and", web, {"CERTGATE_HOME": away}),
                ("CERTGATE_HOME", f"folder +{site.home} and", web, {"CERTGATE_HOME": site.home}),
                ("data_folder", f"folder +{site.home} and", web, {"CERTGATE_CONFIG": site.folder + "/named.conf"}),
                ("CERTGATE_CONFIG", f"settings +{site.folder}/named.conf can", web, {"CERTGATE_CONFIG": site.folder + "/named.conf"}),
                ("access_log", f"access log +{there}.log can", web, {"CERTGATE_CONFIG": site.folder + "/named.conf"}),
                ("CERTGATE_ACCESS_LOG", f"access log +{there}.else can", web,
                 {"CERTGATE_CONFIG": site.folder + "/named.conf", "CERTGATE_ACCESS_LOG": there + ".else"}),
                ("mail_folder", f"mail +Mails are put into {site.home}", web, {"CERTGATE_CONFIG": site.folder + "/named.conf"}),
                ("CERTGATE_MAIL", f"mail +Mails are put into {site.home}", web, {"CERTGATE_MAIL": site.home}),
                ("mail_command", "mail +Mails are sent by /bin/true", web, {"CERTGATE_CONFIG": site.folder + "/program.conf"}),
                ("CERTGATE_SENDMAIL", "mail +Mails are sent by /bin/false", web,
                 {"CERTGATE_CONFIG": site.folder + "/program.conf", "CERTGATE_SENDMAIL": "/bin/false"}),
                ("Apache's CERTGATE_SOCKETS", f"socket +{site.sockets}/gate.sock takes", web, {}),
                ("Apache's CERTGATE_PROOF_FILE", f"proof +{site.proof_file} holds one that the programs take", web, {}),
                ("--sockets", f"socket +{site.sockets}/gate.sock takes",
                 ["--apache", with_conf(f'CERTGATE_SOCKETS "{site.sockets}"', f'CERTGATE_SOCKETS "{away}"'),
                  "--sockets", site.sockets], {}),
                ("--proof-file", f"proof +{away}.proof is closed", web + ["--proof-file", away + ".proof"], {})):
            with open(away + ".proof", "w", encoding="ascii") as out:
                os.fchmod(out.fileno(), 0o600)
                out.write(f'SetEnv CERTGATE_PROOF "{site.proof}"\n')
            env = {**os.environ, **env}
            home = [] if name in ("CERTGATE_HOME", "data_folder") else ["--home", site.home]
            done = subprocess.run([site.bin + "/certgate", *home, "doctor", *args], env=env, capture_output=True, text=True,
                                  stdin=subprocess.DEVNULL, check=False)
            like(done.stdout, f"(?m)^ok +{want}", name)
            is_eq((done.returncode, done.stderr), (0, ""), f"{name}: no fault") or diag(done.stdout)
        with open(away + ".proof", "w", encoding="ascii") as out:
            out.write(f'SetEnv CERTGATE_PROOF "{"0" * 64}"\n')
        done = site.certgate("doctor", "--apache", with_conf(f'CERTGATE_PROOF_FILE "{site.proof_file}"', f'CERTGATE_PROOF_FILE "{away}.proof"'))
        like(done.stdout, f"(?m)^FAULT +proof +{away}.proof holds a proof of another data folder", "another proof by Apache's variable")
        is_eq(done.returncode, 1, "exit status 1")
        done = site.certgate("doctor", "--apache", with_conf(f'CERTGATE_SOCKETS "{site.sockets}"', f'CERTGATE_SOCKETS "{away}"'))
        like(done.stdout, f"(?m)^{'FAULT' if ROOT else 'skipped'} +socket +The folder {away} cannot be looked at",
             "another folder by Apache's variable")

    with case("--json"):
        done = doctor("--json")
        report = json.loads(done.stdout)
        is_eq((done.returncode, report["faults"]), (0, 0), "no fault")
        is_eq(sorted({tuple(sorted(line)) for line in report["checks"]}),
              [("advice", "check", "result", "text")], "a line per check")
        is_eq({line["result"] for line in report["checks"]} <=
              {"ok", "warning", "fault", "skipped"}, True, "with its result")
        done = doctor("--json", sockets=site.folder + "/nowhere")
        is_eq((done.returncode, json.loads(done.stdout)["faults"]), (1, 1), "one fault: 1")

    with case("folders"):
        for name in ("", "/db", "/run", "/keys"):
            os.chmod(site.home + name, 0o755)
            finds(name or "/", rf"^FAULT +folder +.*is open to other users \(mode 755\).*chmod 700 {site.home}{name}")
            os.chmod(site.home + name, 0o700)
        os.rename(site.home + "/keys", site.home + "/away")
        finds("keys missing", "cannot be looked at: No such file")
        os.rename(site.home + "/away", site.home + "/keys")
        os.chmod(site.home + "/keys/proof", 0o644)
        finds("a file open to others", r"proof among them, are another user's or open to others")
        os.chmod(site.home + "/keys/proof", 0o600)
        if ROOT:
            with open(site.home + "/run/of-root", "w", encoding="ascii"):
                pass
            os.chmod(site.home + "/run/of-root", 0o600)
            finds("a file of root's", r"of-root among them")
            os.unlink(site.home + "/run/of-root")
            os.chown(site.home + "/db", 0, 0)
            finds("a folder of root's", "belongs to another user")
            os.chown(site.home + "/db", pwd.getpwnam(WEB_USER).pw_uid,
                     pwd.getpwnam(WEB_USER).pw_gid)
        done = site.certgate("--home", site.folder + "/nowhere", "doctor", "--apache", conf,
                             "--sockets", site.sockets)
        is_eq(done.returncode, 1, "no data folder: 1")

    with case("the store"):
        shutil.copytree(site.home, site.folder + "/copy")
        if ROOT:
            subprocess.run(["chown", "-R", WEB_USER + ":", site.folder + "/copy"], check=True)
        for name in ("meta.db", "api.db"):
            with open(site.folder + "/copy/db/" + name, "r+b") as out:
                out.write(b"\0" * 4096)
        shutil.rmtree(site.folder + "/copy/run")
        os.mkdir(site.folder + "/copy/run", 0o700)
        if ROOT:
            shutil.chown(site.folder + "/copy/run", WEB_USER)
        done = subprocess.run([site.bin + "/certgate", "--home", site.folder + "/copy", "doctor",
                               "--apache", conf, "--sockets", site.sockets, "--proof-file",
                               site.proof_file], capture_output=True, text=True, check=False)
        like(done.stdout, "(?m)^FAULT +store ", "one that is overwritten: found")
        is_eq(done.returncode, 1, "exit status 1")

    with case("what is sealed"):
        sealed = site.make_api("sealed", secret_headers=[{"name": "X-Api-Key", "value": "x"}])
        like(doctor().stdout, r"(?m)^ok +secrets +What APIs have sealed opens: 1\.$", "its key opens it")
        seal_key = site.home + "/keys/seal.key"
        with open(seal_key, "rb+") as file:
            kept = file.read()
            file.seek(0)
            file.write(b"00" * 32)
        finds("sealed under another key", "secrets +The API “sealed”: the value of X-Api-Key in secret_headers")
        with open(seal_key, "rb+") as file:
            file.write(kept)
        site.rest("DELETE", f"/apis/{sealed['id']}")

    with case("the clock"):
        # All of them: the programs go on writing to some.
        paths = [os.path.join(site.home, "db", name) for name in os.listdir(site.home + "/db")]
        for path in paths:
            os.utime(path, (time.time() + 7200, time.time() + 7200))
        finds("set back", r"the store was written to at .*: it was set back")
        for path in paths:
            os.utime(path)

    with case("the proof"):
        os.chmod(site.proof_file, 0o644)
        finds("a proof file that others may read", "can be read by others.*chmod 600")
        os.chmod(site.proof_file, 0o600)
        with open(site.proof_file, encoding="ascii") as file:
            right = file.read()
        with open(site.proof_file, "w", encoding="ascii") as out:
            out.write(right.replace(site.proof, "0" * 64))
        finds("another one", "holds a proof of another data folder, or an old one")
        with open(site.proof_file, "w", encoding="ascii") as out:
            out.write("# nothing\n")
        finds("none", "holds no proof")
        with open(site.proof_file, "w", encoding="ascii") as out:
            out.write(right)
        digest = site.home + "/keys/proof"
        with open(digest, encoding="ascii") as file:
            right = file.read()
        with open(digest, "w", encoding="ascii") as out:
            out.write("off\n")
        finds("off, and .htaccess files may do anything", "It is off, and AllowOverride lets a .htaccess")
        warns("off", "proof +It is off", apache=with_conf("AllowOverride All", "AllowOverride None"))
        with open(digest, "w", encoding="ascii") as out:
            out.write("what\n")
        finds("neither", "must hold one or two SHA-256 digests")
        with open(digest, "w", encoding="ascii") as out:
            out.write(right)

    with case("the sockets"):
        finds("no folder", "No such file", sockets=site.folder + "/nowhere")
        os.chmod(site.gate_socket, 0o666)
        finds("open to everybody", r"gate.sock is open to everybody \(mode 666\)")
        os.chmod(site.gate_socket, 0o660)
        os.rename(site.portal_socket, site.sockets + "/away")
        finds("missing", "There is no socket .*portal.sock")
        with socket.socket(socket.AF_UNIX) as dead:
            dead.bind(site.portal_socket)
        os.chmod(site.portal_socket, 0o660)
        finds("nobody listens", "Nobody listens on .*portal.sock")
        os.rename(site.sockets + "/away", site.portal_socket)
        os.chmod(site.sockets, 0o755)
        warns("a folder for everybody", "socket +Everybody may look")
        advice = re.search("(?m)^warning +socket .* -> (.*)$", doctor().stdout).group(1)
        if ROOT:  # as one that was made by mkdir
            os.chown(site.sockets, 0, 0)
        subprocess.run(["sh", "-c", advice], check=True)
        unlike(doctor().stdout, "(?m)^(warning|FAULT|skipped) +socket", "its advice closes it, and not for the web server")
        os.chmod(site.sockets, 0o710)

    with case("Apache's configuration"):
        finds("no SSLVerifyClient", "not asked for a certificate",
              apache=with_conf("SSLVerifyClient optional_no_ca", ""))
        warns("one that wants a CA", "apache +SSLVerifyClient ends the handshake",
              apache=with_conf("SSLVerifyClient optional_no_ca", "SSLVerifyClient optional"))
        warns("CAs that the server names", "apache +The server names CAs",
              apache=with_conf("SSLVerifyClient optional_no_ca", f'SSLVerifyClient optional_no_ca\nSSLCACertificateFile "{site.ca}"'))
        finds("no path", "opens a path to the gate",
              apache=with_conf(f"Use CertgateHost {site.name}", ""))
        warns("no admin", "apache +/admin is opened nowhere",
              apache=with_conf(f"Use CertgateAdmin {site.name}", ""))
        warns("no portal", "apache +/portal is opened nowhere",
              apache=with_conf(f"Use CertgatePortal {site.name}", ""))
        mistake = with_conf("SSLEngine on", "SSLEngin on")
        if ROOT:
            finds("a mistake", r"configuration cannot be read: .*error on line \d+ of .*broken\.conf.*Invalid command 'SSLEngin'.* -> apachectl configtest",
                  apache=mistake)
        else:
            like(doctor(apache=mistake).stdout, "(?m)^skipped +apache +.*Invalid command.*as root",
                 "a mistake: told, though it may be that an ordinary user cannot read all of it")
        for unknown, *modules in (("Use", "macro"), ("SSL", "ssl"), ("Rewrite", "rewrite"), ("SetEnvIf", "setenvif"),
                                  ("SetEnv", "env"), ("Proxy", "proxy_fcgi", "proxy_http", "proxy")):
            like(doctor(apache=without_module(*modules)).stdout,
                 f"(?m)^(FAULT|skipped) +apache +.*Invalid command '{unknown}.* -> " +
                 (f"a2enmod {modules[0]}$" if ROOT else "Run it as root"), f"without {modules[0]}, which a line needs")
        bare = with_conf(f'Include "{TREE}/apache-conf/certgate.conf"', "")
        like(doctor(apache=bare).stdout, "(?m)^(FAULT|skipped) +apache +.*no macro defined before Use -> " +
             ("a2enconf certgate$" if ROOT else "Run it as root"), "without the include, which a line needs")
        with open(site.web + "/bare.conf", "w", encoding="ascii") as out:
            out.write(f'ServerRoot "{site.web}"\nErrorLog "{site.logs}/bare.log"\nListen 1\n'
                      "LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so\n"
                      "LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so\n")
        done = doctor(apache=site.web + "/bare.conf")
        is_eq(sorted(re.findall(r"a2enmod (\S+)", done.stdout)),
              ["env", "headers", "macro", "proxy", "proxy_fcgi", "reqtimeout", "rewrite",
               "setenvif", "ssl"], "modules that are missing are named")
        like(done.stdout, "(?m)^FAULT +apache +No file named certgate.conf", "and the include")

        rule = f"Use CertgateHost {site.name}"
        for name, prefix in (("a prefix with a slash at its end", "/api/"), ("the same in quotes", '"/api/"'),
                             ("a prefix without a slash", "api"), ("a slash alone", "/")):
            finds(name, f"prefix of “Use CertgatePath … {prefix.strip(chr(34))}”",
                  apache=with_conf(rule, f"Use CertgatePath  {site.name}\t{prefix}"))
        is_eq(doctor(apache=with_conf(rule, f'Use CertgatePath {site.name} "/api/v1"')).returncode, 0, "one in quotes is fine")
        finds("a rewrite before certgate", "A RewriteRule stands before `Use Certgate",
              apache=with_conf(rule, "RewriteEngine On\nRewriteRule ^/x - [F]\n" + rule))
        done = doctor(apache=with_conf(f"Use CertgatePortal {site.name}",
                                       f"Use CertgatePortal {site.name}\nRewriteRule ^/x - [F]"))
        is_eq(done.returncode, 0, "one behind it is fine")
        finds("a ProxyPass that is asked first", "A ProxyPass with mapping= is asked before certgate",
              apache=with_conf(rule, "ProxyPass /x http://127.0.0.1:9/ mapping=encoded\n" + rule))
        warns("an <If> that reaches everywhere", "apache +An <If> sets SetHandler",
              apache=with_conf(rule, rule + "\n<If \"true\">\nSSLOptions StdEnvVars\n</If>"))
        finds("certificates asked for too late", "SSLVerifyClient stands in a <Location>",
              apache=with_conf("SSLVerifyClient optional_no_ca",
                               "<Location /x>\nSSLVerifyClient optional_no_ca\n</Location>"))
        finds("no TLS", "A virtual host without TLS opens certgate",
              apache=with_conf("SSLEngine on", "SSLEngine off"))
        warns("no TLS on one of two hosts", "apache +A virtual host without TLS opens certgate",
              apache=with_conf("<VirtualHost ", "<VirtualHost *:1>\nUse CertgatePath plain /plain\n"
                                                "</VirtualHost>\n<VirtualHost "))

        # As certbot writes it: of the lines that all its sites share, SSLEngine is one.
        tls = site.web + "/options-ssl.conf"
        with open(tls, "w", encoding="ascii") as out:
            out.write("SSLEngine on\nSSLOptions +StrictRequire\n")
        done = doctor(apache=with_conf("SSLEngine on", f"Include {tls}"))
        is_eq((done.returncode, re.findall("(?m)^(?:FAULT|warning) +apache.*", done.stdout)), (0, []), "TLS by an included file")
        lines = site.web + "/lines.conf"
        with open(lines, "w", encoding="ascii") as out:
            out.write(rule + "\n")
        finds("a rewrite before a file that has certgate's lines", "A RewriteRule stands before `Use Certgate",
              apache=with_conf(rule, f"RewriteEngine On\nRewriteRule ^/x - [F]\nInclude {lines}"))
        # Of several that one line includes, the next one does not belong to what the first one ends with.
        for name, text in (("a", f"<VirtualHost *:1>\nInclude {tls}\n</VirtualHost>\n"),
                           ("b", "<VirtualHost *:1>\nServerName plain.example\nUse CertgatePath plain /plain\n</VirtualHost>\n")):
            os.makedirs(site.web + "/several", exist_ok=True)
            with open(f"{site.web}/several/{name}.conf", "w", encoding="ascii") as out:
                out.write(text)
        warns("no TLS in one of several files", "apache +A virtual host without TLS opens certgate",
              apache=with_conf("<VirtualHost ", f"IncludeOptional {site.web}/several/*.conf\n<VirtualHost "))

        second = f"<VirtualHost *:1>\nServerName other.example\nUse CertgatePath other /other\nInclude {tls}\n%s</VirtualHost>\n"
        finds("no SSLVerifyClient on one of two hosts", "other.example: clients are not asked for a certificate",
              apache=with_conf("<VirtualHost ", second % "" + "<VirtualHost "))
        for name, old, new in (("for all hosts", "<VirtualHost ", "SSLVerifyClient optional_no_ca\n" + second % "" + "<VirtualHost "),
                               ("on each", "<VirtualHost ", second % "SSLVerifyClient optional_no_ca\n" + "<VirtualHost ")):
            is_eq(doctor(apache=with_conf(old, new)).returncode, 0, f"SSLVerifyClient {name}")
        is_eq(doctor(apache=with_conf("<VirtualHost ", second.replace("CertgatePath other /other", "CertgateAdmin other") % "" +
                                      "<VirtualHost ")).returncode, 0, "a host of the dashboard alone need not ask")
        finds("data below a DocumentRoot", "lies below a DocumentRoot",
              apache=with_conf("<VirtualHost ", f'DocumentRoot "{site.folder}"\n<VirtualHost '))
        warns("more requests than threads", "gates +The web server takes 400 requests at once .*1 gate 176.*--gates 3",
              apache=with_conf("<VirtualHost ", "MaxRequestWorkers 400\n<VirtualHost "))
        warns("no mod_reqtimeout", "apache +The module reqtimeout is not loaded", apache=without_module("reqtimeout"))
        warns("no mod_headers", "apache +The module headers is not loaded", apache=without_module("headers"))

    with case("the web server's user"):
        if ROOT:
            os.chown(site.gate_socket, -1, 0)
            finds("a socket of another group", f"The web server's user, {WEB_USER}, may not connect to .*gate.sock")
            os.chown(site.gate_socket, -1, pwd.getpwnam(WEB_USER).pw_gid)
            os.chmod(site.sockets, 0o700)
            done = doctor()
            like(done.stdout, f"(?m)^FAULT +socket +The web server's user, {WEB_USER}, may not connect",
                 "a folder that it may not pass")
            os.chmod(site.sockets, 0o710)
            named = with_conf("<VirtualHost ", "Define WHO nobody\nUser ${WHO}\n<VirtualHost ")
            like(doctor(apache=named).stdout, "(?m)^FAULT +socket +The web server's user, nobody, may not connect",
                 "whose name is a variable's value")
        else:
            skip("the web server's user", "root alone starts a web server as another user")

    with case("settings"):
        def with_settings(text):
            path = site.folder + "/etc/certgate.conf"
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as out:
                out.write(text)
            os.chmod(os.path.dirname(path), 0o755)
            os.chmod(path, 0o644)
            os.environ["CERTGATE_CONFIG"] = path

        with_settings('usage_keep = "2,60,731"\n')
        like(doctor().stdout, "(?m)^ok +settings +/.*certgate.conf can be read", "a file that is right")
        os.chmod(site.folder + "/etc", 0o777)
        finds("a folder that others write", "Others than root can put another file in the place of")
        os.chmod(site.folder + "/etc", 0o755)
        if ROOT:
            os.chmod(site.folder + "/etc/certgate.conf", 0o600)
            finds("a file that root alone reads", "certgate.conf cannot be read by the programs' user: Permission denied")
            os.chmod(site.folder + "/etc/certgate.conf", 0o644)
            os.chmod(site.folder + "/etc", 0o700)
            finds("in a folder for root alone", "certgate.conf cannot be read by the programs' user: Permission denied")
            os.chmod(site.folder + "/etc", 0o755)
        with_settings('metrics_alow = "::1"\n')
        done = doctor()
        like(done.stderr, "certgate.conf, line 1: .*metrics_alow", "a name that nobody knows")
        is_eq(done.returncode, 1, "exit status 1")
        with_settings(f'access_log = "{site.folder}/nowhere/access.log"\n')
        finds("a log in a folder that is not there", "nowhere/access.log cannot be written by the programs' user")
        if ROOT:
            with_settings(f'access_log = "{site.folder}/etc/access.log"\n')
            finds("a log in root's folder", "access.log cannot be written by the programs' user")
        with_settings(f'access_log = "{site.home}/access.log"\n')
        like(doctor().stdout, "(?m)^ok +access log", "one that can be written")
        with_settings(f'mail_command = "{site.folder}/nowhere"\n')
        warns("a mail program that is not there", "mail +Mails cannot be sent by .*nowhere")
        with_settings('mail_command = "/bin/true"\n')
        like(doctor().stdout, "(?m)^ok +mail +Mails are sent by /bin/true", "one that is there")
        with_settings(f'mail_folder = "{site.folder}/nowhere"\n')
        finds("a mail folder that is not there", "nowhere cannot be written by the programs' user")
        with_settings(f'mail_folder = "{site.home}"\n')
        like(doctor().stdout, "(?m)^ok +mail +Mails are put into", "one that can be written")
        os.environ["CERTGATE_CONFIG"] = ""
        with open(site.home + "/keys/metrics.token", "w", encoding="ascii") as out:
            out.write("short\n")
        os.chmod(site.home + "/keys/metrics.token", 0o600)
        if ROOT:
            shutil.chown(site.home + "/keys/metrics.token", WEB_USER)
        warns("a token that is too short", "metrics +.*has less than 16 bytes")
        os.unlink(site.home + "/keys/metrics.token")

    with case("room"):
        like(doctor().stdout, "(?m)^ok +room +[0-9]+ MB are free", "there is some")
        small = site.folder + "/small"
        if ROOT and subprocess.run(["unshare", "--mount", "true"], check=False).returncode == 0:
            os.mkdir(small)
            run = shlex.join([site.bin + "/certgate", "--home", small + "/home", "doctor", "--apache", conf, "--sockets",
                              site.sockets, "--proof-file", site.proof_file])
            for left, word in ((120000, "warning"), (8000, "FAULT")):
                fill = f"fallocate -l $(($(df --output=avail -k {small} | tail -1) - {left}))k {small}/fill"
                done = subprocess.run(["unshare", "--mount", "sh", "-c",
                                       f"mount -t tmpfs -o size=300m,mode=755 tmpfs {small} && cp -a {site.home} {small}/home && "
                                       f"rm -rf {small}/home/run/* && {run} >/dev/null; {fill} && {run}"],
                                      capture_output=True, text=True, check=False)
                like(done.stdout, rf"(?m)^{word} +room +\d+ kB and \d+ files are free", f"{left} kB are left: a {word}") or \
                    diag(done.stderr)
        else:
            skip("a full disk", "it takes root")

    with case("upstreams"):
        named = {**options, **call}

        def call_finds(name, pattern, api, result="FAULT"):
            done = site.certgate("doctor", *(w for p in named.items() for w in p))
            like(done.stdout, rf"(?m)^{result} +upstream +{pattern}", name)
            unlike(done.stdout.replace("\n", " "), "certgate doctor: ", name + ": nothing else")
            if api:
                is_eq(site.rest("DELETE", "/apis/" + api["id"]).status, 204, "(removed)")

        call_finds("all is well", "2 upstreams can be connected", None, "ok")
        dead = site.reserve()
        call_finds("nobody listens", f"The API “dead”, http://127.0.0.1:{dead}: it cannot be connected: Connection refused\\. ->",
                   site.make_api("dead", target_url=f"http://127.0.0.1:{dead}"))
        with open(site.folder + "/tls.pem", "w", encoding="ascii") as out:
            out.write(site.server.pem + site.server.key_pem)
        os.chmod(site.folder + "/tls.pem", 0o600)
        tls = site.more_upstream("tls", "--tls", site.folder + "/tls.pem")
        def denied(**settings):
            done = subprocess.run([site.bin + "/certgate", "--home", site.home, "doctor", *(w for p in named.items() for w in p)],
                                  env={**os.environ, **settings}, capture_output=True, text=True, check=False)
            return done.returncode, re.findall("(?m)^FAULT +upstream +(.*?):.* -> ", done.stdout)

        is_eq(denied(), (0, []), "none is where no API may go")
        for settings in ({"CERTGATE_UPSTREAM_DENY": "127.0.0.0/8"}, {"CERTGATE_UPSTREAM_ALLOW": "10.0.0.0/8"}):
            is_eq(denied(**settings), (1, ["The API “mtls-api”", "The API “open”"]),
                  "an upstream where no API may go")
        call_finds("a certificate that the host does not know",
                   f"The API “tls”: the certificate of https://localhost:{tls.port} does not hold: TLS: .*[a-z]\\. -> Register its CA",
                   site.make_api("tls", target_url=f"https://localhost:{tls.port}"))
        with open(site.ca, encoding="ascii") as text:
            authority = site.rest("POST", "/certificates", {"pem": text.read(), "kind": "ca"}).body["sha256"]
        call_finds("one that is for another name",
                   f"The API “tls”: the certificate of https://localhost:{tls.port} does not hold",
                   site.make_api("tls", target_url=f"https://localhost:{tls.port}", upstream_tls={
                       "ca_certificates": [authority], "server_name": "elsewhere.test"}))
        call_finds("one that is trusted", "3 upstreams can be connected",
                   site.make_api("tls", target_url=f"https://localhost:{tls.port}", upstream_tls={
                       "ca_certificates": [authority]}), "ok")
        is_eq([r["target"] for r in tls.log()], [], "no request was sent")

    with case("--call"):
        for url in ("http://localhost", "localhost", site.url + "/x", "https://u:p@localhost"):
            finds(url, "is not the https address of a host", call=url)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            finds("nobody there", "cannot be called", call=f"https://127.0.0.1:{probe.getsockname()[1]}")
        warns("a server that cannot be verified", "call +The server's own certificate", call=site.url)
        site.stop_programs()
        der = site.web + "/ca.der"
        subprocess.run(["openssl", "x509", "-in", site.ca, "-outform", "DER", "-out", der], check=True)
        for path in (der, site.ca):
            done = doctor(**{"call": site.url, "cacert": path})
            unlike(done.stdout, "The server's own certificate",
                   os.path.basename(path) + " verifies the server")
        like(done.stdout, r"(?m)^FAULT +call +/portal/whoami is not answered by certgate \(status 503\)",
             "programs that are down")
        like(done.stdout, r"(?m)^FAULT +socket ", "and their sockets")
        site.start_programs()
        site.stop_web()
        site.apache_conf, before = \
            lambda: before().replace("SSLVerifyClient optional_no_ca", ""), site.apache_conf
        site.start_web()
        done = doctor(apache=site.web + "/broken.conf", **{"call": site.url, "cacert": site.ca})
        like(done.stdout, r"(?m)^FAULT +call +TLS 1\.3: a certificate was sent and did not arrive \(none\)",
             "a server that does not ask")

    with case("usage"):
        for wrong in (["extra"], ["--what"], ["--cacert", site.ca]):
            is_eq(site.certgate("doctor", *wrong).returncode, 2, " ".join(wrong))
        name = site.folder + "/\x1b[31m\u202eevil"
        done = doctor(sockets=name)
        unlike(done.stdout, "[\x1b\u202e]", "a path with control characters is shown without them")
done_testing()
