"use strict";

// What contains what, beside what changes of it, and which part of that a picture shows.
class Nesting {
  constructor(tree) {
    this.nodes = tree.nodes;
    this.most = 300; // groups that can be read in one picture
    this.collator = new Intl.Collator("en", { numeric: true });
    this.signs = new Map(data.tree.edges.map(([from, to, mark]) => [`${from} ${to}`, mark]));
    this.lists = this.nodes.map((node) => [...node.groups]);
    for (const [from, to] of data.tree.edges) if (!this.lists[from].includes(to)) this.lists[from].push(to);
    this.lists = this.lists.map((list) => this.sorted(list));
    this.above = this.nodes.map(() => []);
    this.lists.forEach((list, place) => list.forEach((child) => this.above[child].push(place)));
  }

  // Each of these returns the groups to draw, those of them that were looked for, and that in words.
  all(keeps) {
    const kept = [...this.nodes.keys()].filter((place) => keeps[place]);
    const whole = kept.length === this.nodes.length;
    const all = count(this.nodes.length, "group");
    if (kept.length > this.most) {
      const many = whole ? all : `${count(kept.length, "group")} with changes, or that contain such,`;
      return [[], [], `${many} are too many for one picture: find a group, and the picture shows what is around it.`];
    }
    return [kept, [], whole ? `All groups: ${number(kept.length)}.`
      : `The groups that change, and those that contain them: ${number(kept.length)} of ${all}.`];
  }

  around(place) { return [this.neighbours(place), [place], `What is around ${this.nodes[place].name}:`]; }

  // What is around the group that is called so; where none is, around as many that have the words as fit.
  found(query) {
    const hits = this.hits(query);
    if (!hits.length) return [[], [], "No group has that in its name."];
    const exact = hits.filter((place) => this.nodes[place].name.toLowerCase() === query);
    const [middles, places] = this.fitting(exact.length ? exact : hits);
    const left = hits.length - middles.length;
    const who = middles.length === 1 ? this.nodes[middles[0]].name : count(middles.length, "group");
    return [places, middles, `What is around ${who}${left ? `; ${count(left, "more group")} with that in the name` : ""}:`];
  }

  // The groups of a name, those first that begin so.
  hits(query) {
    const wanted = words(query);
    const names = this.nodes.map((node) => node.name.toLowerCase());
    const begins = (place) => (names[place].startsWith(query) ? 0 : 1);
    return this.sorted([...this.nodes.keys()].filter((place) => holds(names[place], wanted)))
      .sort((a, b) => begins(a) - begins(b));
  }

  fitting(hits) {
    const middles = [];
    const places = new Set();
    for (const hit of hits) {
      const more = this.neighbours(hit).filter((place) => !places.has(place));
      if (middles.length && places.size + more.length > this.most) break;
      middles.push(hit);
      for (const place of more) places.add(place);
    }
    return [middles, [...places]];
  }

  // The way up and everything inside, nearest first, as far as it can be read.
  neighbours(from) {
    const found = new Set([from]);
    let [up, down] = [[from], [from]];
    const next = (places, lists) => {
      const fresh = [...new Set(places.flatMap((place) => lists[place]))].filter((place) => !found.has(place));
      const part = fresh.slice(0, Math.max(0, this.most - found.size));
      for (const place of part) found.add(place);
      return part;
    };
    while (up.length || down.length) [up, down] = [next(up, this.above), next(down, this.lists)];
    return [...found];
  }

  sorted(places) {
    return [...places].sort((a, b) => this.collator.compare(this.nodes[a].name, this.nodes[b].name) || a - b);
  }
}
