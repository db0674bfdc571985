// Building blocks of all explorables: elements, controls, colours, and words for screen readers.

// An element: h("p", { class: "note", onclick: f }, "text", child).
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.filter((child) => child != null));
  return element;
}

// A number as a reader writes it: at most three digits after the point, a true minus. What would
// be too long or vanish is written with a power of ten; below 1e-9 is what rounding leaves of 0.
export function number(value) {
  const size = Math.abs(value), far = size >= 1e7 || (size >= 1e-9 && size < 0.0005);
  const text = far ? value.toExponential(2).replace(/\.?0*e\+?/, "e") : String(Math.round(value * 1000) / 1000 || 0);
  return text.replaceAll("-", "\u2212");
}

// A letter with a small one, low or high: H with "out" below is letter("H", "sub", "out").
export const letter = (name, place, small) => h("span", {}, name, h(place, {}, small));

// The same within a sum: a negative one in brackets.
export const term = (value) => (value < 0 ? `(${number(value)})` : number(value));

// A labelled slider; set(value) moves it without a call back. The value is in the slider's own
// words for a screen reader, so the text beside it is hidden from one.
export function slider(label, { min, max, step = 1, value, unit = "" }, changed) {
  const shown = h("span", { class: "xp-value", "aria-hidden": "true" });
  const tell = (value) => {
    shown.textContent = number(value) + unit;
    input.setAttribute("aria-valuetext", number(value) + unit);
  };
  const input = h("input", {
    type: "range", min, max, step, value,
    oninput: () => {
      tell(input.valueAsNumber);
      changed(input.valueAsNumber);
    },
  });
  tell(value);
  const element = h("label", { class: "xp-control xp-slider" }, h("span", {}, label), shown, input);
  element.set = (value) => {
    if (input.valueAsNumber !== value) input.value = value;
    tell(value);
  };
  return element;
}

export function choice(label, options, chosen) {
  const select = h("select", { onchange: () => chosen(select.value) });
  for (const [value, text] of options) select.append(h("option", { value }, text));
  const element = h("label", { class: "xp-control" }, h("span", {}, label), select);
  element.set = (value) => (select.value = value);
  return element;
}

export const button = (text, pressed, more = {}) =>
  h("button", { type: "button", class: "xp-button", onclick: pressed, ...more }, text);

// The frame of an explorable: its content, a line that is read aloud, and the folded answer to the
// question that stands in the caption.
export function frame(el, model, label, ...content) {
  const said = h("p", { class: "xp-said", "aria-live": "polite" });
  const answer = model.get("answer") &&
    h("details", {}, h("summary", {}, "Question and answer"), h("p", {}, h("em", {}, model.get("question") ?? "")), h("p", {}, model.get("answer")));
  const root = h("div", { class: "xp", role: "group", "aria-label": label });
  root.append(h("style", {}, STYLE), ...content, said, ...(answer ? [answer] : []));
  el.replaceChildren(root);
  // Nothing is said before a reader does something, and then only what stays for a moment, so that
  // neither a page that opens nor a pointer that passes makes noise.
  let waiting, touched = false;
  for (const kind of ["pointerdown", "pointerover", "keydown", "focusin", "input"]) root.addEventListener(kind, () => (touched = true), { once: true });
  const say = (text) => {
    clearTimeout(waiting);
    if (touched) waiting = setTimeout(() => (said.textContent = text), 400);
  };
  return { root, say };
}

// Draw the state, and again when any of these traits changes, on either side; returns the undoing.
// Several changes are drawn once, in the next frame, when all of them have come.
export function follow(model, names, draw) {
  let waiting = 0;
  const soon = () => {
    waiting ||= requestAnimationFrame(() => {
      waiting = 0;
      draw();
    });
  };
  for (const name of names) model.on(`change:${name}`, soon);
  draw();
  return () => {
    cancelAnimationFrame(waiting);
    names.forEach((name) => model.off(`change:${name}`, soon));
  };
}

export function set(model, changes) {
  for (const [name, value] of Object.entries(changes)) model.set(name, value);
  model.save_changes();
}

