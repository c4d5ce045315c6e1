"""The REST interface of a site as its tests use it: records with names of their own, and refusals with
all that belongs to them."""
import itertools
import json
import re
import urllib.parse

from tap import diag, ok, unlike

BASE = "/admin/api/v1"
JSON = "application/json"
PROBLEM = "application/problem+json"
# An id that no record has.
NOWHERE = "a" * 26

_numbers = itertools.count(1)


def fresh(word="x"):
    return f"{word}-{next(_numbers)}"


def api_body(**members):
    name = fresh("api")
    return {"name": name, "listen_path": f"/{name}/", "target_url": "http://127.0.0.1:9/", **members}


def problem(answer, status, code, name, field=None):
    """One check: a refusal, as problem details with everything that they have."""
    body = answer.body if isinstance(answer.body, dict) else {}
    fields = [e.get("field") for e in body.get("errors", [])]
    good = (answer.status == status and answer.headers.get("content-type") == PROBLEM and
            body.get("status") == status and body.get("code") == code and body.get("title") and
            body.get("detail") and body.get("request_id") == answer.headers.get("x-request-id") and
            all(e.get("message") for e in body.get("errors", [])) and
            # One of the faults, or a sentence about it; never about what is none.
            (not fields or body["detail"].startswith(tuple(fields)) or
             any(e["message"] in body["detail"] for e in body["errors"])) and
            (field is None or field in fields))
    if not ok(good, name):
        diag(f"want {status} {code} {field}", repr(answer)[:900])
    return good


def without_use(record):
    """A record less when it, or a credential in it, was used: programs note that later than the use."""
    less = {n: v for n, v in record.items() if n not in ("first_used_at", "last_used_at")}
    if "credentials" in less:
        less["credentials"] = [without_use(c) for c in less["credentials"]]
    return less


class Rest:
    """Called, it asks as site.rest does."""

    def __init__(self, site):
        self.site = site

    def __call__(self, method, path, *args, **kwargs):
        return self.site.rest(method, path, *args, **kwargs)

    def must(self, *args, **kwargs):
        return self.site.must(*args, **kwargs)

    def new_api(self, **members):
        return self.must("POST", "/apis", api_body(**members), 201)

    def new_key(self, **members):
        return self.must("POST", "/keys", {"name": fresh("key"), **members}, 201)

    def new_token(self, role="viewer"):
        """A token for REST, by command."""
        made = self.site.certgate("token", "create", "--name", fresh("token"), "--role", role, "--json")
        return json.loads(made.stdout)

    def etag(self, path):
        return self("GET", path).headers.get("etag")

    def pages(self, path):
        """The items of a list, page by page to its end; `path` has a query."""
        cursor, n = "", 0
        while cursor is not None:
            n += 1
            if n > 1000:
                raise RuntimeError(f"{path}: the pages have no end")
            page = self.must("GET", path + (f"&cursor={urllib.parse.quote(cursor)}" if cursor else ""))
            if page["next"] and not page["items"]:
                raise RuntimeError(f"{path}: an empty page that is not the last")
            yield page["items"]
            cursor = page["next"]

    def check_log(self):
        """What the programs said while all this was asked."""
        with open(self.site.logs + "/supervise.log", errors="replace", encoding="utf-8") as log:
            text = log.read()
        unlike(text, "rest_failed", "no request failed by a fault of ours")
        unlike(text, re.escape(self.site.token), "the token is not in it")
        unlike(text, "ERROR|runtime error|database_failed", "nor any fault")
