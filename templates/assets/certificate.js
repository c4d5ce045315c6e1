// Improvements to a form with a certificate: a private key is taken out before anything is sent,
// and what is read shows while it is typed.  The server does all of it without this.
"use strict";

const privateMark = /PRIVATE\s+KEY|PuTTY-User-Key-File|BEGIN PGP/i;
const certificateBlock = /-----BEGIN (?:X509 )?CERTIFICATE-----[\sA-Za-z0-9+/=]*?-----END (?:X509 )?CERTIFICATE-----/g;

for (const form of document.querySelectorAll("form[data-certificate-form]")) {
  const text = form.querySelector("textarea[name=certificate]");
  const file = form.querySelector("input[name=upload]");
  const note = document.getElementById("removed-note");
  if (!text) continue;

  const tell = () => {
    const field = text.closest(".field");
    if (note && !field.querySelector("[data-removed]")) {
      const shown = note.content.firstElementChild.cloneNode(true);
      shown.dataset.removed = "";
      field.append(shown);
    }
  };
  const clean = () => {
    if (!privateMark.test(text.value)) return;
    text.value = (text.value.match(certificateBlock) || []).filter((b) => !privateMark.test(b)).join("\n");
    tell();
  };

  // While it is typed; the newest answer counts.
  let timer = 0;
  let asked = 0;
  const read = async () => {
    const preview = document.getElementById("preview");
    const verdict = document.getElementById("verdict");
    if (!preview || !verdict || !text.value.includes("END ")) return;
    const number = ++asked;
    const data = new FormData();
    for (const name of ["csrf_token", "once", "name"]) data.set(name, form.elements[name]?.value ?? "");
    data.set("certificate", text.value);
    data.set("do", "read");
    const answer = await fetch(form.action, { method: "POST", body: data, credentials: "same-origin" });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (number !== asked) return;
    for (const old of [preview, verdict]) {
      const fresh = page.getElementById(old.id);
      if (fresh) old.replaceChildren(...fresh.childNodes);
    }
    const field = text.closest(".field");
    for (const old of field.querySelectorAll(".error")) old.remove();
    const error = page.getElementById("e-certificate");
    field.classList.toggle("field--error", Boolean(error));
    if (error) {
      text.after(error);
      text.setAttribute("aria-invalid", "true");
      text.setAttribute("aria-describedby", "e-certificate h-certificate");
    } else {
      text.removeAttribute("aria-invalid");
      text.setAttribute("aria-describedby", "h-certificate");
    }
  };
  text.addEventListener("input", () => {
    clean();
    clearTimeout(timer);
    timer = setTimeout(() => read().catch(() => {}), 400);
  });

  // A file that holds a private key is not sent at all.
  file?.addEventListener("change", async () => {
    const chosen = file.files[0];
    if (!chosen || chosen.size > 1048576) return;
    const inside = new TextDecoder("latin1").decode(await chosen.arrayBuffer());
    if (!privateMark.test(inside)) return;
    file.value = "";
    const blocks = inside.match(certificateBlock) || [];
    if (blocks.length > 0) {
      text.value = blocks.join("\n");
      text.dispatchEvent(new Event("input"));
    }
    tell();
  });
  form.addEventListener("submit", (event) => {
    clean();
    if (privateMark.test(text.value)) event.preventDefault();
  }, true);
}
