#!/usr/bin/python3
"""Names of one long word, as long as they may be, which an administrator or a developer chooses, widen no page
(WCAG 1.4.10), hide nothing, and leave room for the words beside them."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from chromium import Chromium  # noqa: E402
from portal import PASSWORD as OF_DEVELOPER  # noqa: E402
from show_pages import PASSWORD, owner  # noqa: E402
from tap import case, done_testing, is_eq  # noqa: E402
from website import Site  # noqa: E402

WORD = ("payments_service_production_eu_central_1_partner_integration_and_then_some_more_of_it_" * 3)[:200]
PATH = "/word/" + "x" * 150 + "/"
WIDTHS = (1440, 1100, 768, 360)
site = Site()


def look(browser, paths):
    for width in WIDTHS:
        browser.look(False, width)
        for path in paths:
            browser.get(path)
            name = f"{re.sub('[a-z2-7]{26}|[0-9a-f]{64}', ':id', path)[:60]}, {width} px"
            is_eq(browser.too_wide(), [], name)
            is_eq(browser.cut_off(), [], name + ": all can be read")
    browser.look(False, WIDTHS[0])


with site, Chromium(site) as browser:
    owner(site)
    api = site.make_api(WORD, PATH, auth={"use_certificate": True, "use_token": True},
                        secret_headers=[{"name": WORD[:100].replace("_", "-"), "value": "x"}])
    cert = site.make_cert("word", subject=f"/CN={WORD[:60]}/O={WORD[:60]}")
    other = site.make_cert("other", subject=f"/CN={WORD[:60]}/O={WORD[:60]}")

    def make(resource, **members):
        return site.must("POST", "/" + resource, {"name": WORD, **members}, 201)["id"]

    policy = make("policies", applies=["access"], access=[{"api_id": api["id"]}])
    organisation = make("organisations", contacts=["a" * 60 + "@" + "b" * 60 + ".example"])
    developer = make("developers", email="a" * 60 + "@one.example", organisation_id=organisation, role="manager",
                     password=OF_DEVELOPER)
    key = site.make_key(WORD, cert, api, tags=[WORD], organisation_id=organisation, quota={"limit": 2, "period": "day"})
    offer = make("catalogue", policy_id=policy, description=f"{WORD}\n\n`{WORD}`\n\n| a | b |\n|---|---|\n| {WORD} | x |")
    asked = make("requests", developer_id=developer, catalogue_id=offer, certificate=other.pem)
    user, token = make("users", role="viewer", password=PASSWORD), make("tokens", role="viewer")
    site.must("PATCH", "/settings", {"portal_title": WORD[:100]})
    for _ in range(4):
        site.curl(PATH + "q" * 300, cert=cert)
    site.curl("/word/x")
    one, sha256 = f"keys/{key['id']}", cert.sha256
    with case("the dashboard"):
        browser.get("/admin/login")
        browser.sign_in("admin", PASSWORD)
        look(browser, ["/admin/" + path for path in (
            "", "keys", one, one + "/edit", one + "/access", one + "/delete", one + "/transfer", "keys/new",
            f"{one}/credentials/{sha256}", f"{one}/credentials/{sha256}/revoke", "apis", f"apis/{api['id']}",
            f"apis/{api['id']}/delete", "policies", f"policies/{policy}", "certificates", f"certificates/{sha256}",
            f"certificates/{sha256}/delete", "organisations", f"organisations/{organisation}", "developers",
            f"developers/{developer}", "catalogue", f"catalogue/{offer}", "requests", f"requests/{asked}", "monitoring",
            "monitoring?group_by=key", "refusals", "audit", "reports/access", "explain", "users", f"users/{user}", "tokens",
            f"tokens/{token}", f"explain?sha256={sha256}&url={PATH}x", "keys?q=" + WORD)])
    with case("the portal"):
        browser.driver.delete_all_cookies()
        look(browser, ["/portal/login", "/portal/join", "/portal/"])
        browser.get("/portal/login")
        browser.type("E-mail", "a" * 60 + "@one.example")
        browser.type("Password", OF_DEVELOPER)
        browser.press("Sign in")
        look(browser, ["/portal/" + path for path in (
            "", "?q=" + WORD, f"apis/{offer}", f"apis/{offer}/request", f"requests/{asked}", "keys", one,
            one + "/give-up", f"{one}/credentials/{sha256}/revoke", "usage", "organisation", "account", "whoami", "help")])
done_testing()
