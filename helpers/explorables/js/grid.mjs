// Tables of numbers that can be pointed at, walked over with arrow keys, and changed.
import { h, number } from "./dom.mjs";

const LIMIT = 1e6;

// A table of buttons: point(y, x) is called for the pointer, a finger and the keyboard.
export function pointable(matrix, name, point, text = number) {
  const table = h("table", { class: "xp-grid", "aria-label": name });
  const cells = matrix.map((row, y) => {
    const line = table.insertRow();
    return row.map((value, x) => {
      const cell = line.insertCell();
      const pressed = () => point(y, x);
      cell.append(h("button", {
        type: "button", "aria-label": `${name}, row ${y}, column ${x}: ${text(value)}`,
        onpointerenter: pressed, onfocus: pressed, onclick: pressed,
      }, text(value)));
      return cell;
    });
  });
  return { table: walkable(table), cells };
}

// A table of numbers that can be changed; a change calls back with the new matrix.
export function editable(matrix, name, changed, point = () => {}) {
  const table = h("table", { class: "xp-grid", "aria-label": name });
  const cells = matrix.map((row, y) => {
    const line = table.insertRow();
    return row.map((value, x) => {
      const pointed = () => point(y, x);
      const input = h("input", {
        inputmode: "decimal", "aria-label": `${name}, row ${y}, column ${x}`,
        onpointerenter: pointed, onfocus: pointed,
        onchange: () => {
          const entered = Number(input.value.replaceAll("\u2212", "-").replace(",", "."));
          const valid = input.value.trim() !== "" && Math.abs(entered) <= LIMIT;
          input.setAttribute("aria-invalid", String(!valid));
          if (valid) changed(matrix.map((r, i) => r.map((v, j) => (i === y && j === x ? entered : v))));
        },
      });
      input.value = number(value);
      if (input.value.length > 4) input.style.minWidth = `${input.value.length + 1}ch`; // all of it is seen
      const cell = line.insertCell();
      cell.append(input);
      return cell;
    });
  });
  return { table: walkable(table), cells };
}

// A table with zeros around: the cells of `inner`, and dashed ones. cells[y + padding][x + padding].
export function padded({ cells }, padding, name) {
  const table = h("table", { class: "xp-grid", "aria-label": name });
  const height = cells.length + 2 * padding, width = cells[0].length + 2 * padding;
  const all = Array.from({ length: height }, (_, y) => {
    const line = table.insertRow();
    return Array.from({ length: width }, (_, x) => {
      const cell = cells[y - padding]?.[x - padding] ?? h("td", { class: "pad" }, "0");
      line.append(cell);
      return cell;
    });
  });
  return { table: walkable(table), cells: all };
}

// A title over a table; show(table, title) puts another in its place.
export function box(...title) {
  const figure = h("figure", { class: "xp-scroll" }, h("figcaption", { class: "xp-title" }, ...title));
  figure.show = (table, text) => {
    figure.firstChild.replaceChildren(...(text ? [text] : title));
    figure.replaceChildren(figure.firstChild, table);
  };
  return figure;
}

// Take the marks off all cells below an element.
export function unmark(root) {
  for (const cell of root.querySelectorAll("td.on, td.warm")) cell.classList.remove("on", "warm");
}

// Redraw, and leave the focus where it was.
export function keepingFocus(root, draw) {
  const name = root.contains(document.activeElement) && document.activeElement.getAttribute("aria-label");
  draw();
  if (name) [...root.querySelectorAll("[aria-label]")].find((e) => e.getAttribute("aria-label").split(":")[0] === name.split(":")[0])?.focus();
}

// Arrow keys move the focus in a table; one of its fields can be reached with Tab. In a number that
// is being written, left and right first go through its digits.
function walkable(table) {
  const cells = () => [...table.rows].map((row) => [...row.querySelectorAll("button, input")]).filter((row) => row.length);
  const within = ({ target: { selectionStart: from, selectionEnd: to, value }, key }) =>
    from != null && to - from < value.length && !(from === to && to === (key === "ArrowLeft" ? 0 : value.length));
  table.addEventListener("keydown", (event) => {
    const moves = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };
    const move = moves[event.key], all = cells();
    const y = all.findIndex((row) => row.includes(document.activeElement));
    if (!move || y < 0 || ((event.key === "ArrowLeft" || event.key === "ArrowRight") && within(event))) return;
    event.preventDefault();
    const next = all[y + move[0]]?.[all[y].indexOf(document.activeElement) + move[1]];
    next?.focus();
    next?.select?.();
  });
  table.addEventListener("focusin", (event) => {
    for (const cell of cells().flat()) cell.tabIndex = cell === event.target ? 0 : -1;
  });
  cells().flat().forEach((cell, index) => (cell.tabIndex = index ? -1 : 0));
  return table;
}
