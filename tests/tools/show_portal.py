"""A portal with something on every page: for the browser's tests and for screenshots."""
from portal import PASSWORD, Developer, entry, wait_mail

DESCRIPTION = """Pay in, pay out and look up a batch. Answers in JSON, amounts in minor units.

## What you can call

- `GET /payments/v2/batches` lists your batches, newest first.
- `POST /payments/v2/batches` sends a batch of up to 1,000 payments.

```
curl --cert client.crt --key client.key https://gate.example.com/payments/v2/batches?from=2026-11-01
```

| code | what to do |
| --- | --- |
| `429` | wait as long as `Retry-After` says |

More in the [documentation](https://docs.example.com/payments)."""


def fill(site):
    """Makes a catalogue, a developer with keys and requests; returns him and {name: path} of his pages
    and of the dashboard's."""
    payments = site.make_api("Payments API", "/payments/v2/")
    quotes = site.make_api("Quotes API", "/quotes/")
    tokens = site.make_api("Token API", "/tokens/",
                           auth={"use_certificate": False, "use_token": True})
    standard = {"applies": ["access", "rate", "quota"], "rate": {"limit": 50, "per_seconds": 1},
                "quota": {"limit": 500000, "period": "month"}}
    offered = {
        "payments": entry(site, "Payments", [payments], standard, description=DESCRIPTION,
                          documentation_url="https://docs.example.com/payments",
                          max_keys_per_developer=9),
        "quotes": entry(site, "Shipping quotes", [quotes], approval="automatic",
                        description="Price and pick-up time for a parcel, from all carriers."),
        "token": entry(site, "Reference data", [tokens], approval="automatic"),
        "strict": entry(site, "Account statements", [payments, tokens], proof="required"),
    }
    entry(site, "Customer records", [payments], visible=False)
    jonas = Developer(site, "Jonas Weber")
    certs = [site.make_cert(n, days=d, subject=f"/CN={n}/O=Example & Sons/C=DE")
             for n, d in (("settle-01", 20), ("client-7", 364), ("desk-3", 200), ("cache-eu", 300))]

    def id_of(page):
        return page.path.split("?")[0].rsplit("/", 1)[-1]

    asked = id_of(jonas.ask(offered["payments"], "Nightly settlement", certs[0].pem))
    key = site.rest("POST", f"/requests/{asked}/approve").body["key_id"]
    waiting = id_of(jonas.ask(offered["payments"], "Billing batch", certs[1].pem))
    declined = id_of(jonas.ask(offered["payments"], "Rates cache", certs[3].pem))
    site.rest("POST", f"/requests/{declined}/decline",
              {"reason": "Please use a certificate of your company's CA."})
    jonas.ask(offered["quotes"], "Parcel desk", certs[2].pem)
    by_token = id_of(jonas.ask(offered["token"], "Script"))
    site.curl("/payments/v2/batches", cert=certs[0])
    site.curl("/quotes/x", cert=certs[0])
    sha256 = certs[0].sha256
    jonas.submit(jonas.get(f"/portal/keys/{key}"), "Add certificate", {
        "Public certificate (PEM)": site.make_cert("settle-02").pem, "Password": PASSWORD})
    stop = wait_mail(jonas.email, r"(/portal/stop\?code=\w+)")[1]
    return jonas, {
        "portal-catalogue": "/portal/", "portal-entry": f"/portal/apis/{offered['payments']['id']}",
        "portal-request": f"/portal/apis/{offered['payments']['id']}/request",
        "portal-request-token": f"/portal/apis/{offered['token']['id']}/request",
        "portal-request-both": f"/portal/apis/{offered['strict']['id']}/request",
        "portal-request-sent": f"/portal/requests/{waiting}?done=sent",
        "portal-request-declined": f"/portal/requests/{declined}",
        "portal-keys": "/portal/keys", "portal-key": f"/portal/keys/{key}",
        "portal-key-token": f"/portal/keys/{by_token}",
        "portal-key-revoke": f"/portal/keys/{key}/credentials/{sha256}/revoke",
        "portal-key-give-up": f"/portal/keys/{key}/give-up", "portal-usage": "/portal/usage",
        "portal-help": "/portal/help", "portal-whoami": "/portal/whoami",
        "portal-stop": stop,
    }, {
        "catalogue": "/admin/catalogue", "catalogue-new": "/admin/catalogue/new",
        "catalogue-entry": f"/admin/catalogue/{offered['payments']['id']}",
        "catalogue-delete": f"/admin/catalogue/{offered['payments']['id']}/delete",
        "requests": "/admin/requests", "requests-approved": "/admin/requests?status=approved",
        "requests-none": "/admin/requests?status=withdrawn",
        "request": f"/admin/requests/{waiting}",
    }
