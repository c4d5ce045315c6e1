// Improvements only: every page does all of its work without this.
"use strict";

// Copy buttons beside commands, tokens and fingerprints.
if (navigator.clipboard) {
  for (const code of document.querySelectorAll("[data-copy]")) {
    const text = code.textContent;
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn btn--sm copy";
    button.textContent = "Copy";
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(text);
      button.textContent = "Copied";
      setTimeout(() => { button.textContent = "Copy"; }, 2000);
    });
    const frame = document.createElement("div");
    frame.className = "copyable";
    code.replaceWith(frame);
    frame.append(code, button);
  }
}

// A form is sent once, however often its button is pressed.
for (const form of document.querySelectorAll("form[method=post]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}
// Back from the page that followed: it may be sent again, and the server knows what it has made.
addEventListener("pageshow", (event) => {
  if (!event.persisted) return; // the page's first: a form may have been sent before that
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
