"use strict";

// The nested groups as a picture. It follows what the tree is narrowed to, or shows what is around one group.
class Picture {
  constructor(tree) {
    this.tree = tree;
    this.nodes = tree.nodes;
    this.nesting = new Nesting(tree);
    this.figure = document.getElementById("picture");
    this.words = document.getElementById("picture-words");
    this.all = document.getElementById("picture-all");
    this.box = this.figure.querySelector(".canvas");
    this.pen = document.createElement("canvas").getContext("2d");
    this.middle = null;
    this.figure.hidden = false;
    this.listen();
    this.draw();
  }

  listen() {
    const anew = () => { this.middle = null; this.draw(); };
    this.tree.search.addEventListener("input", anew);
    this.tree.only?.addEventListener("change", anew);
    this.all.addEventListener("click", () => this.around(null));
    this.box.addEventListener("click", (event) => {
      const found = event.target.closest("[data-place]");
      if (found) this.around(Number(found.dataset.place));
    });
    this.box.addEventListener("keydown", (event) => this.pressed(event));
    this.box.addEventListener("focusin", (event) => this.near(event.target.closest("[data-place]")));
    this.box.addEventListener("pointerover", (event) => this.near(event.target.closest("[data-place]")));
    new ResizeObserver(() => {
      if (this.room !== this.box.clientWidth) this.draw();
    }).observe(this.box);
  }

  chosen() {
    const query = this.tree.search.value.trim().toLowerCase();
    if (this.middle !== null) return this.nesting.around(this.middle);
    return query ? this.nesting.found(query) : this.nesting.all(this.tree.kept);
  }

  draw() {
    const [places, middles, told] = this.chosen();
    this.words.textContent = told;
    this.all.hidden = this.middle === null;
    this.room = this.box.clientWidth;
    this.narrow = this.room < 600;
    this.font = getComputedStyle(this.figure).fontFamily;
    const shown = new Set(places);
    const inside = (place) => this.nesting.lists[place].filter((child) => shown.has(child));
    this.labels = new Map(places.map((place) => [place, this.label(place, shown)]));
    const sorted = this.nesting.sorted(places);
    const layout = arranged(sorted, inside, (place) => this.labels.get(place).width, this.room - 2, this.narrow);
    this.inside = inside;
    this.layout = layout;
    this.reading = [...layout.boxes.keys()];
    this.box.replaceChildren(...(places.length ? [this.svg(layout, new Set(middles))] : []));
    this.stop(middles[0] ?? this.reading[0]);
    this.show(middles[0]);
  }

  // A group that was looked for is in sight, with as much around it as there is room for.
  show(place) {
    const found = this.layout.boxes.get(place);
    this.box.scrollTo(found ? found.x + (found.width - this.room) / 2 : 0, found ? found.y - this.box.clientHeight / 2 : 0);
  }

  svg({ boxes, width, height }, middles) {
    const [wide, high] = [Math.ceil(width) + (this.narrow ? INDENT : 2), Math.ceil(height) + 2];
    const edges = this.reading.flatMap((place) => this.inside(place).map((child) => this.edge(place, child)));
    edges.sort((a, b) => a.dataset.rank - b.dataset.rank);
    return draw("svg", {
      width: wide, height: high, viewBox: `-1 -1 ${wide} ${high}`, role: "group",
      "aria-label": "Nested groups as a picture; arrow keys go from group to group, Enter shows what is around one",
    }, ...edges, ...[...boxes].map(([place, box]) => this.node(place, box, middles.has(place))));
  }

  edge(from, to) {
    const [a, b] = [this.layout.boxes.get(from), this.layout.boxes.get(to)];
    const mark = this.nesting.signs.get(`${from} ${to}`);
    const tone = { "+": "in", "-": "out", "~": "change" }[mark] ?? "";
    const tree = this.layout.parent.get(to) === from;
    const said = { "+": "goes into", "-": "is taken out of", "~": "moves in" }[mark] ?? "is in";
    const path = tree ? this.elbow(a, b) : this.curve(a, b);
    const edge = draw("path", { class: `edge ${tone}${tree ? "" : " far"}`, d: path, "data-from": from, "data-to": to },
      draw("title", {}, `${this.nodes[to].name} ${said} ${this.nodes[from].name}`));
    edge.dataset.rank = (tree ? 1 : 0) + (mark ? 2 : 0);
    return edge;
  }

  elbow(a, b) {
    const [from, to] = [a.y + BOX / 2, b.y + BOX / 2];
    if (this.narrow) return `M${a.turn} ${a.y + BOX}V${to - 6}Q${a.turn} ${to} ${a.turn + 6} ${to}H${b.x}`;
    if (from === to) return `M${a.x + a.width} ${from}H${b.x}`;
    return `M${a.x + a.width} ${from}H${a.turn - 6}Q${a.turn} ${from} ${a.turn} ${from + 6}V${to - 6}Q${a.turn} ${to} ${a.turn + 6} ${to}H${b.x}`;
  }

  curve(a, b) {
    const [x, y, left, down] = [a.x + a.width, a.y + BOX / 2, b.x, b.y + BOX / 2];
    if (this.narrow) return `M${x} ${y}C${x + INDENT} ${y} ${left + b.width + INDENT} ${down} ${left + b.width} ${down}`;
    const bend = Math.max(BETWEEN, Math.abs(left - x) / 3);
    return `M${x} ${y}C${x + bend} ${y} ${left - bend} ${down} ${left} ${down}`;
  }

