"use strict";

// The nested groups, by the keyboard pattern of a treeview. Only what is open is in the document.
class Tree {
  constructor(tree, changes) {
    this.nodes = tree.nodes.map(([name, people, groups, lines]) => ({ name: text(name), people, groups, lines }));
    this.roots = tree.roots;
    this.changes = changes;
    this.root = document.getElementById("tree");
    this.search = document.getElementById("tree-search");
    this.only = document.getElementById("tree-changed");
    this.count = document.getElementById("tree-count");
    this.chunk = 200; // items drawn of one list, before more are asked for
    this.most = 1000; // items that opening everything draws
    this.typed = "";
    this.below = this.marked((node) => node.lines.length > 0);
    this.listen();
    this.narrow();
  }

  // For each node: whether something at or beneath it passes. Cycles end where they begin.
  marked(passes) {
    const found = new Array(this.nodes.length).fill(false);
    const parents = this.nodes.map(() => []);
    this.nodes.forEach((node, place) => node.groups.forEach((child) => parents[child].push(place)));
    const open = [...this.nodes.keys()].filter((place) => passes(this.nodes[place]));
    for (const place of open) found[place] = true;
    while (open.length) {
      for (const parent of parents[open.pop()]) {
        if (!found[parent]) { found[parent] = true; open.push(parent); }
      }
    }
    return found;
  }

  listen() {
    this.search.addEventListener("input", () => this.narrow());
    this.only?.addEventListener("change", () => this.narrow());
    document.getElementById("tree-open").addEventListener("click", () => this.openAll());
    document.getElementById("tree-close").addEventListener("click", () => this.draw());
    this.root.addEventListener("click", (event) => this.clicked(event));
    this.root.addEventListener("keydown", (event) => this.pressed(event));
    for (const name of ["tree-tools", "tree-acts"]) document.getElementById(name).hidden = false;
    this.root.hidden = false;
  }

  narrow() {
    const wanted = words(this.search.value);
    const only = this.only?.checked ?? false;
    const passes = (node) => (!only || node.lines.length > 0)
      && (wanted.length === 0 || holds(node.name.toLowerCase(), wanted));
    this.kept = only || wanted.length ? this.marked(passes) : this.nodes.map(() => true);
    const hits = this.nodes.filter(passes).length;
    this.draw();
    const all = count(this.nodes.length, "group");
    this.count.textContent = hits === this.nodes.length ? all : `${number(hits)} of ${all}`;
    if (wanted.length) this.openAll(100);
  }

  draw() {
    this.drawn = 0;
    this.fill(this.root, this.groupItems(this.roots, []), 1);
    this.stop(this.root.firstElementChild);
  }

  groupItems(places, path) {
    return places.filter((place) => this.kept[place])
      .map((place) => ({ place, path, again: path.includes(place) }));
  }

  // What is inside of a group: what changes in it, then the groups nested in it.
  inside({ place, path }) {
    const { lines, groups } = this.nodes[place];
    const leaves = lines.flatMap((line) => this.changes.contents(line).members.map((leaf) => ({ leaf, line })));
    return [...leaves, ...this.groupItems(groups, [...path, place])];
  }

  fill(list, items, level, from = 0) {
    if (from === 0) list.replaceChildren();
    const part = items.slice(from, from + this.chunk);
    list.append(...part.map((item, at) => this.item(item, level, items.length, from + at + 1)));
    const left = items.length - from - part.length;
    if (left > 0) {
      const more = this.element(this.row(`Show ${number(Math.min(left, this.chunk))} more of ${number(left)}`), level);
      more.act = () => {
        const next = from + part.length;
        more.remove();
        this.fill(list, items, level, next);
        this.go(list.children[next]);
      };
      list.append(more);
    }
    this.drawn += part.length;
  }

  item(item, level, size, at) {
    const element = item.leaf === undefined ? this.group(item, level) : this.element(this.leaf(item), level);
    element.setAttribute("aria-setsize", size);
    element.setAttribute("aria-posinset", at);
    return element;
  }

  element(row, level) {
    row.id = `row-${this.ids = (this.ids ?? 0) + 1}`;
    return make("li", { role: "treeitem", "aria-level": level, "aria-labelledby": row.id, tabindex: "-1" }, row);
  }

  row(name, ...more) {
    return make("div", { class: "row" }, typeof name === "string" ? make("span", {}, name) : name, ...more);
  }

  leaf({ leaf, line }) {
    const [tone, mark] = this.tone(line);
    const drift = this.cause(line) === "by hand" ? make("span", { class: "people" }, "by hand") : null;
    const row = make("div", { class: "row leaf" },
      make("span", {}, sign(tone, mark), make("bdi", {}, ...whole(leaf)),
        make("span", { class: "unseen" }, mark === "-" ? " is removed" : " is added")), drift);
    return row;
  }

