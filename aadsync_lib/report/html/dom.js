"use strict";

// Every text goes into the page as text: nothing here or below makes HTML of a string.
const data = JSON.parse(document.getElementById("data").textContent);
const text = (place) => data.texts[place];
const number = (value) => value.toLocaleString("en");
const count = (value, noun) => `${number(value)} ${noun}${value === 1 ? "" : "s"}`;

function make(tag, properties = {}, ...inside) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (name === "class") element.className = value;
    else if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value !== null) element.setAttribute(name, value);
  }
  element.append(...inside.filter((one) => one !== null));
  return element;
}

const sign = (tone, mark) =>
  make("span", { class: `sign ${tone}`, "aria-hidden": "true" }, mark === "-" ? "\u2212" : mark);

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
