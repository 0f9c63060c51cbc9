"use strict";

// A table with search, filters, sorting, pages and rows that open. Only one page of rows is in the document.
class Grid {
  constructor(grid) {
    Object.assign(this, grid);
    const cells = this.cells.map(numbers);
    this.rows = Array.from({ length: this.size }, (_, place) => cells.map((column) => column[place] ?? column[0]));
    this.table = document.querySelector(`table[data-grid="${this.name}"]`);
    this.section = document.getElementById(this.name);
    this.body = this.table.tBodies[0];
    this.tools = this.section.querySelector(".tools");
    this.search = this.tools.querySelector("input[type=search]");
    this.choices = [...this.tools.querySelectorAll("select")];
    this.clear = this.tools.querySelector(".clear");
    this.count = this.tools.querySelector("output");
    this.pager = this.section.querySelector(".pages");
    this.shown = this.columns.map((column, place) => ({ ...column, place })).filter((one) => one.shown);
    this.order = this.rows.map((_, place) => place);
    this.found = this.order;
    this.page = 0;
    this.opened = new Set();
    this.listen();
    this.draw();
  }

  listen() {
    this.search.addEventListener("input", () => this.narrow());
    for (const choice of this.choices) choice.addEventListener("change", () => this.narrow());
    this.clear.addEventListener("click", () => {
      this.search.value = "";
      for (const choice of this.choices) choice.value = "";
      this.narrow();
      this.search.focus();
    });
    [...this.table.tHead.rows[0].cells].forEach((cell, at) => {
      const button = make("button", { type: "button", onclick: () => this.sort(cell, this.shown[at].place) });
      button.textContent = cell.textContent;
      cell.replaceChildren(button);
    });
    this.pager.querySelector(".previous").addEventListener("click", () => this.turn(-1));
    this.pager.querySelector(".following").addEventListener("click", () => this.turn(1));
    this.tools.querySelector(".save").addEventListener("click", () => save(`${this.name}.csv`, csv(this.table_of(this.found))));
    this.tools.classList.toggle("few", this.rows.length < 6);
    this.tools.hidden = false;
  }

  // What a row opens to. The shape tells what its values are; those that are left are members.
  contents(place) {
    const [shape, ...values] = numbers(this.details[place] ?? "");
    const [facts, differences] = this.shapes[shape] ?? [[], []];
    let at = 0;
    const next = () => { at += 1; return text(values[at - 1]); };
    return {
      facts: facts.map((name) => [text(name), next()]),
      differences: differences.map(([name, before, after]) => [text(name), before ? next() : "", after ? next() : ""]),
      members: values.slice(at).map(text),
    };
  }

  // What a row is searched by: its cells and, for a change, ids and members. Made when first searched.
  hay(place) {
    this.hays ??= this.rows.map((row, at) => {
      const { facts, members } = this.contents(at);
      return [...row.map(text), ...facts.map(([, value]) => value), ...members].join("\n").toLowerCase();
    });
    return this.hays[place];
  }

  // Show the lines of one value alone; where no choice has it, all of them.
  only(value) {
    this.search.value = "";
    for (const choice of this.choices) {
      choice.value = [...choice.options].some((one) => one.value === value) ? value : "";
    }
    this.narrow();
  }

  // What was found, as it is sorted: the columns that say something, what a row opens to, all members.
  table_of(places) {
    const columns = this.columns.map((column, at) => ({ title: column.title, of: (place) => text(this.rows[place][at]) }));
    const known = new Set(columns.map(({ title }) => title));
    for (const title of new Set(this.shapes.flatMap(([facts]) => facts.map(text)))) {
      if (!known.has(title)) columns.push({ title, of: (place) => this.contents(place).facts.find(([name]) => name === title)?.[1] ?? "" });
    }
    columns.push({ title: "Members", of: (place) => this.contents(place).members.join("; ") });
    const filled = columns.filter(({ title, of }) => title !== "Counted as" && this.rows.some((_, place) => of(place)));
    return [filled.map(({ title }) => title), ...places.map((place) => filled.map(({ of }) => of(place)))];
  }

  narrow() {
    const wanted = words(this.search.value);
    const chosen = this.choices.filter((one) => one.value !== "")
      .map((one) => [Number(one.dataset.column), data.texts.indexOf(one.value)]);
    this.found = this.order.filter((place) =>
      chosen.every(([column, value]) => this.rows[place][column] === value)
      && (wanted.length === 0 || holds(this.hay(place), wanted)));
    this.clear.hidden = wanted.length === 0 && chosen.length === 0;
    this.page = 0;
    this.draw();
  }

