// The colours of choice, set before anything is painted. "auto" follows the system.
(() => {
  "use strict";

  const NAME = "wg-theme";
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const chosen = () => localStorage.getItem(NAME) ?? "auto";

  const apply = () => {
    const isDark = chosen() === "dark" || (chosen() === "auto" && dark.matches);
    document.documentElement.classList.toggle("dark", isDark);
    document.documentElement.classList.toggle("light", chosen() === "light");
  };

  const mark = () => {
    for (const choice of document.querySelectorAll("[data-theme]"))
      choice.setAttribute("aria-pressed", String(choice.dataset.theme === chosen()));
  };

  document.addEventListener("click", (event) => {
    const choice = event.target.closest?.("[data-theme]");
    if (!choice) return;
    localStorage.setItem(NAME, choice.dataset.theme);
    apply();
    mark();
  });

  dark.addEventListener("change", apply);
  document.addEventListener("DOMContentLoaded", mark);
  apply();
})();
