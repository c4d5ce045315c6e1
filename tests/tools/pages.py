"""A browser without JavaScript: cookies, redirects, and forms that are filled in by what stands on the
page, so that a test does what a person does."""
import concurrent.futures
import html.parser
import http.client
import re
import ssl
import urllib.parse


class Field:
    def __init__(self, attrs, kind):
        self.attrs, self.kind = attrs, kind
        self.name, self.value = attrs.get("name"), attrs.get("value", "")
        self.checked = "checked" in attrs
        self.options = []  # of a select: (value, text, selected)
        self.file = None   # (file name, bytes)


class Form:
    def __init__(self, attrs):
        self.attrs, self.fields, self.buttons = attrs, [], []  # buttons: (text, name, value)
        self.method = attrs.get("method", "get").upper()
        self.action = attrs.get("action", "")


class Parser(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.forms, self.labels, self.links = [], {}, []
        self.text, self.title, self.ids, self.tags = "", "", [], []
        self._form = self._field = self._button = self._label = self._link = self._option = None
        self._in_title = False

    def handle_starttag(self, tag, attrs):
        attrs = {n: "" if v is None else v for n, v in attrs}
        self.tags.append((tag, attrs))
        if "id" in attrs:
            self.ids.append(attrs["id"])
        if tag == "form":
            self._form = Form(attrs)
            self.forms.append(self._form)
        elif tag == "input" and self._form:
            self._form.fields.append(Field(attrs, attrs.get("type", "text")))
        elif tag in ("textarea", "select") and self._form:
            self._field = Field(attrs, tag)
            self._field.value = ""
            self._form.fields.append(self._field)
        elif tag == "option" and self._field:
            self._option = [attrs.get("value"), "", "selected" in attrs]
        elif tag == "button":
            self._button = [attrs, ""]
        elif tag == "label":
            self._label = [attrs.get("for"), ""]
        elif tag == "a":
            self._link = [attrs.get("href", ""), ""]
        elif tag == "title":
            self._in_title = True

    def handle_endtag(self, tag):
        if tag == "form":
            self._form = None
        elif tag in ("textarea", "select"):
            self._field = None
        elif tag == "option" and self._option:
            value, text, selected = self._option
            self._field.options.append((text if value is None else value, text, selected))
            self._option = None
        elif tag == "button" and self._button:
            attrs, text = self._button
            if self._form and attrs.get("type", "submit") == "submit":
                self._form.buttons.append((" ".join(text.split()), attrs.get("name"),
                                           attrs.get("value", "")))
            self._button = None
        elif tag == "label" and self._label:
            self.labels.setdefault(" ".join(self._label[1].split()), []).append(self._label[0])
            self._label = None
        elif tag == "a" and self._link:
            self.links.append((" ".join(self._link[1].split()), self._link[0]))
            self._link = None
        elif tag == "title":
            self._in_title = False

    def handle_data(self, data):
        if self._field is not None and self._field.kind == "textarea":
            self._field.value += data
            return
        for part in (self._option, self._button, self._label, self._link):
            if part is not None:
                part[1] += data
        if self._in_title:
            self.title += data
        self.text += data


class Page:
    def __init__(self, path, status, headers, body):
        self.path, self.status, self.headers, self.body = path, status, headers, body
        self.html = body.decode("utf-8", "replace")
        parser = Parser()
        parser.feed(self.html)
        self.forms, self.labels, self.links = parser.forms, parser.labels, parser.links
        self.text = " ".join(parser.text.split())
        self.title, self.ids, self.tags = parser.title, parser.ids, parser.tags

    def header(self, name):
        return self.headers.get(name)

    def form(self, button):
        """The form with this button, and the button."""
        for form in self.forms:
            for found in form.buttons:
                if found[0] == button:
                    return form, found
        raise LookupError(f"{self.path} has no button “{button}”: "
                          f"{[b[0] for f in self.forms for b in f.buttons]}")

    def field(self, form, label):
        for wanted in self.labels.get(label, []):
            for field in form.fields:
                if field.attrs.get("id") == wanted:
                    return field
        raise LookupError(f"{self.path} has no field “{label}” in that form: {list(self.labels)}")

    def link(self, text):
        for found, href in self.links:
            if found == text:
                return href
        raise LookupError(f"{self.path} has no link “{text}”: {[t for t, _ in self.links]}")

    def token(self):
        for form in self.forms:
            for field in form.fields:
                if field.name == "csrf_token":
                    return field.value
        return None


def encode_multipart(pairs):
    boundary = "----certgate-test-7MA4YWxkTrZu0gW"
    out = b""
    for name, value, filename in pairs:
        out += f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"'.encode()
        if filename is not None:
            out += f'; filename="{filename}"\r\nContent-Type: application/octet-stream'.encode()
        out += b"\r\n\r\n" + (value if isinstance(value, bytes) else value.encode()) + b"\r\n"
    return f"multipart/form-data; boundary={boundary}", out + f"--{boundary}--\r\n".encode()


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND")


def method_faults(browser, table, path, methods=METHODS):
    """What is wrong with how a path answers what its routes do not take, HEAD, and a slash at its end.
    table: (method, pattern) of the program's."""
    def takes(path):
        found = {m for m, pattern in table if re.fullmatch(re.sub(r":\w+", "[^/]+", pattern), path)}
        return found | {"HEAD"} if "GET" in found else found

    allowed, faults = takes(path), []
    for method in set(methods) - allowed:
        page = browser.request(method, path, follow=False)
        told = set((page.header("Allow") or "").split(", "))
        if (page.status, told) != (405, allowed):
            faults.append(f"{method} {path}: {page.status}, Allow {told}, not {allowed}")
    if "GET" in allowed:
        got, head = (browser.request(m, path, follow=False) for m in ("GET", "HEAD"))
        for part in ("Location", "Content-Type"):
            if (got.status, got.header(part)) != (head.status, head.header(part)) or head.html:
                faults.append(f"HEAD {path}: {head.status} {head.header(part)}, GET: {got.status} {got.header(part)}")
    if not takes(path + "/"):
        for method in sorted(allowed)[-1], "PUT":
            page = browser.request(method, path + "/?a=b", follow=False)
            if (page.status, page.header("Location")) != (308, path + "?a=b"):
                faults.append(f"{method} {path}/: {page.status} {page.header('Location')}")
    return faults


class Browser:
    """headers: sent with every request, e.g. what a browser says of where it comes from; cert: shown in
    each handshake."""

    def __init__(self, site, headers=None, cert=None):
        self.site, self.cookies, self.headers, self.cert = site, {}, dict(headers or {}), cert
        self.set_cookies = []  # every Set-Cookie, as it came

    def request(self, method, path, body=None, headers=None, follow=True):
        context = ssl.create_default_context(cafile=self.site.ca)
        if self.cert:
            context.load_cert_chain(self.cert.path, self.cert.key)
        sent = {**self.headers, **(headers or {})}
        if self.cookies:
            sent.setdefault("Cookie", "; ".join(f"{n}={v}" for n, v in self.cookies.items()))
        connection = http.client.HTTPSConnection("localhost", self.site.port, timeout=60,
                                                 context=context)
        try:
            connection.request(method, path, body=body, headers=sent)
            answer = connection.getresponse()
            data = answer.read()
        finally:
            connection.close()
        for value in answer.headers.get_all("Set-Cookie") or []:
            self.set_cookies.append(value)
            pair, *attributes = value.split("; ")
            name, _, text = pair.partition("=")
            if "Max-Age=0" in attributes:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = text
        if follow and answer.status == 303:
            return self.get(answer.headers["Location"])
        return Page(path, answer.status, answer.headers, data)

    def get(self, path, **kwargs):
        return self.request("GET", path, **kwargs)

    def submit(self, page, button, values=None, change=None, **kwargs):
        """Presses the button after typing: values by label; True and False tick; a list chooses several
        of a select by text; (name, bytes) is a file.  `change`: pairs by name that replace those
        of the form (None: left out)."""
        form, (_, button_name, button_value) = page.form(button)
        typed = {}
        for label, value in (values or {}).items():
            typed[id(page.field(form, label))] = value
        pairs = []
        for field in form.fields:
            value = typed.get(id(field), None)
            if field.name is None:
                continue
            if field.kind in ("checkbox", "radio"):
                on = field.checked if value is None else value
                if field.kind == "radio" and value is None and any(
                        f.name == field.name and typed.get(id(f)) is True for f in form.fields):
                    on = False
                if on:
                    pairs.append((field.name, field.value or "on", None))
            elif field.kind == "select":
                chosen = [v for v, t, s in field.options if (t in value if value is not None else s)]
                if not chosen and "multiple" not in field.attrs and field.options:
                    chosen = [field.options[0][0]]
                pairs += [(field.name, v, None) for v in chosen]
            elif field.kind == "file":
                name, data = value or ("", b"")
                pairs.append((field.name, data, name))
            else:
                pairs.append((field.name, field.value if value is None else value, None))
        if button_name:
            pairs.append((button_name, button_value, None))
        for name, value in (change or {}).items():
            pairs = [p for p in pairs if p[0] != name]
            if value is not None:
                pairs.append((name, value, None))
        path = form.action or page.path
        if form.method == "GET":
            query = urllib.parse.urlencode([(n, v) for n, v, _ in pairs])
            return self.get(path + "?" + query, **kwargs)
        if form.attrs.get("enctype") == "multipart/form-data":
            kind, body = encode_multipart(pairs)
        else:
            kind = "application/x-www-form-urlencoded"
            body = urllib.parse.urlencode([(n, v) for n, v, _ in pairs])
        headers = {"Content-Type": kind, **kwargs.pop("headers", {})}
        return self.request("POST", path, body=body, headers=headers, **kwargs)

    def sign_in(self, name, password, **kwargs):
        return self.submit(self.get("/admin/login"), "Sign in",
                           {"User name": name, "Password": password}, **kwargs)

    def first_sign_in(self, name, one_time, password):
        """With a one-time password, and the change that follows."""
        return self.submit(self.sign_in(name, one_time), "Save",
                           {"Current password": one_time, "New password": password,
                            "Repeat new password": password})


def at_once(*calls):
    """What each of these gives, made at the same moment."""
    with concurrent.futures.ThreadPoolExecutor(len(calls)) as pool:
        return [one.result() for one in [pool.submit(call) for call in calls]]


def pressed(browser, page, button, values=None):
    """A press of the button by a browser of its own, so that two can be at it."""
    def press():
        other = Browser(browser.site)
        other.cookies = dict(browser.cookies)
        return other.submit(page, button, values)
    return press