  // The parts of a label with their places: sign, name, members that come and go, groups that are not shown.
  label(place, shown) {
    const node = this.nodes[place];
    const tally = this.tally(node.lines);
    const out = { parts: [], width: 8, tone: tally.undone ? `${tally.tone} undone` : tally.tone };
    const add = (kind, whole) => {
      this.pen.font = `${kind === "name" ? 500 : 400} 13px ${this.font}`;
      const cut = kind === "name" ? this.cut(whole) : whole;
      out.parts.push({ kind, text: cut, x: out.width });
      out.width += Math.ceil(this.pen.measureText(cut).width) + 7;
    };
    if (tally.mark) add(`sign ${tally.tone}`, tally.mark === "-" ? "\u2212" : tally.mark);
    add("name", node.name);
    if (tally.added) add("in", `+${number(tally.added)}`);
    if (tally.removed) add("out", `\u2212${number(tally.removed)}`);
    const left = this.nesting.lists[place].filter((child) => !shown.has(child)).length;
    if (left) add("more", `\u25B8${number(left)}`);
    out.width += 1;
    out.said = this.said(place, tally, left);
    return out;
  }

  // One sign where all changes of a group have it, otherwise the one for what changes.
  tally(lines) {
    const marks = new Set();
    let [added, removed, undone] = [0, 0, false];
    for (const line of lines) {
      const [, mark] = this.tree.tone(line);
      marks.add(mark);
      undone ||= !["", "done"].includes(this.tree.cellOf("Result", line));
      if (!this.tree.cellOf("Change", line).endsWith(" members")) continue;
      const members = this.tree.changes.contents(line).members.length;
      if (mark === "-") removed += members; else added += members;
    }
    const mark = marks.size > 1 ? "~" : [...marks][0] ?? "";
    return { mark, tone: { "+": "in", "-": "out", "~": "change" }[mark] ?? "", added, removed, undone };
  }

  said(place, { added, removed, undone }, left) {
    const { name, people, lines } = this.nodes[place];
    const acts = [...new Set(lines.map((line) => this.tree.cellOf("Change", line)).filter((one) => !one.endsWith(" members")))];
    return [
      people === null ? name : `${name}, ${people === 1 ? "1 person" : `${number(people)} people`}`,
      ...acts,
      ...(added ? [`${count(added, "member")} added`] : []),
      ...(removed ? [`${count(removed, "member")} removed`] : []),
      ...(undone ? ["not all of it done"] : []),
      ...(this.nesting.above[place].length ? [`in ${this.listed(this.nesting.above[place])}`] : []),
      ...(this.nesting.lists[place].length ? [`contains ${this.listed(this.nesting.lists[place])}`] : []),
      ...(left ? [`${count(left, "group")} of these not shown here`] : []),
    ].join("; ");
  }

  listed(places) {
    const names = places.slice(0, 3).map((place) => this.nodes[place].name).join(", ");
    return places.length > 3 ? `${names} and ${number(places.length - 3)} more` : names;
  }

  // A name that is too long loses its middle: names of groups often begin alike.
  cut(name) {
    const most = this.narrow ? 200 : 230;
    if (this.pen.measureText(name).width <= most) return name;
    const letters = [...name];
    let keep = Math.min(letters.length, 60);
    const short = () => `${letters.slice(0, Math.ceil(keep / 2)).join("")}\u2026${letters.slice(-Math.floor(keep / 2)).join("")}`;
    while (keep > 4 && this.pen.measureText(short()).width > most) keep -= 1;
    return short();
  }

  node(place, { x, y, width }, middle) {
    const { parts, tone, said } = this.labels.get(place);
    return draw("g", {
      class: `node ${tone}${middle ? " middle" : ""}`, role: "button", tabindex: "-1", "aria-label": said,
      "data-place": place, transform: `translate(${x} ${y})`,
    }, draw("title", {}, said), draw("rect", { width, height: BOX, rx: 4 }),
    ...parts.map(({ kind, text: shown, x: at }) => draw("text", { class: kind, x: at, y: 14.5 }, shown)));
  }

  around(place) {
    const before = this.middle ?? this.current;
    this.middle = place === this.middle ? null : place;
    this.draw();
    this.go(this.layout.boxes.has(before) && place === null ? before : place ?? this.reading[0]);
  }

  pressed(event) {
    const here = this.current;
    if (here === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    const at = this.reading.indexOf(here);
    const moves = {
      ArrowRight: () => this.go(this.inside(here).find((child) => child !== here)),
      ArrowLeft: () => this.go(this.layout.parent.get(here) ?? this.reading.find((place) => this.inside(place).includes(here))),
      ArrowDown: () => this.go(this.reading[at + 1]),
      ArrowUp: () => this.go(this.reading[at - 1]),
      Home: () => this.go(this.reading[0]),
      End: () => this.go(this.reading.at(-1)),
      Enter: () => this.around(here),
      " ": () => this.around(here),
      Escape: () => { if (this.middle !== null) this.around(null); },
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    move();
  }

  element(place) { return this.box.querySelector(`[data-place="${place}"]`); }

  go(place) {
    if (place === undefined) return;
    this.stop(place);
    this.element(place)?.focus();
  }

  // Exactly one group is where the Tab key stops.
  stop(place) {
    this.element(this.current)?.setAttribute("tabindex", "-1");
    this.current = place;
    this.element(place)?.setAttribute("tabindex", "0");
  }

  // The edges of the group that is looked at come forward.
  near(element) {
    for (const edge of this.box.querySelectorAll(".near")) edge.classList.remove("near");
    if (!element) return;
    const { place } = element.dataset;
    for (const edge of this.box.querySelectorAll(`[data-from="${place}"], [data-to="${place}"]`)) edge.classList.add("near");
  }
}

if (tree) new Picture(tree);
