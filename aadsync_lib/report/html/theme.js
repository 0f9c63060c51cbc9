"use strict";

// The theme that was chosen last, before anything is drawn. A file may have no storage: then nothing is kept.
const theme = {
  get() {
    try { return localStorage.getItem("aadsync-theme"); } catch { return null; }
  },
  set(name) {
    document.documentElement.dataset.theme = name;
    try { localStorage.setItem("aadsync-theme", name); } catch { /* kept until the page closes */ }
  },
  now() {
    const dark = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    return document.documentElement.dataset.theme || dark;
  },
};
if (["light", "dark"].includes(theme.get())) document.documentElement.dataset.theme = theme.get();
