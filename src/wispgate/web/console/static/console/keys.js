// Security keys and passkeys: asks the browser for one and sends its answer with the form.
// The page carries what is asked as JSON; the answer goes back as JSON in a hidden field.
(() => {
  "use strict";

  const bytes = (text) =>
    Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (each) =>
      each.charCodeAt(0),
    );

  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replaceAll("+", "-")
      .replaceAll("/", "_")
      .replace(/=+$/, "");

  const named = (keys) => (keys ?? []).map((key) => ({ ...key, id: bytes(key.id) }));

  const toCreate = (given) => ({
    ...given,
    challenge: bytes(given.challenge),
    user: { ...given.user, id: bytes(given.user.id) },
    excludeCredentials: named(given.excludeCredentials),
  });

  const toGet = (given) => ({
    ...given,
    challenge: bytes(given.challenge),
    allowCredentials: named(given.allowCredentials),
  });

  const answerOf = (credential) => {
    const from = credential.response;
    const response = { clientDataJSON: text(from.clientDataJSON) };
    if (from.attestationObject) {
      response.attestationObject = text(from.attestationObject);
    } else {
      response.authenticatorData = text(from.authenticatorData);
      response.signature = text(from.signature);
      if (from.userHandle?.byteLength) response.userHandle = text(from.userHandle);
    }
    return {
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      response,
      clientExtensionResults: credential.getClientExtensionResults(),
    };
  };

  const WORDS = {
    NotAllowedError: "No key answered in time, or it was cancelled. Try again.",
    InvalidStateError: "This key is set up already.",
    SecurityError: "The browser does not use keys on a page of this address.",
  };

  const complain = (form, error) => {
    const place = form.querySelector("[data-key-trouble]");
    place.querySelector("span:last-child").textContent =
      WORDS[error.name] ?? `The browser says: ${error.message}`;
    place.hidden = false;
  };

  document.addEventListener("submit", async (event) => {
    const form = event.target.closest?.("[data-key]");
    if (!form || form.elements.answer.value) return;
    event.preventDefault();
    const button = form.querySelector("button[type=submit]");
    const asked = JSON.parse(form.querySelector("script[type='application/json']").textContent);
    button.disabled = true;
    try {
      const publicKey =
        form.dataset.key === "create" ? toCreate(asked.publicKey) : toGet(asked.publicKey);
      const credential = await navigator.credentials[form.dataset.key]({ publicKey });
      form.elements.answer.value = JSON.stringify(answerOf(credential));
      form.submit();
    } catch (error) {
      complain(form, error);
      button.disabled = false;
    }
  });
})();
