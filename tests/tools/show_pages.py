"""An installation with something on every page: for the browser's tests and for screenshots."""
import os
import subprocess

from environment import BIN
from pages import Browser

FILL_TOOL = os.path.join(os.path.dirname(BIN), "tests/tools/usage_fill")
PASSWORD = "correct horse battery staple"


def fill_usage(site, apis, keys, hourly):
    """A month of usage by these ids, `hourly` keys in each hour."""
    lines = [f"api {a}" for a in apis] + [f"key {k}" for k in keys]
    subprocess.run([FILL_TOOL, site.home, str(hourly)], check=True, text=True,
                   input="\n".join(lines), timeout=900)


def fill(site):
    """Makes APIs, keys, certificates and refusals; returns {name: path} of every page, signed in."""
    site.make_api("Payments", "/payments/v2/")
    site.make_api("Customer records", "/crm/", auth={"use_certificate": True, "use_token": True},
                  rate={"limit": 200, "per_seconds": 1}, allowed_ips=["127.0.0.0/8"],
                  upstream_tls={"server_name": "crm.internal.example"},
                  request_headers={"set": [{"name": "X-Tenant", "value": "aster"}]},
                  cors={"allowed_origins": ["https://app.aster.example"]})
    off = site.make_api("Status page", "/status/", auth={"keyless": True}, active=False)
    apis = {a["name"]: a for a in site.rest("GET", "/apis").body["items"]}
    policy = site.rest("POST", "/policies", {
        "name": "Standard", "applies": ["access", "rate"], "rate": {"limit": 50, "per_seconds": 1},
        "access": [{"api_id": apis["Payments"]["id"]}]}).body
    certs = {name: site.make_cert(name, days=days, subject=f"/CN={name}/O={owner}/C=DE")
             for name, owner, days in (("billing-batch", "Aster Finance", 200),
                                       ("wh-north-01", "Kestrel Logistics", 9),
                                       ("claims-web", "Halden Insurance", 400))}
    billing = site.make_key("Billing batch", certs["billing-batch"], policy_ids=[policy["id"]],
                            quota={"limit": 500000, "period": "month"}, tags=["finance", "batch"],
                            access=[{"api_id": apis["Customer records"]["id"],
                                     "methods": ["GET", "HEAD"], "paths": ["/people/*"]}])
    site.make_key("Warehouse north", certs["wh-north-01"], apis["Payments"],
                  rate={"limit": 20, "per_seconds": 1}, quota={"limit": 100000, "period": "month"})
    mobile = site.make_key("Mobile app (test)", api=apis["Customer records"], token=True)
    site.make_key("Claims portal", certs["claims-web"], apis["Payments"], active=False)
    authority = site.make_ca("Aster Finance Issuing CA 2")
    site.rest("POST", "/certificates", {"pem": authority.pem, "kind": "ca"})
    blocked = site.rest("POST", "/exposed-keys", {"spki_sha256": "5a" * 32}).body
    old = site.make_cert("billing-old", days=20, subject="/CN=billing-batch-old/O=Aster Finance/C=DE")
    added = site.rest("POST", f"/keys/{billing['id']}/credentials", {"certificate": old.pem}).body
    site.rest("DELETE", f"/keys/{billing['id']}/credentials/{added['sha256']}?reason=superseded")
    stranger = site.make_cert("stranger", subject="/CN=depot-scanner/O=Kestrel Logistics/C=SE")
    site.curl("/payments/v2/batches", cert=stranger)
    site.curl("/crm/people/88", cert=certs["wh-north-01"])
    site.curl("/payments/v2/batches", cert=certs["billing-batch"])
    site.curl("/crm/people/88", "-X", "DELETE", cert=certs["billing-batch"])
    site.curl("/nothing/here")
    fill_usage(site, [a["id"] for a in apis.values()],
               [k["id"] for k in site.rest("GET", "/keys").body["items"]], 40)
    refusals = site.rest("GET", "/refusals?code=credential_unknown").body["items"]
    user = site.rest("GET", "/users").body["items"][0]
    token = site.rest("GET", "/tokens").body["items"][0]
    sha256 = [c for c in billing["credentials"] if c["type"] == "certificate"][0]["sha256"]
    badge = site.make_cert("boss-badge", days=300, subject="/CN=boss-badge/O=Aster Finance/C=DE")
    site.rest("POST", f"/users/{user['id']}/certificates", {"certificate": badge.pem})
    partner = site.rest("POST", "/organisations", {"name": "Kestrel Logistics",
                                                   "contacts": ["ops@kestrel.example"]}).body
    developer = site.rest("POST", "/developers", {
        "name": "Ada Nilsson", "email": "ada@kestrel.example", "password": PASSWORD,
        "organisation_id": partner["id"], "role": "manager"}).body
    offer = site.rest("POST", "/catalogue", {
        "name": "Payments for partners", "policy_id": policy["id"],
        "description": "Pay in, pay out, *look up* a batch.",
        "documentation_url": "https://docs.aster.example/payments"}).body
    depot = site.make_cert("depot", days=200, subject="/CN=depot-7/O=Kestrel Logistics/C=SE")
    asked = [site.rest("POST", "/requests", {
        "developer_id": developer["id"], "catalogue_id": offer["id"], **what}).body["id"]
        for what in ({"name": "Depot 7", "certificate": depot.pem}, {"name": "Script", "token": True})]
    site.rest("POST", f"/requests/{asked[1]}/decline", {"reason": "Please use a certificate."})
    key, api = f"/admin/keys/{billing['id']}", f"/admin/apis/{apis['Payments']['id']}"
    return {
        "overview": "/admin/", "apis": "/admin/apis", "api-new": "/admin/apis/new", "api": api,
        "api-whole": f"/admin/apis/{apis['Customer records']['id']}", "api-off": f"/admin/apis/{off['id']}", "api-delete": api + "/delete",
        "keys": "/admin/keys", "keys-searched": "/admin/keys?q=kestrel",
        "keys-filtered": "/admin/keys?status=active&credential=certificate&tag=batch",
        "keys-none": "/admin/keys?q=nobody", "key-new": "/admin/keys/new", "key": key,
        "key-edit": key + "/edit", "key-delete": key + "/delete",
        "credential-new": key + "/credentials/new", "key-access": key + "/access",
        "credential": f"{key}/credentials/{sha256}",
        "credential-revoke": f"{key}/credentials/{sha256}/revoke",
        "certificates": "/admin/certificates", "certificate-new": "/admin/certificates/new",
        "certificate": f"/admin/certificates/{sha256}",
        "certificate-delete": f"/admin/certificates/{sha256}/delete",
        "credential-token": f"/admin/keys/{mobile['id']}/credentials/{mobile['credentials'][0]['sha256']}",
        "ca": f"/admin/certificates/{authority.sha256}",
        "crl": f"/admin/certificates/{authority.sha256}/crl",
        "crl-delete": f"/admin/certificates/{authority.sha256}/crl/delete",
        "exposed-keys": "/admin/exposed-keys",
        "exposed-key-delete": f"/admin/exposed-keys/{blocked['id']}/delete",
        "certificates-due": "/admin/certificates?due=yes",
        "overview-month": "/admin/?span=30d", "monitoring": "/admin/monitoring",
        "monitoring-week": "/admin/monitoring?span=7d&group_by=status",
        "monitoring-apis": "/admin/monitoring?span=30d&group_by=api",
        "monitoring-keys": "/admin/monitoring?span=30d&group_by=key",
        "monitoring-hour": "/admin/monitoring?span=1h&group_by=key",
        "report-access": "/admin/reports/access",
        "report-access-before": "/admin/reports/access?at=2026-01-01T00:00",
        "refusals": "/admin/refusals",
        "refusal-key": f"/admin/refusals/{refusals[0]['id']}/key",
        "policies": "/admin/policies", "policy": f"/admin/policies/{policy['id']}",
        "policy-new": "/admin/policies/new",
        "policy-access": f"/admin/policies/{policy['id']}/access",
        "policy-delete": f"/admin/policies/{policy['id']}/delete",
        "catalogue": "/admin/catalogue", "entry-new": "/admin/catalogue/new",
        "entry": f"/admin/catalogue/{offer['id']}",
        "entry-delete": f"/admin/catalogue/{offer['id']}/delete",
        "requests": "/admin/requests", "request": f"/admin/requests/{asked[0]}",
        "request-declined": f"/admin/requests/{asked[1]}",
        "developers": "/admin/developers", "developer-new": "/admin/developers/new",
        "developer": f"/admin/developers/{developer['id']}",
        "developer-delete": f"/admin/developers/{developer['id']}/delete",
        "organisations": "/admin/organisations", "organisation-new": "/admin/organisations/new",
        "organisation": f"/admin/organisations/{partner['id']}",
        "key-transfer": key + "/transfer",
        "users": "/admin/users", "user-new": "/admin/users/new",
        "user": f"/admin/users/{user['id']}", "user-delete": f"/admin/users/{user['id']}/delete",
        "user-certificate-new": f"/admin/users/{user['id']}/certificates/new",
        "user-certificate-delete":
            f"/admin/users/{user['id']}/certificates/{badge.sha256}/delete",
        "tokens": "/admin/tokens", "token-edit": f"/admin/tokens/{token['id']}", "token-delete": f"/admin/tokens/{token['id']}/delete",
        "settings": "/admin/settings", "explain": "/admin/explain",
        "explain-refusal": f"/admin/explain?request_id={refusals[0]['id']}",
        "explain-pass": f"/admin/explain?sha256={sha256}&url=/payments/v2/x",
        "audit": "/admin/audit", "password": "/admin/password", "not-found": "/admin/nothing",
    }


def owner(site):
    """Changes the one-time password; returns that Browser."""
    browser = Browser(site)
    browser.first_sign_in("admin", site.password, PASSWORD)
    return browser
