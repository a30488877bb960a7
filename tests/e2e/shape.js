// What is wrong with a page's shape: headings, focus, pictures without words, wrong plurals.
() => {
  const wrong = [];
  const main = document.getElementById("main");
  const isSeen = (each) => each.checkVisibility({ visibilityProperty: true });

  const headings = [...main.querySelectorAll("h1, h2, h3, h4")].filter(isSeen);
  const count = headings.filter((each) => each.tagName === "H1").length;
  if (count !== 1) wrong.push(`${count} first headings`);
  let level = 0;
  for (const each of headings) {
    const own = Number(each.tagName[1]);
    if (own > level + 1) wrong.push(`a heading skips a level: ${each.textContent.trim()}`);
    level = own;
  }

  for (const each of document.querySelectorAll("img:not([alt])")) wrong.push(`no words: ${each.src}`);
  if (!document.documentElement.lang) wrong.push("no language");
  if (!document.querySelector("a.wg-skip[href='#content']") || !document.getElementById("content"))
    wrong.push("the link past the menu leads nowhere");

  // Where the keyboard is must be seen: an outline, whose colour is not the ground's.
  const stops = "a[href], button:not(:disabled), input:not([type=hidden]), select, textarea, summary";
  for (const each of document.querySelectorAll(stops)) {
    if (!isSeen(each) || each.closest(".wg-skip")) continue;
    each.focus({ focusVisible: true });
    const style = getComputedStyle(each);
    const isShown = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    if (!isShown) wrong.push(`focus is not seen: ${each.outerHTML.slice(0, 100)}`);
  }
  document.activeElement?.blur();

  // "1 lines": a count and its word disagree.
  const said = main.innerText.match(/(?<![\d.,:/-] ?)\b1 [a-z]{2,}(?<!s)s\b/g) ?? [];
  wrong.push(...said.map((each) => `wrong plural: ${each}`));
  return wrong;
}
