#!/usr/bin/python3
"""The figures of the dashboard are those of REST, in the chart, in its table and in the cards: overview,
monitoring by API, key, status and code, pages of keys and APIs; the log of refusals by its filters; which
certificates end soon."""
import os
import re
import sys
import time
import urllib.parse

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../tools"))
from pages import Browser  # noqa: E402
from processes import wait_until  # noqa: E402
from show_pages import PASSWORD, owner  # noqa: E402
from tap import case, done_testing, is_eq, like, ok, unlike  # noqa: E402
from website import Site  # noqa: E402

site = Site()
site.open()
rest = site.must


def usage(seconds, **parameters):
    start = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - seconds))
    query = urllib.parse.urlencode({"from": start, **parameters})
    return rest("GET", "/usage?" + query)["items"]


def number(text):
    return int(text.replace(",", ""))


def bars(page):
    """Of the chart: (when, allowed, refused, upstream errors) of each bar, as its tips say."""
    return [(when, number(a), number(r), number(f)) for when, a, r, f in re.findall(
        r"<title>([^<]*): ([\d,]+) allowed, ([\d,]+) refused, ([\d,]+) upstream errors</title>",
        page.html)]


def table(page):
    """The same of the table beside it."""
    found = re.search(r'id="figures-[a-z]+".*?</table>', page.html, re.S)
    return [(when, number(a), number(r), number(f)) for when, a, r, f in re.findall(
        r'<th scope="row" class="nowrap">([^<]*)</th><td class="right">([\d,]+)</td>'
        r'<td class="right">([\d,]+)</td><td class="right">([\d,]+)</td>',
        found.group(0) if found else "")]


def heights(page):
    """What is drawn, in thousandths of the highest bar: allowed, refused, upstream errors in all."""
    out = []
    for kind in ("ok", "warn", "bad"):
        out.append(sum(float(h) for h in re.findall(
            rf'<rect class="c-{kind}" x="[\d.]+" y="[\d.]+" width="7.6" height="([\d.]+)"/>', page.html)))
    return out


def card(page, name):
    """The big figure of a card, and what stands beside it."""
    found = re.search(rf'<dt>{name}</dt><dd><span class="stat__n">([^<]*)</span>(.*?)</dd>', page.html, re.S)
    return (found.group(1), re.sub(r"<[^>]*>", "", found.group(2)).strip()) if found else None


def rows(page):
    """"Where it happens": name, requests, refused, upstream errors."""
    part = page.html[page.html.index('id="h-by"'):page.html.index('id="h-new"')]
    return [(re.sub(r"<[^>]*>", "", head).strip(), number(n), number(r), number(f))
            for head, n, r, f in re.findall(
                r'<th scope="row">(?:<a [^>]*>|<span class="table__name">)([^<]*)<.*?</th>.*?'
                r'data-label="Requests"[^>]*>([\d,]+)</td>.*?data-label="Refused"[^>]*>([\d,]+)</td>.*?'
                r'data-label="Upstream errors"[^>]*>([\d,]+)</td>', part, re.S)]


busy = site.make_api("busy", "/busy/", auth={"use_certificate": True, "use_token": True})
calm = site.make_api("calm", "/calm/")
broken = site.make_api("broken", "/broken/", target_url="http://127.0.0.1:1/")
cert = site.make_cert("holder", subject="/CN=holder")
k1 = site.make_key("by token", access=[{"api_id": a["id"]} for a in (busy, broken)], token=True,
                   quota={"limit": 2000, "period": "month"})
k2 = site.make_key("by certificate", cert, access=[{"api_id": a["id"]} for a in (busy, calm)])
k3 = site.make_key("never", api=calm, token=True)
stranger = site.make_cert("stranger", subject="/CN=stranger")


def call(path, n, token=None):
    for _ in range(n):
        site.fcgi({"REQUEST_URI": path, **({"HTTP_AUTHORIZATION": "Bearer " + token} if token else {})})


browser = owner(site)
first_day = time.strftime("%Y-%m-%d", time.gmtime())

