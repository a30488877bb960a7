// Pages that keep themselves up to date, and their charts. Pages work without this script; what
// they show is then as old as the page, which says so.
(() => {
  "use strict";

  // Refreshing: each region is asked for anew every so many seconds, while somebody looks.
  const isRead = (region) => {
    const selection = window.getSelection();
    return !selection.isCollapsed && region.contains(selection.anchorNode);
  };

  const refresh = (region) => {
    if (document.visibilityState === "visible" && !isRead(region))
      window.htmx.trigger(region, "wg:refresh");
  };

  const known = () => document.getElementById("wg-known");

  const lose = () => {
    const mark = known();
    if (!mark || mark.classList.contains("wg-lost")) return;
    const at = document.getElementById("wg-known-at");
    mark.classList.add("wg-lost");
    mark.setAttribute("role", "status");
    at.previousSibling.textContent = "Lost touch. Shown is what was known at ";
  };

  const keep = (at) => {
    const mark = known();
    if (!mark) return;
    mark.classList.remove("wg-lost");
    mark.removeAttribute("role");
    const shown = document.getElementById("wg-known-at");
    shown.previousSibling.textContent = "as of ";
    shown.textContent = at;
  };

  const last = new WeakMap();

  // An answer without the header is no answer of this page: somebody was logged out, say. One
  // that says what is shown already changes nothing, so that nothing flickers.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const region = event.detail.elt ?? event.target;
    if (!region.matches?.("[data-refresh]")) return;
    const at = event.detail.xhr.getResponseHeader("X-Known-At");
    if (region.id !== "wg-refresh") return;
    if (!at) {
      event.detail.shouldSwap = false;
      lose();
      return;
    }
    keep(at);
    if (last.get(region) === event.detail.xhr.responseText) event.detail.shouldSwap = false;
    last.set(region, event.detail.xhr.responseText);
  });

  for (const kind of ["htmx:sendError", "htmx:responseError", "htmx:timeout"])
    document.addEventListener(kind, (event) => {
      if (event.target.matches?.("#wg-refresh")) lose();
    });

  // Charts: one colour, the last value said, the axis with units, and a table behind each.
  const UNITS = [["TB", 1e12], ["GB", 1e9], ["MB", 1e6], ["kB", 1e3]];

  const said = (value, unit) => {
    if (unit !== "octets") return Number.isInteger(value) ? String(value) : "";
    const [name, size] = UNITS.find(([, size]) => value >= size) ?? ["B", 1];
    return `${Number((value / size).toPrecision(3))} ${name}`;
  };

  const lastValue = {
    id: "lastValue",
    afterDatasetsDraw(chart) {
      const bar = chart.getDatasetMeta(0).data.at(-1);
      const text = chart.options.shown.at(-1);
      if (!bar || !chart.data.datasets[0].data.at(-1)) return;
      const context = chart.ctx;
      context.save();
      context.font = "600 11px Inter, sans-serif";
      context.textAlign = "right";
      const right = bar.x + bar.width / 2;
      const width = context.measureText(text).width;
      // Its own ground, where a higher bar stands beside it.
      context.fillStyle = chart.options.ground;
      context.fillRect(right - width - 3, bar.y - 16, width + 5, 14);
      context.fillStyle = chart.options.ink;
      context.fillText(text, right, bar.y - 5);
      context.restore();
    },
  };

  const drawn = new Map();

  const colours = () => {
    const style = getComputedStyle(document.querySelector(".wg-page"));
    const read = (name) => style.getPropertyValue(name).trim();
    return { bar: read("--wg-accent"), line: read("--wg-line"), dim: read("--wg-dim"), ink: read("--wg-ink"), ground: read("--wg-ground") };
  };

  const options = (data) => {
    const { line, dim, ink, ground } = colours();
    return {
      ink,
      ground,
      shown: data.shown,
      animation: false,
      maintainAspectRatio: false,
      layout: { padding: { top: 18 } },
      plugins: {
        legend: { display: false },
        tooltip: { callbacks: { label: (item) => data.shown[item.dataIndex] } },
      },
      scales: {
        x: { grid: { display: false }, border: { color: line }, ticks: { color: dim, maxRotation: 0, autoSkipPadding: 12 } },
        y: { beginAtZero: true, grid: { color: line }, border: { display: false }, ticks: { color: dim, maxTicksLimit: 5, callback: (value) => said(value, data.unit) } },
      },
    };
  };

  const draw = (figure) => {
    const data = JSON.parse(document.getElementById(`c-${figure.dataset.chart}`).textContent);
    const box = figure.querySelector(".wg-canvas");
    box.hidden = !data.values.some((value) => value);
    if (box.hidden) return;
    const dataset = { data: data.values, backgroundColor: colours().bar, borderRadius: 3, maxBarThickness: 22 };
    const chart = drawn.get(figure);
    if (chart) {
      chart.data = { labels: data.labels, datasets: [dataset] };
      chart.options = options(data);
      chart.update("none");
    } else {
      const made = { type: "bar", data: { labels: data.labels, datasets: [dataset] }, options: options(data), plugins: [lastValue] };
      drawn.set(figure, new window.Chart(figure.querySelector("canvas"), made));
    }
  };

  const drawAll = () => document.querySelectorAll("[data-chart]").forEach(draw);

  document.addEventListener("DOMContentLoaded", () => {
    drawAll();
    new MutationObserver(drawAll).observe(document.documentElement, { attributeFilter: ["class"] });
    for (const region of document.querySelectorAll("[data-refresh]"))
      setInterval(() => refresh(region), 1000 * Number(region.dataset.refresh));
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    if (event.target.matches?.(".wg-charts")) drawAll();
  });
  document.addEventListener("visibilitychange", () => document.querySelectorAll("[data-refresh]").forEach(refresh));
})();