  sort(cell, column) {
    const ascending = cell.getAttribute("aria-sort") !== "ascending";
    for (const other of this.table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    cell.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    const order = new Intl.Collator("en", { numeric: true });
    const ranks = new Map();
    const values = [...new Set(this.rows.map((row) => row[column]))];
    values.sort((a, b) => order.compare(text(a), text(b))).forEach((value, rank) => ranks.set(value, rank));
    const turn = ascending ? 1 : -1;
    const rank = (place) => ranks.get(this.rows[place][column]);
    this.order = this.order.slice().sort((a, b) => turn * (rank(a) - rank(b)) || a - b);
    this.narrow();
  }

  turn(by) {
    this.page += by;
    this.draw();
    this.section.scrollIntoView({ block: "start" });
  }

  draw() {
    const pages = Math.max(1, Math.ceil(this.found.length / data.listed));
    const begin = this.page * data.listed;
    const places = this.found.slice(begin, begin + data.listed);
    this.body.replaceChildren(...places.flatMap((place) => this.row(place)));
    if (places.length === 0) {
      const cell = make("td", { class: "empty", colspan: this.shown.length }, "Nothing matches.");
      this.body.append(make("tr", {}, cell));
    }
    const all = count(this.rows.length, "line");
    this.count.textContent = this.found.length === this.rows.length
      ? all : `${number(this.found.length)} of ${all}`;
    this.pager.hidden = pages === 1;
    this.pager.querySelector(".page").textContent = `Page ${number(this.page + 1)} of ${number(pages)}`;
    this.pager.querySelector(".previous").disabled = this.page === 0;
    this.pager.querySelector(".following").disabled = this.page === pages - 1;
  }

  row(place) {
    const cells = this.shown.map((column, at) => at === 0
      ? make("th", { scope: "row", class: `look-${column.look}` }, ...this.head(column, place))
      : make("td", { class: `look-${column.look}`, "data-title": column.title }, ...this.cell(column, place)));
    const row = make("tr", {}, ...cells);
    return this.opened.has(place) ? [row, this.detail(place)] : [row];
  }

  head(column, place) {
    const inside = this.cell(column, place);
    if (!this.details[place]) return inside;
    const id = `${this.name}-${place}`;
    return [make("button", {
      type: "button", class: "opens", id, "aria-expanded": String(this.opened.has(place)),
      "aria-controls": `${id}-detail`, onclick: () => this.toggle(place),
    }, ...inside)];
  }

  toggle(place) {
    if (!this.opened.delete(place)) this.opened.add(place);
    const open = this.opened.has(place);
    const button = document.getElementById(`${this.name}-${place}`);
    button.setAttribute("aria-expanded", String(open));
    const row = button.closest("tr");
    if (open) row.after(this.detail(place));
    else row.nextElementSibling.remove();
  }

  cell(column, place) {
    const shown = text(this.rows[place][column.place]);
    const [tone, mark] = this.tones[shown] ?? ["", ""];
    switch (shown && column.look) {
      case "name": return [make("bdi", {}, ...whole(shown))];
      case "run": return [make("span", { class: "whole", title: shown }, shown.replace(/^\d{8}T\d{6}Z-/, ""))];
      case "tone": return [sign(tone, mark), shown];
      case "pill": return [tone ? make("span", { class: `pill ${tone}` }, shown) : shown];
      case "code": return [make("code", {}, shown)];
      default: return whole(shown);
    }
  }

  detail(place) {
    const { facts, differences, members } = this.contents(place);
    const cell = make("td", { colspan: this.shown.length },
      make("dl", {}, ...facts.flatMap(([name, value]) =>
        [make("dt", {}, name), make("dd", {}, ...whole(value))])),
      differences.length ? this.differences(differences) : null,
      ...(members.length ? this.members(members) : []));
    return make("tr", { class: "detail", id: `${this.name}-${place}-detail` }, cell);
  }

  differences(found) {
    const head = ["Attribute", "Before", "After"].map((name) => make("th", { scope: "col" }, name));
    const rows = found.map(([name, before, after]) => make("tr", {},
      make("th", { scope: "row" }, name),
      make("td", {}, make("bdi", {}, ...whole(before || "\u2013"))),
      make("td", {}, make("bdi", {}, ...whole(after || "\u2013")))));
    return make("table", { "aria-label": "Attributes" }, make("thead", {}, make("tr", {}, ...head)), make("tbody", {}, ...rows));
  }

  members(found) {
    const listed = (from, to) => found.slice(from, to).map((one) => make("li", {}, make("bdi", {}, ...whole(one))));
    const list = make("ul", { class: "members" }, ...listed(0, 100));
    const more = found.length <= 100 ? null : make("button", {
      type: "button", onclick: () => { list.append(...listed(100)); more.remove(); },
    }, `Show ${number(found.length - 100)} more`);
    return [make("h3", {}, count(found.length, "member")), list, more];
  }
}

const grids = new Map(data.grids.map((grid) => [grid.name, new Grid(grid)]));

// A tile leads to the lines that it counts, and leaves only those.
for (const tile of document.querySelectorAll("[data-counted]")) {
  tile.addEventListener("click", () => grids.get(tile.hash.slice(1)).only(tile.dataset.counted));
}
