"""What tests of the portal share: developers, what is offered, and a browser that is signed in."""
import pages


PASSWORD = "correct horse battery staple"


class Developer(pages.Browser):
    """A developer with an account, made by an administrator, and the browser of his."""

    def __init__(self, site, name, email=None, sign_in=True, **kwargs):
        super().__init__(site, **kwargs)
        self.name, self.email = name, email or name.lower().replace(" ", ".") + "@partner.example"
        made = site.rest("POST", "/developers", {"name": name, "email": self.email,
                                                 "password": PASSWORD})
        if made.status != 201:
            raise RuntimeError(f"no developer: {made}")
        self.record = made.json()
        if sign_in:
            page = self.submit(self.get("/portal/login"), "Sign in",
                               {"E-mail": self.email, "Password": PASSWORD})
            if page.status != 200 or "Sign out" not in page.text:
                raise RuntimeError(f"{name} cannot sign in: {page.status} {page.text}")

    def form(self, entry):
        return self.get(f"/portal/apis/{entry['id']}/request")

    def ask(self, entry, name="Billing", certificate="", button="Request key", page=None, **kwargs):
        """Pastes a certificate and presses the button."""
        values = {"Key name": name}
        if certificate:
            values["Public certificate (PEM)"] = certificate
        return self.submit(page or self.form(entry), button, values, **kwargs)


def policy(site, name, apis, **members):
    made = site.rest("POST", "/policies", {"name": name, "applies": ["access"], "access": [
        {"api_id": api["id"]} for api in apis], **members})
    if made.status != 201:
        raise RuntimeError(f"no policy: {made}")
    return made.json()


def entry(site, name, apis, policy_members=None, **members):
    """A catalogue entry with a policy of its own."""
    of = policy(site, name + " plan", apis, **(policy_members or {}))
    made = site.rest("POST", "/catalogue", {"name": name, "policy_id": of["id"], **members})
    if made.status != 201:
        raise RuntimeError(f"no entry: {made}")
    return made.json()


def pem(cert):
    with open(cert.path, encoding="ascii") as file:
        return file.read()


def request_of(page):
    """The id of the request whose page this is."""
    return page.path.split("?")[0].rsplit("/", 1)[-1]
