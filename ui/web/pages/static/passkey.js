// Passkeys (https://www.w3.org/TR/webauthn-3/), the one thing that HTML cannot do.
// A form with data-passkey="create" or "get" asks the server to begin (data-begin), the browser
// for the key, and the server to finish (data-finish). Browsers without passkeys never show it.
"use strict";

const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

async function ask(path, body) {
  const answer = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const value = await answer.json().catch(() => ({}));
  if (value.error && value.error.code === "fresh_sign_in_needed") location.assign("/sign-in/again?next=" + encodeURIComponent(location.pathname));
  if (!answer.ok) throw new Error(value.error ? value.error.message : "The server did not answer. Try again.");
  return value;
}

function decode(options) {
  const key = options.publicKey || options;
  key.challenge = bytes(key.challenge);
  if (key.user) key.user.id = bytes(key.user.id);
  for (const list of [key.excludeCredentials, key.allowCredentials]) {
    for (const one of list || []) one.id = bytes(one.id);
  }
  return { publicKey: key };
}

function encode(credential) {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = text(credential.response[name]);
  }
  if (credential.response.getTransports) response.transports = credential.response.getTransports();
  return {
    id: credential.id, rawId: text(credential.rawId), type: credential.type, response,
    authenticatorAttachment: credential.authenticatorAttachment || undefined,
    clientExtensionResults: credential.getClientExtensionResults(),
  };
}

async function run(form) {
  const fields = Object.fromEntries(new FormData(form));
  const begun = await ask(form.dataset.begin, fields);
  const options = decode(begun.options);
  const credential = form.dataset.passkey === "create" ? await navigator.credentials.create(options) : await navigator.credentials.get(options);
  const done = await ask(form.dataset.finish, { ...fields, ceremony: begun.ceremony, response: encode(credential) });
  location.assign(done.next);
}

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!window.PublicKeyCredential) continue;
  for (const shown of [form, ...document.querySelectorAll("[data-with-passkey]")]) shown.hidden = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const said = form.querySelector("[data-said]");
    said.hidden = true;
    try {
      await run(form);
    } catch (error) {
      said.textContent = error.name === "NotAllowedError" || error.name === "AbortError"
        ? "The passkey was not used. Try again, or use another way."
        : error.name === "InvalidStateError" ? "This passkey is registered already." : error.message;
      said.hidden = false;
    }
  });
}