  group(item, level) {
    const { name, people, lines, groups } = this.nodes[item.place];
    const below = groups.some((place) => this.below[place]);
    const row = this.row(make("b", {}, make("bdi", {}, name)),
      people === null ? null : make("span", { class: "people" }, people === 1 ? "1 person" : `${number(people)} people`),
      ...this.told(lines),
      item.again ? make("span", { class: "people" }, "contains itself") : null,
      below ? make("span", { class: "below" }, "changes inside") : null);
    const element = this.element(row, level);
    const opens = !item.again && this.inside(item).length > 0;
    if (opens) {
      element.setAttribute("aria-expanded", "false");
      element.open = () => {
        const list = make("ul", { role: "group" });
        this.fill(list, this.inside(item), level + 1);
        element.append(list);
      };
    }
    return element;
  }

  // What changes in a group itself, target by target where there are several.
  told(lines) {
    const several = this.changes.columns[this.column("Target")].shown;
    let last = null;
    return lines.flatMap((line) => {
      const target = this.cellOf("Target", line);
      const where = several && target !== last ? [make("span", { class: "where" }, `${target}:`)] : [];
      last = target;
      return [...where, this.change(line)];
    });
  }

  change(line) {
    const [tone, mark] = this.tone(line);
    const change = this.cellOf("Change", line);
    const ended = this.cellOf("Result", line);
    const members = this.changes.contents(line).members.length;
    const said = change.endsWith(" members") ? count(members, "member") : ` ${change}`;
    const more = [this.cause(line) === "by hand" ? "by hand" : "", ended === "done" ? "" : ended].filter(Boolean);
    return make("span", { class: tone },
      `${mark === "-" ? "\u2212" : mark}${said}${more.map((one) => `, ${one}`).join("")}`);
  }

  column(title) { return this.changes.columns.findIndex((one) => one.title === title); }
  cellOf(title, line) { return text(this.changes.rows[line][this.column(title)]); }
  tone(line) { return this.changes.tones[this.cellOf("Change", line)] ?? ["", ""]; }
  cause(line) { return this.cellOf("Cause", line); }

  open(element) {
    if (element.getAttribute("aria-expanded") !== "false") return;
    element.open();
    element.setAttribute("aria-expanded", "true");
  }

  close(element) {
    if (element.getAttribute("aria-expanded") !== "true") return;
    if (element.contains(this.current) && element !== this.current) this.go(element);
    element.lastElementChild.remove();
    element.setAttribute("aria-expanded", "false");
  }

  // Level by level, so that what does not fit any more is the deepest.
  openAll(most = this.most) {
    this.drawn = this.root.querySelectorAll("li").length;
    let closed = this.closed();
    while (closed.length && this.drawn < most) {
      for (const element of closed) if (this.drawn < most) this.open(element);
      closed = this.closed();
    }
    if (closed.length && most === this.most) {
      this.count.textContent = `The first ${number(this.drawn)} lines are open; narrow the tree to see more`;
    }
  }

  closed() { return [...this.root.querySelectorAll('[aria-expanded="false"]')]; }

  clicked(event) {
    const element = event.target.closest("[role=treeitem]");
    if (!element || getSelection().toString()) return;
    this.go(element);
    this.act(element);
  }

  act(element) {
    if (element.act) element.act();
    else if (element.getAttribute("aria-expanded") === "true") this.close(element);
    else this.open(element);
  }

  pressed(event) {
    const here = this.current;
    if (!here || event.altKey || event.ctrlKey || event.metaKey) return;
    const moves = {
      ArrowDown: () => this.step(1),
      ArrowUp: () => this.step(-1),
      ArrowRight: () => here.getAttribute("aria-expanded") === "true" ? this.step(1) : this.open(here),
      ArrowLeft: () => here.getAttribute("aria-expanded") === "true"
        ? this.close(here) : this.go(here.parentElement.closest("[role=treeitem]")),
      Home: () => this.go(this.items()[0]),
      End: () => this.go(this.items().at(-1)),
      Enter: () => this.act(here),
      " ": () => this.act(here),
      "*": () => [...here.parentElement.children].forEach((one) => this.open(one)),
    };
    const move = moves[event.key] ?? (event.key.length === 1 ? () => this.seek(event.key) : null);
    if (!move) return;
    event.preventDefault();
    move();
  }

  items() { return [...this.root.querySelectorAll("[role=treeitem]")]; }

  step(by) {
    const items = this.items();
    this.go(items[items.indexOf(this.current) + by]);
  }

  // Typing goes to the next item that begins so; a pause begins anew.
  seek(key) {
    clearTimeout(this.pause);
    this.pause = setTimeout(() => { this.typed = ""; }, 600);
    this.typed += key.toLowerCase();
    const items = this.items();
    const at = items.indexOf(this.current) + (this.typed.length === 1 ? 1 : 0);
    const name = (item) => item.querySelector("bdi, span").textContent.toLowerCase();
    this.go([...items.slice(at), ...items.slice(0, at)].find((item) => name(item).startsWith(this.typed)));
  }

  go(element) {
    if (!element) return;
    this.stop(element);
    element.focus();
  }

  // Exactly one item is where the Tab key stops.
  stop(element) {
    if (this.current) this.current.tabIndex = -1;
    this.current = element;
    if (element) element.tabIndex = 0;
  }
}

const tree = data.tree.nodes.length
  ? new Tree(data.tree, grids.get("changes") ?? { rows: [], columns: [], tones: {}, contents: () => ({ members: [] }) }) : null;
