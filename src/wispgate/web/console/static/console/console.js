// Small helps for fast hands: "/" focuses the search, "g" and a letter jumps, buttons copy.
// Pages work without this script.
(() => {
  "use strict";

  // On a box that is ticked, or a button, a letter is no text.
  const UNTYPED = ["checkbox", "radio", "button", "submit", "file"];
  const isTyping = (element) =>
    element instanceof HTMLElement &&
    !UNTYPED.includes(element.type) &&
    (element.isContentEditable || ["INPUT", "TEXTAREA", "SELECT"].includes(element.tagName));

  let waitsForJump = 0;

  const jumps = () => JSON.parse(document.getElementById("wg-jumps")?.textContent ?? "{}");

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (waitsForJump > Date.now()) {
      waitsForJump = 0;
      const address = jumps()[event.key];
      if (address) {
        event.preventDefault();
        window.location.assign(address);
      }
      return;
    }
    if (event.key === "/") {
      event.preventDefault();
      document.getElementById("wg-search")?.focus();
    } else if (event.key === "g") {
      waitsForJump = Date.now() + 1500;
    } else if (event.key === "?") {
      window.location.assign("/help/");
    }
  });

  const showCopied = (button) => {
    const symbol = button.querySelector(".wg-icon");
    button.classList.add("wg-copied");
    symbol.textContent = "check";
    // What is hidden again in a minute is not repeated where it would stay.
    const isSecret = button.closest("[data-hides]");
    document.getElementById("wg-live").textContent = isSecret ? "Copied" : `${button.dataset.copy} copied`;
    setTimeout(() => {
      button.classList.remove("wg-copied");
      symbol.textContent = "content_copy";
    }, 1200);
  };

  // The clipboard is open to secure pages only; an installation on plain HTTP takes the old way.
  const copyOldWay = (text) => {
    const field = document.createElement("textarea");
    field.value = text;
    field.className = "wg-hidden";
    document.body.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
  };

  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (!button) return;
    event.preventDefault();
    if (navigator.clipboard) await navigator.clipboard.writeText(button.dataset.copy);
    else copyOldWay(button.dataset.copy);
    showCopied(button);
  });

  // Secrets are shown for so many seconds, and to nobody who comes back to the page.
  const hide = () => {
    for (const shown of document.querySelectorAll("[data-hides]")) {
      shown.nextElementSibling.hidden = false;
      shown.remove();
    }
  };
  const hideLater = () => {
    const shown = document.querySelector("[data-hides]:not([data-hiding])");
    if (!shown) return;
    shown.dataset.hiding = "";
    setTimeout(hide, 1000 * Number(shown.dataset.hides));
  };
  document.addEventListener("DOMContentLoaded", hideLater);
  document.addEventListener("htmx:afterSettle", hideLater);
  window.addEventListener("pagehide", hide);
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-hide]")) hide();
  });

  // Somebody logged out gets the login page instead of an answer.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const asking = event.target.matches?.("#wg-codes") ? event.detail.xhr : null;
    if (!asking || asking.getResponseHeader("X-Known-At")) return;
    event.detail.shouldSwap = false;
    window.location.reload();
  });

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-submits]")) event.target.form.requestSubmit();
  });

  // Ticked rows: one box ticks all of the page, and the button says how many there are.
  const boxesOf = (name) => [...document.querySelectorAll(`input[type=checkbox][name="${name}"]`)];
  const sayHowMany = (name) => {
    const ticked = boxesOf(name).filter((box) => box.checked).length;
    for (const button of document.querySelectorAll(`[data-counts="${name}"]`)) {
      button.disabled = !ticked;
      const { none, one, many } = button.dataset;
      const words = ticked ? (ticked === 1 ? one : many) : none;
      button.querySelector("span:last-child").textContent = words.replace("#", ticked);
    }
    for (const all of document.querySelectorAll(`[data-ticks="${name}"]`)) {
      all.checked = ticked > 0 && ticked === boxesOf(name).length;
      all.indeterminate = ticked > 0 && !all.checked;
    }
  };
  document.addEventListener("change", (event) => {
    const name = event.target.dataset.ticks;
    if (name) for (const box of boxesOf(name)) box.checked = event.target.checked;
    if (name || event.target.type === "checkbox") sayHowMany(name ?? event.target.name);
  });
  // A browser that goes back keeps what was ticked.
  window.addEventListener("pageshow", () => {
    for (const button of document.querySelectorAll("[data-counts]")) sayHowMany(button.dataset.counts);
  });

  // A second click must not ask for the same thing twice.
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-once]")) return;
    for (const button of event.target.querySelectorAll("button[type=submit]"))
      setTimeout(() => (button.disabled = true), 0);
  });

  // On narrow screens the rail is a menu: opened it has the keyboard, closed its button has it.
  const showRail = (isOpen) => {
    const rail = document.getElementById("wg-rail");
    const opener = document.querySelector("[data-rail=toggle]");
    rail.classList.toggle("wg-open", isOpen);
    opener.setAttribute("aria-expanded", String(isOpen));
    (isOpen ? rail.querySelector("a, button") : opener).focus();
  };
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-rail]");
    if (!button) return;
    const rail = document.getElementById("wg-rail");
    showRail(button.dataset.rail === "toggle" && !rail.classList.contains("wg-open"));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && document.getElementById("wg-rail")?.matches(".wg-open"))
      showRail(false);
  });

  // An open menu closes by Escape and by a click elsewhere.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    for (const menu of document.querySelectorAll("details.wg-menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.wg-menu[open]"))
      if (!menu.contains(event.target)) menu.open = false;
  });
})();
