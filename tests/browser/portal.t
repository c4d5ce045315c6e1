#!/usr/bin/python3
"""The portal's pages in Chromium, light and dark, wide and narrow: axe finds nothing, nothing scrolls
sideways, the console is silent; self-service as a person does it, with JavaScript; and what a script
keeps from being sent."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from portal import PASSWORD, wait_mail  # noqa: E402
import cases  # noqa: E402
from chromium import Chromium  # noqa: E402
from looks import in_all_looks  # noqa: E402
from processes import wait_until  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from show_pages import PASSWORD as ADMIN_PASSWORD  # noqa: E402
from show_pages import owner  # noqa: E402
from show_portal import fill  # noqa: E402
from tap import case, done_testing, is_eq, ok  # noqa: E402
from website import Site  # noqa: E402

FIELD = "Public certificate (PEM)"
site = Site()


with site, Chromium(site) as browser:
    urls = {name: site.url for name in ("gate", "portal", "admin")}
    site.rest("PATCH", "/settings", {"base_urls": urls})
    owner(site)

    with case("empty"):
        in_all_looks(browser, "portal-catalogue-empty", "/portal/")
        browser.sign_in("admin", ADMIN_PASSWORD)
        in_all_looks(browser, "catalogue-empty", "/admin/catalogue")
        in_all_looks(browser, "requests-empty", "/admin/requests")

    with case("self-service, as a person does it"):
        site.make_api()
        browser.get("/admin/policies/new")
        browser.type("Name", "Trial plan 1")
        browser.tick("mtls-api")
        browser.press("Create")
        browser.get("/admin/catalogue/new")
        browser.type("Name", "Trial")
        browser.type("Description", "Pay **in**.")
        browser.press("Create")
        ok("The entry was created" in browser.text(), "an entry is made")
        browser.get("/portal/join")
        browser.type("Name", "Ida Person")
        browser.type("E-mail", "ida@partner.example")
        browser.type("Password", PASSWORD)
        browser.press("Join")
        code = wait_mail("ida@partner.example", r"/portal/confirm\?code=(\w+)")[1]
        browser.get(f"/portal/confirm?code={code}")
        browser.press("Confirm")
        if "/login" in browser.path():
            browser.type("E-mail", "ida@partner.example")
            browser.type("Password", PASSWORD)
            browser.press("Sign in")
        browser.get("/portal/keys")
        in_all_looks(browser, "portal-keys-empty", "/portal/keys")
        browser.get("/portal/")
        browser.follow(browser.driver.find_element(By.LINK_TEXT, "Trial").click)
        browser.follow(browser.driver.find_element(By.LINK_TEXT, "Request a key").click)
        is_eq(browser.focused("name"), "name", "the first field has the focus")
        cert = site.make_cert("ida", subject="/CN=ida-7/O=Example & Sons/C=DE")
        browser.type("Key name", "Billing")
        browser.paste(FIELD, cert.pem)
        wait_until(lambda: "Certificate read" in browser.text(), "the preview, without a button")
        ok("CN=ida-7" in browser.text("#preview"), "it shows the subject")
        ok("This certificate can be used" in browser.text("#verdict"), "and that it can be used")
        in_all_looks(browser, "portal-request-read")
        browser.press("Request key")
        ok("Waiting for approval" in browser.text(), "the request waits")
        is_eq(browser.console(), [], "the console is silent")
        browser.get("/admin/requests")
        ok("Ida Person asks for Trial" in browser.text(), "the dashboard has it")
        browser.follow(lambda: browser.driver.find_element(
            By.CSS_SELECTOR, "form[action$=approve] button").click())
        ok("Approved" in browser.text(), "it is approved")
        is_eq(site.curl("/mtls-api/my-endpoint", cert=cert).status, 200, "the next call gives 200")
        browser.console()

    with case("a private key does not leave the browser"):
        path = "/portal/apis/" + site.rest("GET", "/catalogue").body["items"][0]["id"] + "/request"
        browser.get(path)
        browser.run("window.sent = []; const old = window.fetch; window.fetch = (u, o) => {"
                    "window.sent.push(o.body.get('certificate')); return old(u, o)}")
        other = site.make_cert("other")
        browser.type("Key name", "Second")
        browser.paste(FIELD, other.key_pem + other.pem)
        is_eq(browser.run("return arguments[0].value", browser.labelled(FIELD)).strip(),
              other.pem.strip(), "it is taken out of the text, and the certificate stays")
        ok("A private key was taken out" in browser.text(), "the page says so")
        wait_until(lambda: browser.run("return window.sent.length") > 0, "the preview is asked for")
        ok(not any("PRIVATE" in text for text in browser.run("return window.sent")),
           "what was sent has no private key")
        wait_until(lambda: "can be used" in browser.text("#verdict"), "the certificate is read")
        in_all_looks(browser, "portal-request-removed", quiet=False)
        browser.paste(FIELD, other.key_pem)
        is_eq(browser.run("return arguments[0].value", browser.labelled(FIELD)), "",
              "alone it leaves an empty field")
        both = site.certs + "/both.pem"
        with open(both, "w", encoding="ascii") as file:
            file.write(other.pem + other.key_pem)
        browser.labelled("Upload .pem").send_keys(both)
        wait_until(lambda: "BEGIN CERT" in browser.run("return arguments[0].value",
                                                       browser.labelled(FIELD)), "a file is read")
        is_eq(browser.run("return arguments[0].files.length", browser.labelled("Upload .pem")), 0,
              "and not sent, when it holds a private key")
        is_eq(site.rest("GET", "/exposed-keys").body["items"], [], "nothing was exposed")
        browser.console()

    with case("problems while it is typed"):
        browser.get(path)
        browser.paste(FIELD, cert.pem)
        wait_until(lambda: "belongs to the key" in browser.text(), "one's own")
        browser.paste(FIELD, cases.contents("content/rsa1024.pem").decode())
        wait_until(lambda: "2048" in browser.text("#e-certificate"), "a weak one")
        server = site.make_cert("server", extensions=("extendedKeyUsage=serverAuth",))
        browser.paste(FIELD, server.pem)
        wait_until(lambda: "A certificate for servers alone" in browser.text(), "one for servers")
        ok("self-signed" in browser.text("#verdict"), "with what to do")
        browser.console()

    with case("keyboard"):
        browser.get("/portal/keys")
        browser.driver.switch_to.active_element.send_keys(Keys.TAB)
        is_eq(browser.focused("textContent"), "Skip to content",
              "the first stop skips the menu")
        browser.get(path)
        browser.type("Key name", "by Enter")
        browser.follow(lambda: browser.labelled("Key name").send_keys(Keys.ENTER))
        is_eq(site.rest("GET", "/requests?q=by%20Enter").body["items"], [],
              "Enter in a field presses what is harmless")
        browser.console()

    with case("the portal's pages"):
        jonas, own, dashboard = fill(site)
        browser.get("/portal/login")
        browser.driver.delete_all_cookies()
        for name in ("portal-catalogue", "portal-entry", "portal-help", "portal-whoami",
                     "portal-stop"):
            in_all_looks(browser, name + "-signed-out", own[name])
        browser.get("/portal/login")
        browser.type("E-mail", jonas.email)
        browser.type("Password", PASSWORD)
        browser.press("Sign in")
        for name, where in own.items():
            in_all_looks(browser, name, where)
        for name, text in (("privkey", other.key_pem), ("inuse", cert.pem), ("server", server.pem)):
            browser.get(own["portal-request"])
            browser.run("document.querySelector('[data-certificate-form]').replaceWith("
                        "document.querySelector('[data-certificate-form]').cloneNode(true))")
            browser.type("Key name", "Billing batch")
            browser.run("arguments[0].value = arguments[1]", browser.labelled(FIELD), text)
            browser.press("Request key")
            is_eq(browser.focused("name"), "certificate",
                  f"{name}: the field has the focus")
            in_all_looks(browser, f"portal-request-{name}", quiet=False)
        browser.get(own["portal-key-token"])
        browser.press("Make the token")
        in_all_looks(browser, "portal-token-made")

    with case("the dashboard's pages"):
        browser.sign_in("admin", ADMIN_PASSWORD)
        for name, where in dashboard.items():
            in_all_looks(browser, name, where)
        browser.get("/admin/catalogue/new")
        browser.run("document.querySelector('form.form').noValidate = true")
        browser.type("Description", "[x](javascript:alert(1))")
        browser.press("Create")
        is_eq(browser.focused("name"), "name",
              "the first field that is wrong has the focus")
        in_all_looks(browser, "catalogue-entry-error", quiet=False)
done_testing()
