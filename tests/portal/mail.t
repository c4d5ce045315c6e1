#!/usr/bin/python3
"""Mail: nothing is lost, nothing is made up, and each notice goes out once, to the right people."""
import email
import email.policy
import glob
import json
import os
import re
import signal
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from clock import faketime  # noqa: E402
from environment import HANG_S  # noqa: E402
from pages import Browser  # noqa: E402
import portal  # noqa: E402
from processes import wait_until  # noqa: E402
from tap import case, diag, done_testing, is_eq, like, ok, unlike  # noqa: E402
from website import Site  # noqa: E402

# Stands in for the host's mail program: keeps its arguments and what it was given, and does what the
# file `mode` says.
SENDMAIL = """#!/usr/bin/python3
import json, os, sys, time, uuid
folder = os.path.dirname(os.path.abspath(__file__))
mode = open(folder + "/mode").read().strip()
if mode == "fail":
    print("mailbox \\x1b[31mon fire", file=sys.stderr)
    sys.exit(75)
data = sys.stdin.buffer.read().decode()
name = folder + "/got/" + uuid.uuid4().hex
with open(name + ".new", "w") as out:
    json.dump({"args": sys.argv[1:], "env": sorted(os.environ), "data": data,
               "pid": os.getpid()}, out)
os.rename(name + ".new", name + ".json")
if mode == "hang":
    time.sleep(1000)
"""


class Post:
    """A folder with that program, and what it got."""

    def __init__(self, folder):
        self.folder = folder
        os.makedirs(folder + "/got")
        os.chmod(folder, 0o755)
        os.chmod(folder + "/got", 0o777)
        self.program = folder + "/sendmail"
        with open(self.program, "w", encoding="utf-8") as out:
            out.write(SENDMAIL)
        os.chmod(self.program, 0o755)
        self.mode("ok")

    def mode(self, mode):
        with open(self.folder + "/mode.new", "w", encoding="utf-8") as out:
            out.write(mode)
        os.chmod(self.folder + "/mode.new", 0o644)
        os.rename(self.folder + "/mode.new", self.folder + "/mode")

    def got(self):
        """(arguments, message, raw text), in no order."""
        out = []
        for name in glob.glob(self.folder + "/got/*.json"):
            with open(name, encoding="utf-8") as text:
                one = json.load(text)
            out.append((one["args"], email.message_from_string(one["data"], policy=email.policy.default),
                        one["data"], one["env"], one["pid"]))
        return out

    def to(self, address):
        return [m for _, m, _, _, _ in self.got() if m["To"] == f"<{address}>" or m["To"] == address]


def cron(post, at):
    """The environment of what cron would run; `at`: how far the clock is moved."""
    env = {k: v for k, v in faketime(at).items() if not k.startswith("CERTGATE_")}
    return {**env, "CERTGATE_SENDMAIL": post.program}


