#!/usr/bin/python3
"""Names of one long word, which an administrator or a developer chooses, widen no page (WCAG 1.4.10)."""
import os
import re
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from chromium import Chromium  # noqa: E402
from show_pages import PASSWORD, owner  # noqa: E402
from tap import done_testing, is_eq  # noqa: E402
from website import Site  # noqa: E402

WORD = "payments_service_production_eu_central_1_partner_integration_and_then_some_more_of_it"
site = Site()

with site, Chromium(site) as browser:
    owner(site)
    api = site.make_api(WORD, "/word/", secret_headers=[{"name": WORD.replace("_", "-"), "value": "x"}])
    key = site.make_key(WORD, site.make_cert("word", subject=f"/CN={WORD[:60]}"), api, tags=[WORD])

    def make(resource, **members):
        return site.rest("POST", "/" + resource, {"name": WORD, **members}).body["id"]

    policy = make("policies", applies=["access"], access=[{"api_id": api["id"]}])
    organisation = make("organisations")
    developer = make("developers", email="a@b.example", organisation_id=organisation)
    offer = make("catalogue", policy_id=policy)
    asked = make("requests", developer_id=developer, catalogue_id=offer, token=True)
    site.curl("/word/x")
    one = f"keys/{key['id']}"
    browser.get("/admin/login")
    browser.sign_in("admin", PASSWORD)
    for width in (360, 1440):
        browser.look(False, width)
        for path in ("", "keys", one, one + "/edit", one + "/access", one + "/delete", one + "/transfer", "keys/new",
                     "apis", f"apis/{api['id']}", f"apis/{api['id']}/delete", "policies", f"policies/{policy}",
                     "organisations", f"organisations/{organisation}", "developers", f"developers/{developer}",
                     "catalogue", f"catalogue/{offer}", "requests", f"requests/{asked}", "monitoring", "refusals",
                     "audit", "reports/access", "explain"):
            browser.get("/admin/" + path)
            is_eq(browser.too_wide(), [], f"/admin/{re.sub('[a-z2-7]{26}', ':id', path)}, {width} px")
done_testing()