with case("before anything was called"):
    page = browser.get("/admin/")
    is_eq(card(page, "Requests")[0], "0", "no request")
    ok("No request in this time" in page.text and not bars(page), "and no chart of nothing")
    ok("none was used yet" in page.text and "by token" in page.text, "the keys are there all the same")

call("/busy/x", 1210, k1["token"])
call("/busy/x", 30)
call("/broken/x", 7, k1["token"])
site.curl("/busy/x", cert=cert)
site.curl("/calm/x", cert=cert)
site.curl("/busy/x", cert=stranger)
call("/calm/x", 12, k3["token"] + "x")
call("/nowhere", 2)
ALL, REFUSED, FAILED = 1264, 45, 7
wait_until(lambda: sum(i["requests"] for i in usage(7200)) == ALL, "the counts")

with case("overview"):
    for span, step, seconds in (("1h", "minute", 3540), ("24h", "hour", 23 * 3600),
                                ("7d", "hour", 167 * 3600), ("30d", "day", 29 * 86400)):
        page = browser.get("/admin/?span=" + span)
        items = usage(seconds, step=step)
        want = (ALL - REFUSED - FAILED, REFUSED, FAILED)
        is_eq(card(page, "Requests")[0], f"{ALL:,}", f"{span}: the requests")
        is_eq(card(page, "Refused"), ("3.6 %", "45 · mostly: No certificate, no token"),
              f"{span}: the share of refused ones, and why")
        is_eq(tuple(sum(b[i] for b in bars(page)) for i in (1, 2, 3)), want, f"{span}: the chart's tips")
        is_eq(table(page), bars(page), f"{span}: the table has the same")
        is_eq([b[1] + b[2] + b[3] for b in bars(page) if any(b[1:])],
              [i["requests"] for i in items], f"{span}: bar by bar what REST says")
        drawn = heights(page)
        ok(all(abs(h / drawn[0] - n / want[0]) < 0.01 for h, n in zip(drawn, want)),
           f"{span}: it is drawn to scale")
        is_eq([t for t, _ in re.findall(r'<a href="[^"]*span=(\w+)"( aria-current="true")', page.html)],
              [span], f"{span}: is marked as chosen")
    page = browser.get("/admin/")
    is_eq(len(bars(page)), 24, "a day unless chosen")
    latency = usage(23 * 3600)[0]["latency_ms"]
    like(card(page, "Median latency")[0], r"^[\d.]+ ms$", "a latency")
    shown = float(card(page, "Median latency")[0].split()[0])
    ok(abs(shown - latency["p50"]) < (0.06 if latency["p50"] < 9.9 else 0.6), "as REST has it")
    is_eq(re.findall(r'class="table__name" href="/admin/apis/([a-z0-9]+)">', page.html),
          [busy["id"], calm["id"], broken["id"]], "the busiest API first")
    is_eq(set(re.findall(r'class="table__name" href="/admin/keys/([a-z0-9]+)">', page.html)),
          {k1["id"], k2["id"]}, "the keys that were used")
    unlike(page.html, r"\sstyle=|<style|<script>|javascript:", "nothing inline")
    is_eq(browser.get("/admin/?span=nonsense").status, 200, "a span that is none is a day")

