"""What tests of the portal share: developers, what is offered, and a browser that is signed in."""
import atexit
import email
import email.policy
import os
import re
import shutil
import tempfile

import pages
from processes import wait_until


PASSWORD = "correct horse battery staple"


# Before a Site starts: its programs write mails there.
MAIL = tempfile.mkdtemp(prefix="cgt-mail.", dir="/tmp")
os.chmod(MAIL, 0o777)
os.environ["CERTGATE_MAIL"] = MAIL
atexit.register(shutil.rmtree, MAIL, True)


def mails(to):
    """The texts of all mails to an address so far, oldest first."""
    texts = []
    paths = [os.path.join(MAIL, n) for n in os.listdir(MAIL) if n.endswith(".eml")]
    # Names tell the second alone.
    for path in sorted(paths, key=lambda path: os.stat(path).st_mtime_ns):
        with open(path, "rb") as file:
            message = email.message_from_binary_file(file, policy=email.policy.default)
        if message["To"] == to:
            texts.append(f"{message['Subject']}\n\n{message.get_body(('plain',)).get_content()}")
    return texts


def wait_mail(to, pattern):
    """The first mail to an address that fits, once it is there."""
    def look():
        return [m for m in (re.search(pattern, text) for text in mails(to)) if m]
    wait_until(look, f"a mail to {to} with {pattern}")
    return look()[0]


class Developer(pages.Browser):
    """A developer who has joined, and his browser."""

    def __init__(self, site, name, **kwargs):
        super().__init__(site, **kwargs)
        if not site.rest("GET", "/settings").body["base_urls"]["portal"]:
            site.rest("PATCH", "/settings", {"base_urls": {n: site.url for n in ("gate", "portal", "admin")}})
        self.name, self.email = name, name.lower().replace(" ", ".") + "@partner.example"
        self.submit(self.get("/portal/join"), "Join",
                    {"Name": name, "E-mail": self.email, "Password": PASSWORD})
        code = wait_mail(self.email, r"/portal/confirm\?code=(\w+)")[1]
        self.submit(self.get(f"/portal/confirm?code={code}"), "Confirm")
        if "Sign out" not in self.get("/portal/keys").text:
            self.sign_in()

    def sign_in(self, password=PASSWORD):
        self.cookies = {}
        page = self.submit(self.get("/portal/login"), "Sign in",
                           {"E-mail": self.email, "Password": password})
        if page.status != 200 or "Sign out" not in page.text:
            raise RuntimeError(f"{self.name} cannot sign in: {page.status} {page.text}")
        return page

    def form(self, entry):
        return self.get(f"/portal/apis/{entry['id']}/request")

    def ask(self, entry, name="Billing", certificate="", button="Request key", page=None, **kwargs):
        """Pastes a certificate and presses the button."""
        values = {"Key name": name}
        if certificate:
            values["Public certificate (PEM)"] = certificate
        return self.submit(page or self.form(entry), button, values, **kwargs)


def policy(site, name, apis, **members):
    return site.must("POST", "/policies", {"name": name, "applies": ["access"], "access": [
        {"api_id": api["id"] if isinstance(api, dict) else api} for api in apis], **members}, 201)


def entry(site, name, apis, policy_members=None, **members):
    """A catalogue entry with a policy of its own."""
    of = policy(site, name + " plan", apis, **(policy_members or {}))
    return site.must("POST", "/catalogue", {"name": name, "policy_id": of["id"], **members}, 201)


def pem(cert):
    with open(cert.path, encoding="ascii") as file:
        return file.read()


def request_of(page):
    """The id of the request whose page this is."""
    return page.path.split("?")[0].rsplit("/", 1)[-1]
