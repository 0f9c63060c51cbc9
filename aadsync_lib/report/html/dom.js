"use strict";

// Every text goes into the page as text: nothing here or below makes HTML of a string.
const data = JSON.parse(document.getElementById("data").textContent);
for (const [from, to, end] of data.ends) for (let at = from; at < to; at += 1) data.texts[at] += end;
data.texts = data.texts.map((one) => (typeof one === "string" ? one : one.map((part) => data.texts[part]).join("")));
const text = (place) => data.texts[place];

// Numbers are written one after the other, with as many digits each.
const DIGITS = new Map([...data.digits].map((digit, value) => [digit, value]));
function numbers(digits) {
  const found = [];
  for (let at = 0; at < digits.length; at += data.width) {
    let value = 0;
    for (let digit = at; digit < at + data.width; digit += 1) value = value * 64 + DIGITS.get(digits[digit]);
    found.push(value);
  }
  return found;
}
const number = (value) => value.toLocaleString("en");
const count = (value, noun) => `${number(value)} ${noun}${value === 1 ? "" : "s"}`;

const make = (tag, ...rest) => built(document.createElement(tag), ...rest);
const draw = (tag, ...rest) => built(document.createElementNS("http://www.w3.org/2000/svg", tag), ...rest);

function built(element, properties = {}, ...inside) {
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null) element.setAttribute(name, value);
  }
  element.append(...inside.filter((one) => one !== null));
  return element;
}

const sign = (tone, mark) =>
  make("span", { class: `sign ${tone}`, "aria-hidden": "true" }, mark === "-" ? "\u2212" : mark);

// A text as it goes into an element: no address in it is broken, if a line of a phone could hold it.
const ADDRESS = /(?:[^\s,;"'()<>]*@[^\s,;"'()<>]+|https?:\/\/[^\s,;"'()<>]+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})[,;]?/gi;
function whole(shown) {
  const pieces = [];
  let end = 0;
  for (const { 0: found, index } of shown.matchAll(ADDRESS)) {
    if (found.length > 64) continue;
    pieces.push(shown.slice(end, index), make("span", { class: "whole" }, found));
    end = index + found.length;
  }
  return [...pieces, shown.slice(end)].filter((piece) => piece !== "");
}

for (const element of document.querySelectorAll(".facts dd, .alert li, .exactly")) {
  element.replaceChildren(...whole(element.textContent));
}

// Whether every word of a search is in a text that is in lower case already.
const words = (query) => query.toLowerCase().split(/\s+/).filter(Boolean);
const holds = (hay, wanted) => wanted.every((word) => hay.includes(word));

{
  const button = document.getElementById("theme");
  const name = () => { button.textContent = theme.now() === "dark" ? "Light" : "Dark"; };
  button.addEventListener("click", () => {
    theme.set(theme.now() === "dark" ? "light" : "dark");
    name();
  });
  button.setAttribute("aria-label", "Switch between light and dark");
  button.hidden = false;
  name();
}

{
  const button = document.getElementById("copy");
  const command = document.getElementById("command");
  if (button) {
    button.hidden = false;
    button.addEventListener("click", async () => {
      getSelection().selectAllChildren(command);
      try {
        await navigator.clipboard.writeText(command.textContent);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Selected";
      }
    });
  }
}

// A cell that a spreadsheet would take for a formula begins with an apostrophe there.
const FORMULA = /^\s*[=+\-@\uFF1D\uFF0B\uFF0D\uFF20]|^[\t\r\n]/;
const cell = (value) => `"${(FORMULA.test(value) ? `'${value}` : value).replaceAll('"', '""')}"`;
const csv = (rows) => `\uFEFF${rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("")}`;

function save(name, content) {
  const address = URL.createObjectURL(new Blob([content], { type: "text/csv;charset=utf-8" }));
  make("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}