with case("monitoring"):
    for by, member, name in (("api", "api_id", {busy["id"]: "busy", calm["id"]: "calm",
                                                broken["id"]: "broken", "": "No API has the path"}),
                             ("key", "key_id", {k1["id"]: "by token", k2["id"]: "by certificate",
                                                "": "Nobody was identified"}),
                             ("status", "status", {})):
        page = browser.get("/admin/monitoring?group_by=" + by)
        items = usage(23 * 3600, group_by=by)
        is_eq(sorted(rows(page)),
              sorted((name.get(i[member], str(i[member])), i["requests"], i["refused"],
                      i["upstream_errors"]) for i in items), f"by {by}: as REST has it")
        ok([r[1] for r in rows(page)] == sorted((r[1] for r in rows(page)), reverse=True),
           f"by {by}: the most first")
    page = browser.get("/admin/monitoring")
    is_eq(rows(page), [("No certificate, no token", 30, 30, 0), ("Not registered", 13, 13, 0),
                       ("Upstream not reached", 7, 0, 7), ("No API has the path", 2, 2, 0)],
          "by reason, unless chosen")
    is_eq((card(page, "Refused"), card(page, "Upstream errors")), (("45", "3.6 %"), ("7", "0.6 %")),
          "what was refused, and what failed behind")
    is_eq(table(page), bars(page), "the table has what the chart has")
    for key in (k1["id"], "by token"):
        page = browser.get("/admin/monitoring?group_by=api&key_id=" + urllib.parse.quote(key))
        is_eq(sorted(rows(page)), [("broken", 7, 0, 7), ("busy", 1210, 0, 0)], f"of one key: {key}")
        is_eq(card(page, "Requests")[0], "1,217", f"and all of it: {key}")
    page = browser.get(f"/admin/monitoring?group_by=code&api_id={busy['id']}")
    is_eq(rows(page), [("No certificate, no token", 30, 30, 0), ("Not registered", 1, 1, 0)],
          "of one API")
    page = browser.get("/admin/monitoring?group_by=status&step=minute&span=1h")
    is_eq(len(bars(page)), 60, "minute by minute")
    today = time.strftime("%Y-%m-%d", time.gmtime())
    page = browser.get(f"/admin/monitoring?from={first_day}&to={today}")
    ok(len(bars(page)) in (24, 48), "of a day")  # two, when midnight was in between
    is_eq(card(page, "Requests")[0], f"{ALL:,}", "all of it")
    page = browser.get(f"/admin/monitoring?from=2026-01-01&to={today}&step=minute")
    ok(len(bars(page)) > 0 and "per day" in page.text, "as fine as it is still known")
    page = browser.get(f"/admin/monitoring?from={today}&to={today}&group_by=key&key_id=by+token&api_id={busy['id']}")
    for text in ("API", "Status", "Refusal code"):
        link = page.link(text)
        ok(all(f"{n}={v}" in link for n, v in (("from", today), ("to", today), ("key_id", "by%20token"),
                                               ("api_id", busy["id"]))), f"{text}: keeps what was asked")

with case("questions that cannot be answered"):
    site.make_key("twice", token=True)
    site.make_key("twice", token=True)
    for query, text in (("api_id=nobody", "There is no API"), ("key_id=nobody", "There is no key"), ("key_id=twice", "by its id"),
                        ("from=yesterday", "is not a day"), ("from=2026-02-31", "is not a day"),
                        ("from=2026-11-02&to=2026-11-01", "after the last day"),
                        ("step=week", "is not minute, hour or day")):
        page = browser.get("/admin/monitoring?" + query)
        is_eq(page.status, 422, f"{query}: is refused")
        field = query.split("=")[0]
        ok(text in page.text and re.search(rf'id="f-{field}"[^>]*aria-invalid="true"', page.html),
           f"{query}: at its field")

with case("the log of refusals"):
    def listed(query):
        page = browser.get("/admin/refusals?" + query)
        found = re.findall(r'href="/admin/explain\?request_id=([a-z0-9]+)"', page.html)
        while True:
            more = [href for text, href in page.links if text == "Next page"]
            if not more:
                return found
            page = browser.get(more[0])
            found += re.findall(r'href="/admin/explain\?request_id=([a-z0-9]+)"', page.html)

    def told(query):
        found, cursor = [], ""
        while cursor is not None:
            body = rest("GET", f"/refusals?{query}" + (f"&cursor={cursor}" if cursor else ""))
            found += [i["id"] for i in body["items"]]
            cursor = body["next"]
        return found

    everything = listed("")
    is_eq(everything, told(""), "all of it, page by page")
    ok(len(everything) > 50 and len(set(everything)) == len(everything), "each once")
    for code in ("credential_missing", "credential_unknown", "upstream_unreachable"):
        is_eq(listed("code=" + code), told("code=" + code), f"by reason: {code}")
    is_eq(listed(f"api_id={calm['id']}"), told(f"api_id={calm['id']}"), "by API")
    is_eq(listed(f"code=credential_unknown&api_id={busy['id']}"),
          told(f"code=credential_unknown&api_id={busy['id']}"), "by both")
    sha256 = stranger.sha256.lower().replace(":", "")
    pairs = ":".join(sha256[i:i + 2] for i in range(0, 64, 2)).upper()
    for text in (sha256, pairs, "SHA256 Fingerprint=" + pairs, "sha256:" + sha256):
        is_eq(listed("q=" + urllib.parse.quote(text)), told("sha256=" + sha256),
              f"by fingerprint: {text[:24]}…")
    is_eq(len(told("sha256=" + sha256)), 1, "which is one")
    one = told("sha256=" + sha256)[0]
    is_eq(listed("q=" + one), [one], "by request id")
    page = browser.get("/admin/refusals?q=" + one)
    page = browser.get(page.link("Make a key from this certificate " + " ".join(
        sha256[i:i + 4] for i in range(0, 12, 4))))
    ok("stranger" in page.text, "leads to a key from the certificate")
    page = browser.get("/admin/monitoring")
    ok([h for t, h in page.links if h == f"/admin/explain?request_id={everything[0]}"],
       "the newest are in monitoring, each with its why")