def send(site, post, at, wait=True):
    """`certgate mail` once."""
    process = subprocess.Popen([site.bin + "/certgate", "--home", site.home, "mail"],
                               env=cron(post, at), stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if wait:
        out, error = process.communicate(timeout=HANG_S)
        if process.returncode:
            diag(out.decode(), error.decode())
        return process.returncode
    return process


def house(site, post, at):
    """All the housekeeping at that time, mail included."""
    done = subprocess.run([site.bin + "/certgate", "--home", site.home, "steward"],
                          env=cron(post, at), stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=HANG_S, check=False)
    if done.returncode:
        diag(done.stdout.decode(), done.stderr.decode())
    return done.returncode


def join(site, address, name="Ann"):
    browser = Browser(site)
    return browser.submit(browser.get("/portal/join"), "Join",
                          {"Name": name, "E-mail": address, "Password": portal.PASSWORD})


with Site() as site:
    site.rest("PATCH", "/settings", {"base_urls": {n: site.url for n in ("gate", "portal", "admin")},
                                     "mail_from": "api@host.example", "portal_title": 'Ästhet "APIs"'})
    post = Post(site.folder + "/post")
    # From here on the mail program's users are this test's: the supervisor's own mailer ends.
    site.stop_programs()
    env = {**os.environ, "CERTGATE_MAIL": "", "CERTGATE_SENDMAIL": post.program}
    site.start_programs(env=env)
    site.wait_ready()

    with case("to the mail program"):
        is_eq(join(site, "o'hara+x@partner.example", "Zoë\u2028 O'Hara").status, 422, "a name with a line end of Unicode's is refused")
        join(site, "o'hara+x@partner.example", "Zoë O'Hara")
        wait_until(lambda: post.to("o'hara+x@partner.example"), "the mail")
        args, message, raw, names, _ = post.got()[0]
        is_eq(args, ["-i", "-f", "api@host.example", "--", "o'hara+x@partner.example"],
              "addresses are arguments of their own")
        is_eq([n for n in names if n not in ("PATH", "LC_ALL", "LC_CTYPE")], [], "nothing of the environment goes along")
        is_eq(message["To"], "<o'hara+x@partner.example>" if "<" in message["To"] else "o'hara+x@partner.example", "to")
        sender = message["From"].addresses[0]
        is_eq((sender.display_name, sender.addr_spec), ('Ästhet "APIs"', "api@host.example"), "from")
        is_eq(message["Subject"], 'Confirm your e-mail for Ästhet "APIs"', "the subject is whole")
        ok(raw.isascii() or "8bit" in raw, "its bytes are declared")
        like(raw, r"(?m)^Subject: =\?UTF-8\?B\?", "and encoded in the head")
        like(message["Message-ID"], "^<[a-z2-7]{26}@host.example>$", "an id tells one that came twice")
        is_eq(message["X-Certgate-Mail"], message["Message-ID"][1:27], "also by a field of its own")
        is_eq(message["Auto-Submitted"], "auto-generated", "nobody's out-of-office answers")
        is_eq([p.get_content_type() for p in message.iter_parts()], ["text/plain", "text/html"], "text and HTML")
        for part in message.iter_parts():
            like(part.get_content(), re.escape(site.url) + r"/portal/confirm\?code=[a-z2-7]{52}", f"{part.get_content_subtype()} has the link")
        ok(max(len(line) for line in raw.splitlines()) <= 998, "no line is too long")
        with open(site.logs + "/supervise.log", encoding="utf-8", errors="replace") as log:
            unlike(log.read(), re.search(r"code=([a-z2-7]{52})", raw)[1], "no log has the link")

    with case("what people type adds nothing to the head"):
        nasty = "x\r\nBcc: all@victim.example\r\n\r\nBody"
        is_eq(join(site, "nasty@partner.example", nasty).status, 422, "a name with line ends is refused")
        page = join(site, "nasty@partner.example", "=?utf-8?q?=0ABcc:_all@victim.example?= \\\" <x>")
        is_eq(page.status, 200, "one that looks encoded is a name")
        wait_until(lambda: post.to("nasty@partner.example"), "the mail")
        message = post.to("nasty@partner.example")[0]
        is_eq(sorted(message.keys()), sorted(["Date", "From", "To", "Subject", "Message-ID", "X-Certgate-Mail",
                                             "Auto-Submitted", "MIME-Version", "Content-Type"]), "the head has our fields alone")
        like(message.get_body(("plain",)).get_content(), re.escape('=?utf-8?q?=0ABcc:_all@victim.example?= \\" <x>'), "the name is text")
        like(message.get_body(("html",)).get_content(), "&lt;x&gt;", "and escaped in HTML")
        entry_name = "<script>alert(1)</script> & {{portal_url}}"
        org = site.rest("POST", "/organisations", {"name": "Nasty", "contacts": ["org@nasty.example"]}).body
        is_eq(site.rest("POST", "/keys", {"name": "Key\u202e " + entry_name}).status, 422, "a name that turns the text round is refused")
        key = site.make_key("Key " + entry_name + " é" * 40, organisation_id=org["id"], token=True)
        site.rest("PATCH", "/keys/" + key["id"], {"active": False})
        wait_until(lambda: post.to("org@nasty.example"), "the mail")
        message = post.to("org@nasty.example")[0]
        like(message["Subject"], re.escape(entry_name), "a long subject comes back whole")
        unlike(message.get_body(("html",)).get_content(), "<script>", "HTML in a name is text")

    with case("a mail program that fails"):
        post.mode("fail")
        for i in range(3):
            join(site, f"late{i}@partner.example")

        def told():
            with open(site.logs + "/supervise.log", encoding="utf-8", errors="replace") as text:
                return text.read().count("mail_not_sent") >= 3
        wait_until(told, "the failures in the log")
        with open(site.logs + "/supervise.log", encoding="utf-8", errors="replace") as log:
            text = log.read()
        like(text, "status 75", "the log has its status")
        like(text, r"mailbox \\\\?x1b\[31mon fire", "and what it said, made safe")
        is_eq(sum(len(post.to(f"late{i}@partner.example")) for i in range(3)), 0, "nothing went out")
        post.mode("ok")
        join(site, "next@partner.example")
        wait_until(lambda: post.to("next@partner.example"), "another one goes out meanwhile")
        site.stop_programs()
        is_eq(send(site, post, at="+2h"), 0, "later it is tried again")
        is_eq([len(post.to(f"late{i}@partner.example")) for i in range(3)], [1, 1, 1], "nothing is lost, each goes out once")
        is_eq(send(site, post, at="+1d"), 0, "and not again")
        is_eq([len(post.to(f"late{i}@partner.example")) for i in range(3)], [1, 1, 1], "however often it is looked")
        site.start_programs(env=env)
        site.wait_ready()

    with case("there is no mail program"):
        missing = Post(site.folder + "/missing")
        os.unlink(missing.program)
        site.stop_programs()
        site.start_programs(env={**env, "CERTGATE_SENDMAIL": missing.program})
        site.wait_ready()
        join(site, "patient@partner.example")
        wait_until(lambda: "cannot be started" in open(site.logs + "/supervise.log", encoding="utf-8").read(), "the reason in the log")
        site.stop_programs()
        send(site, post, at="+2h")
        is_eq(len(post.to("patient@partner.example")), 1, "the mail waits for one")
        site.start_programs(env=env)
        site.wait_ready()

    with case("without the setting base_urls"):
        site.rest("PATCH", "/settings", {"base_urls": {"portal": ""}})
        join(site, "lost@partner.example")
        wait_until(lambda: "base_urls.portal is missing" in open(site.logs + "/supervise.log", encoding="utf-8").read(), "the reason in the log")
        is_eq(post.to("lost@partner.example"), [], "no link is made up from a request's Host")
        site.rest("PATCH", "/settings", {"base_urls": {"portal": site.url}})
        site.stop_programs()
        send(site, post, at="+2h")
        is_eq(len(post.to("lost@partner.example")), 1, "the mail has waited")

    with case("who sends is killed"):
        site.start_programs(env={**env, "CERTGATE_SENDMAIL": missing.program})
        site.wait_ready()
        addresses = [f"kill{i}@partner.example" for i in range(12)]
        for address in addresses:
            join(site, address)
        site.stop_programs()
        # In the middle of handing over; then at a moment that is another one each time.
        post.mode("hang")
        before = len(post.got())
        process = send(site, post, at="+3h", wait=False)
        wait_until(lambda: len(post.got()) > before, "a mail program that hangs")
        process.kill()
        process.communicate()
        hanging = [pid for *_, pid in post.got() if os.path.exists(f"/proc/{pid}")]
        post.mode("ok")
        for pid in hanging:
            os.kill(pid, signal.SIGKILL)
        for _ in range(4):
            before = len(post.got())
            process = send(site, post, at="+3h", wait=False)
            wait_until(lambda: len(post.got()) > before or process.poll() is not None, "some mail")
            process.kill()
            process.communicate()
        is_eq(send(site, post, at="+3h"), 0, "at the end one is left in peace")
        by_address = {a: post.to(a) for a in addresses}
        is_eq([a for a in addresses if not by_address[a]], [], "each mail went out at least once")
        is_eq([a for a in addresses if len({m["Message-ID"] for m in by_address[a]}) != 1], [],
              "those that came twice have one id")
        site.start_programs(env=env)
        site.wait_ready()
        twice = next((a for a in addresses if len(by_address[a]) > 1), None)
        ok(twice, "some did come twice")
        links = [re.search(r"code=([a-z2-7]{52})", m.get_body(("plain",)).get_content())[1] for m in by_address[twice or addresses[0]]]
        browser = Browser(site)
        is_eq([browser.get(f"/portal/confirm?code={c}").status for c in links], [200] * len(links), "and each link works")
        browser.submit(browser.get(f"/portal/confirm?code={links[0]}"), "Confirm")
        is_eq([browser.get(f"/portal/confirm?code={c}").status for c in links], [404] * len(links), "until one was used")

    with case("who hears of an end"):
        old = site.rest("POST", "/organisations", {"name": "Old", "contacts": ["ops@old.example"]}).body
        site.rest("POST", "/developers", {"name": "Dee", "email": "dee@old.example", "organisation_id": old["id"]})
        off = site.rest("POST", "/developers", {"name": "Off", "email": "off@old.example", "organisation_id": old["id"]}).body
        site.rest("PATCH", "/developers/" + off["id"], {"active": False})
        site.rest("POST", "/developers", {"name": "Eli", "email": "eli@other.example"})
        cert = site.make_cert("old", days=40)
        api = site.make_api()
        key = site.make_key("Made by the administrator", cert, api, organisation_id="Old")
        alone = site.make_key("Nobody's", site.make_cert("alone", days=40), api)
        site.stop_programs()
        seen = []
        for days, word in ((5, None), (11, "30"), (12, None), (27, "14"), (34, "7"), (35, None), (39, "1"), (41, "ended"), (43, None)):
            # And an hour: on a fast machine the last day begins after all this.
            is_eq(house(site, post, f"+{24 * days + 1}h"), 0, f"after {days} days the steward does its work")
            now = sorted(m["Subject"] for m in post.to("ops@old.example"))
            is_eq(len(now) - len(seen), 1 if word else 0, "one mail" if word else "none")
            if word and word != "ended":
                text = [m.get_body(("plain",)).get_content() for m in post.to("ops@old.example")]
                ok([t for t in text if f"within {word} day" in t], f"that says within {word} days")
                ok([t for t in text if cert.sha256 in t and f"{site.url}/portal/keys/{key['id']}" in t],
                   "of which certificate, and where to renew it")
            seen = now
        like(" ".join(seen), "has ended", "the last one tells that it has happened")
        is_eq(len(post.to("dee@old.example")), 5, "the developer gets each too")
        is_eq([a for a in ("off@old.example", "eli@other.example") if post.to(a)], [],
              "nobody who is switched off, nobody else")
        is_eq([m["Subject"] for _, m, *_ in post.got() if "Nobody's" in m["Subject"]], [], "a key of nobody's is told to nobody")
        site.start_programs(env=env)
        site.wait_ready()

    with case("who hears of a quota, and of a revocation"):
        site.rest("POST", "/organisations", {"name": "Busy", "contacts": ["ops@busy.example"]})
        cert = site.make_cert("busy", days=300)
        key = site.make_key("Busy one", cert, api, organisation_id="Busy", quota={"limit": 10, "period": "day"})
        for _ in range(7):
            site.curl("/mtls-api/x", cert=cert)
        other = site.make_key("Busy two", site.make_cert("two", days=300), api, organisation_id="Busy", token=True)
        site.rest("DELETE", f"/keys/{other['id']}/credentials/{site.made[-1].sha256}?reason=superseded")
        wait_until(lambda: post.to("ops@busy.example"), "the mail of the revocation")
        is_eq([m["Subject"] for m in post.to("ops@busy.example")], ['The certificate of "Busy two" was revoked'],
              "a revocation is told; seven of ten calls are not")
        site.curl("/mtls-api/x", cert=cert)
        wait_until(lambda: len(post.to("ops@busy.example")) > 1, "the mail at 80 %")
        for _ in range(3):
            site.curl("/mtls-api/x", cert=cert)
        wait_until(lambda: len(post.to("ops@busy.example")) > 2, "the mail at 100 %")
        site.rest("PATCH", "/keys/" + other["id"], {"active": False})
        wait_until(lambda: len(post.to("ops@busy.example")) > 3, "the mail of a key that is switched off")
        is_eq(sorted(m["Subject"] for m in post.to("ops@busy.example")),
              sorted(['The certificate of "Busy two" was revoked', '"Busy one" has used 80 % of its quota',
                      '"Busy one" has used 100 % of its quota', '"Busy two" was revoked']), "each once")

    with case("an administrator hears of requests where there is an address"):
        user = site.rest("GET", "/users").body["items"][0]
        is_eq(site.rest("PATCH", "/users/" + user["id"], {"email": "Admin@Host.example"}).body["email"],
              "admin@host.example", "users may have one")
        is_eq(site.rest("PATCH", "/users/" + user["id"], {"email": "a\r\nb@c.example"}).status, 422, "which must be one")
done_testing()