// Colours come from JupyterLab or from the page, so that both themes are followed.
const STYLE = `
.xp { --xp-ink: var(--jp-content-font-color1, var(--ink, #1b2530)); --xp-soft: var(--jp-content-font-color2, var(--soft, #566472));
  --xp-paper: var(--jp-layout-color0, var(--paper, #fff)); --xp-line: var(--jp-border-color1, var(--faint, #d3dae1));
  --xp-accent: var(--accent, #1d5a9e); --xp-warm: #c25e00; --xp-fill: color-mix(in srgb, var(--xp-accent) 18%, var(--xp-paper));
  --xp-warm-fill: color-mix(in srgb, var(--xp-warm) 22%, var(--xp-paper));
  color: var(--xp-ink); font: 15px/1.45 var(--jp-content-font-family, inherit); max-width: 46rem; }
.xp *, .xp *::before { box-sizing: border-box; }
.xp-row { display: flex; flex-wrap: wrap; gap: .6rem 1.4rem; align-items: flex-start; margin: .5rem 0; }
.xp-controls { display: grid; grid-template-columns: repeat(auto-fill, minmax(8.2rem, 1fr)); gap: .3rem 1.4rem; margin: .5rem 0; }
.xp-control { display: inline-flex; align-items: center; gap: .5rem; min-height: 2rem; max-width: 100%; } .xp select { min-width: 0; max-width: 100%; }
.xp-slider { display: grid; grid-template-columns: 1fr auto; align-items: end; gap: 0 .5rem; }
.xp-slider input { grid-column: 1 / -1; width: 100%; height: 1.75rem; margin: 0; accent-color: var(--xp-accent); }
.xp-value { font-variant-numeric: tabular-nums; }
.xp-button, .xp select { font: inherit; color: inherit; background: var(--xp-paper); border: 1px solid var(--xp-soft); border-radius: 4px; padding: .2rem .7rem; min-height: 2rem; cursor: pointer; }
.xp-button[aria-pressed=true] { background: var(--xp-fill); border-color: var(--xp-accent); }
.xp :focus-visible { outline: 2px solid var(--xp-accent); outline-offset: 1px; }
.xp figure { margin: 0; } .xp-title { font-size: .88em; color: var(--xp-soft); margin: 0 0 .25rem; }
.xp-scroll { overflow-x: auto; max-width: 100%; }
.xp table.xp-grid { border-collapse: collapse; border: 0; margin: 0; font-variant-numeric: tabular-nums; font-size: 1em; }
.xp .xp-grid td { position: relative; width: 2.4rem; height: 2.4rem; padding: 0; text-align: center; vertical-align: middle; border: 1px solid var(--xp-line); background: var(--xp-paper); }
.xp .xp-grid td.pad { border-style: dashed; color: var(--xp-soft); }
.xp .xp-grid td.unread { background-image: repeating-linear-gradient(45deg, transparent 0 4px, var(--xp-line) 4px 5px); }
.xp .xp-grid td.on { background: var(--xp-fill); box-shadow: inset 0 0 0 2px var(--xp-accent); }
.xp .xp-grid td.warm { background: var(--xp-warm-fill); box-shadow: inset 0 0 0 2px var(--xp-warm); }
.xp .xp-grid input, .xp .xp-grid button { width: 100%; height: 2.3rem; font: inherit; color: inherit; background: none; border: 0; text-align: center; padding: 0; margin: 0; border-radius: 0; }
.xp .xp-grid button { cursor: pointer; } .xp .xp-grid input[aria-invalid=true] { color: var(--xp-warm); text-decoration: underline wavy; }
.xp-formula { font-variant-numeric: tabular-nums; margin: .4rem 0; }
.xp-sum { min-height: 3em; margin: .4rem 0; font-variant-numeric: tabular-nums; }
.xp-line { display: block; white-space: pre; } .xp :is(sub, sup) { font-size: .82em; line-height: 0; }
.xp-image { width: 8.4rem; height: 8.4rem; image-rendering: pixelated; border: 1px solid var(--xp-line); }
.xp-plot { width: 100%; max-width: 46rem; height: auto; font-size: 13px; }
.xp-plot text { fill: var(--xp-ink); } .xp-plot .soft { fill: var(--xp-soft); }
.xp-plot .truth { stroke: var(--xp-soft); stroke-width: 2; } .xp-plot .seen { fill: var(--xp-accent); } .xp-plot .best { fill: var(--xp-warm); }
.xp-plot .axis { stroke: var(--xp-line); } .xp-plot .bar { fill: var(--xp-accent); } .xp-plot .right { fill: var(--xp-warm); }
.xp-draw { width: 15rem; height: 15rem; image-rendering: pixelated; background: #000; border-radius: 3px; touch-action: none; cursor: crosshair; }
.xp-maps { width: min(100%, 30rem); image-rendering: pixelated; background: #000; border-radius: 3px; }
.xp-scores { display: grid; gap: .6rem; min-width: 15rem; flex: 1; }
.xp-bars { display: grid; grid-template-columns: repeat(10, 1fr); gap: 3px; max-width: 22rem; }
.xp-bar { position: relative; height: 3rem; display: flex; align-items: flex-end; justify-content: center; font-size: .8em; border-bottom: 1px solid var(--xp-soft); }
.xp-bar::before { content: ""; position: absolute; inset: auto 0 0; height: calc(var(--p) * 100%); background: var(--xp-fill); }
.xp-bar.best::before { background: var(--xp-warm-fill); border-top: 2px solid var(--xp-warm); } .xp-bar { isolation: isolate; } .xp-bar::before { z-index: -1; }
.xp-said { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); margin: 0; }
.xp details { margin: 0; } .xp summary { cursor: pointer; color: var(--xp-soft); padding: .2rem 0; } .xp details p { margin: .3rem 0; }
@media (prefers-color-scheme: dark) { .xp { --xp-warm: #f0a860; } }
[data-jp-theme-light=true] .xp { --xp-warm: #c25e00; color-scheme: light; } [data-jp-theme-light=false] .xp { --xp-warm: #f0a860; --xp-accent: #7fb6f2; color-scheme: dark; }
@media print { .xp-button, .xp-control, .xp details { display: none; } .xp { break-inside: avoid; } .xp * { print-color-adjust: exact; } }
`;
