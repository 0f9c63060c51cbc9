"use strict";

// Where each group of a picture goes: what contains on the left, what is inside to its right, a row for each.
// Where there is no room for that, what is inside comes below and further in.
const ROW = 26;
const BOX = 20;
const BETWEEN = 34; // from layer to layer
const INDENT = 20; // the same where there is no room
const BLOCK = 8; // from one tree to the next below it

// A walk from the roots tells layers and which edges close a circle; those take no part in the layers.
function layersOf(places, inside) {
  const state = new Map();
  const order = [];
  const back = new Set();
  const walk = (place) => {
    state.set(place, "open");
    for (const child of inside(place)) {
      if (state.get(child) === "open") back.add(`${place} ${child}`);
      else if (!state.has(child)) walk(child);
    }
    state.set(place, "done");
    order.push(place);
  };
  const inner = new Set(places.flatMap((place) => inside(place).filter((child) => child !== place)));
  for (const place of places) if (!inner.has(place) && !state.has(place)) walk(place);
  for (const place of places) if (!state.has(place)) walk(place);
  const layer = new Map(places.map((place) => [place, 0]));
  for (const place of order.reverse()) {
    for (const child of inside(place)) {
      if (!back.has(`${place} ${child}`)) layer.set(child, Math.max(layer.get(child), layer.get(place) + 1));
    }
  }
  return { layer, back };
}

// Each group hangs below one of the groups that contain it: the first of the layer before its own.
function hung(places, inside) {
  const { layer, back } = layersOf(places, inside);
  const parent = new Map();
  const below = new Map(places.map((place) => [place, []]));
  for (const place of places) {
    for (const child of inside(place)) {
      const next = layer.get(child) === layer.get(place) + 1 && !back.has(`${place} ${child}`);
      if (next && !parent.has(child)) {
        parent.set(child, place);
        below.get(place).push(child);
      }
    }
  }
  return { parent, below };
}

// The trees of a picture, those beside each other that share a group, and those last that are one group alone.
function blocksOf(places, inside, narrow) {
  const { parent, below } = hung(places, inside);
  const blocks = places.filter((place) => !parent.has(place)).map((root) => blockOf(root, below, narrow));
  const home = new Map(blocks.flatMap((block, at) => block.cells.map(({ place }) => [place, at])));
  const group = blocks.map((_, at) => at);
  const top = (at) => (group[at] === at ? at : top(group[at]));
  for (const place of places) {
    for (const child of inside(place)) {
      const [a, b] = [top(home.get(place)), top(home.get(child))];
      group[Math.max(a, b)] = Math.min(a, b);
    }
  }
  const alone = (place) => !parent.has(place) && !below.get(place).length && group.filter((one) => top(one) === top(home.get(place))).length === 1;
  const rank = blocks.map((block, at) => (block.cells.length === 1 && alone(block.cells[0].place) ? Infinity : top(at)));
  blocks.forEach((block, at) => { block.alone = rank[at] === Infinity; });
  const order = blocks.map((_, at) => at).sort((a, b) => (rank[a] === rank[b] ? a - b : rank[a] - rank[b]));
  return { parent, blocks: order.map((at) => blocks[at]) };
}

// The groups of a tree with layer and row; a group stands in the row of the first one inside of it.
function blockOf(root, below, narrow) {
  const cells = [];
  let row = 0;
  const put = (place, layer) => {
    cells.push({ place, layer, row });
    below.get(place).forEach((child, at) => {
      if (narrow || at > 0) row += 1;
      put(child, layer + 1);
    });
  };
  put(root, 0);
  return { cells, rows: row + 1 };
}

// Set the boxes of a tree as if nothing else were drawn.
function spread(block, widthOf, narrow) {
  const widths = [];
  for (const { place, layer } of block.cells) widths[layer] = Math.max(widths[layer] ?? 0, widthOf(place));
  const lefts = widths.map((_, layer) => (narrow ? layer * INDENT : widths.slice(0, layer).reduce((sum, one) => sum + one + BETWEEN, 0)));
  block.boxes = block.cells.map(({ place, layer, row }) => ({
    place, x: lefts[layer], y: row * ROW, width: widthOf(place), turn: lefts[layer] + (narrow ? INDENT / 2 : widths[layer] + BETWEEN / 2),
  }));
  block.width = Math.max(...block.boxes.map((box) => box.x + box.width));
  block.height = block.rows * ROW + (block.alone ? 0 : BLOCK);
}

const widest = (blocks) => Math.max(...blocks.map((block) => block.width));
const tall = (blocks) => blocks.reduce((sum, block) => sum + block.height, 0);

// As many columns of trees as there is room for, of about the same height, in reading order.
function columnsOf(blocks, apart, room) {
  for (let number = Math.min(blocks.length, 8); number > 1; number -= 1) {
    const columns = filled(blocks, tall(blocks) / number);
    if (columns.reduce((sum, column) => sum + widest(column) + apart, -apart) <= room) return columns;
  }
  return [blocks];
}

function filled(blocks, height) {
  const columns = [[]];
  for (const block of blocks) {
    const last = columns.at(-1);
    if (last.length && tall(last) + block.height / 2 > height) columns.push([block]);
    else last.push(block);
  }
  return columns;
}

// Return the box of each place, which group it hangs below, and the size of the whole.
function arranged(places, inside, widthOf, room, narrow) {
  const { parent, blocks } = blocksOf(places, inside, narrow);
  for (const block of blocks) spread(block, widthOf, narrow);
  const boxes = new Map();
  let [width, height] = [0, 0];
  for (const alone of [false, true]) {
    const part = blocks.filter((block) => block.alone === alone);
    const apart = alone ? 14 : 48;
    const top = height;
    let x = 0;
    for (const column of part.length ? columnsOf(part, apart, room) : []) {
      let y = top;
      for (const block of column) {
        for (const box of block.boxes) boxes.set(box.place, { ...box, x: x + box.x, y: y + box.y, turn: x + box.turn });
        y += block.height;
      }
      width = Math.max(width, x + widest(column));
      height = Math.max(height, y);
      x += widest(column) + apart;
    }
  }
  return { boxes, parent, width, height };
}