with case("a key"):
    quota = [i["quota"] for i in usage(7200, group_by="key") if i["key_id"] == k1["id"]][0]
    page = browser.get(f"/admin/keys/{k1['id']}")
    ok(f"{quota['used']:,} of 2,000" in page.text and f"{quota['remaining']:,} left" in page.text,
       "what is left of its quota")
    ok("renews in" in page.text, "and when it renews")
    is_eq(sum(b[1] for b in bars(page)), 1210, "its usage")
    is_eq(table(page), bars(page), "as a table, too")
    part = page.html[page.html.index('id="h-hist"'):]
    is_eq(re.findall(r'<li><span class="grow">([^<]*)<br>', part), ["Credential added", "Key created"],
          "what was done to it, the newest first")
    part = page.html[page.html.index('id="h-ref"'):]
    is_eq(len(re.findall(r"/admin/explain\?request_id=", part)), 5, "its last refusals, each with its why")
    page = browser.get(f"/admin/keys/{k3['id']}")
    ok("Not used in this time" in page.text and "never used" in page.text, "one that was never used")

with case("an API"):
    page = browser.get(f"/admin/apis/{busy['id']}")
    is_eq(tuple(sum(b[i] for b in bars(page)) for i in (1, 2, 3)), (1211, 31, 0), "its usage")
    is_eq(table(page), bars(page), "as a table, too")

with case("certificates that end soon"):
    ends = {}
    for name, days in (("in ten", 10), ("in five", 5), ("in forty", 40), ("revoked", 6), ("off", 7),
                       ("ends before", 8)):
        soon = site.make_cert(name.replace(" ", "-"), days=days, subject=f"/CN={name}")
        key = site.make_key(name, soon, api=calm)
        ends[name] = soon.sha256.lower().replace(":", ""), key["id"]
    rest("DELETE", f"/keys/{ends['revoked'][1]}/credentials/{ends['revoked'][0]}", status=204)
    rest("PATCH", f"/keys/{ends['off'][1]}", {"active": False})
    rest("PATCH", f"/keys/{ends['ends before'][1]}/credentials/{ends['ends before'][0]}",
         {"ends_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 86400))})
    page = browser.get("/admin/certificates?due=yes")
    found = re.findall(r'class="table__name" href="/admin/certificates/([0-9a-f]+)"', page.html)
    mine = [ends["in five"][0], ends["in ten"][0]]
    is_eq([f for f in found if f in [e[0] for e in ends.values()]], mine,
          "those in use, the first to end first")
    page = browser.get("/admin/")
    count, following = card(page, "Certificates due")
    is_eq(count, str(len(found)), "counted in the overview")
    like(following, r"^next in [45] days$", "with when the first one ends")

with case("a viewer"):
    rest("POST", "/users", {"name": "looker", "role": "viewer", "password": PASSWORD}, 201)
    looker = Browser(site)
    looker.sign_in("looker", PASSWORD)
    for path in ("/admin/", "/admin/monitoring", "/admin/refusals", "/admin/reports/access",
                 f"/admin/keys/{k1['id']}"):
        is_eq(looker.get(path).status, 200, f"{path}: may be read")
    ok("Make a key" not in looker.get("/admin/monitoring").text, "without buttons that lead nowhere")
done_testing()
