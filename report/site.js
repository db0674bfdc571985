// Search in the sections of all pages; `sections` comes from sections.js. Also: the contents stand
// open where there is room for them.
const search = document.querySelector("[role=search]");
const [input, results] = search.children;
search.hidden = false;
for (const details of document.querySelectorAll("nav details"))
  details.open = matchMedia("(min-width: 75rem)").matches;

function found(words) {
  const score = ({ title, text }) =>
    words.every((word) => (title + " " + text).toLowerCase().includes(word))
      ? 1 + words.filter((word) => title.toLowerCase().includes(word)).length
      : 0;
  return sections
    .map((section) => ({ ...section, score: score(section) }))
    .filter((section) => section.score)
    .sort((a, b) => b.score - a.score)
    .slice(0, 12);
}

function excerpt(text, word) {
  const start = Math.max(0, text.toLowerCase().indexOf(word) - 40);
  return (start ? "… " : "") + text.slice(start, start + 120) + " …";
}

// Escape, a click elsewhere and a link that is followed close the list of results.
const close = () => results.replaceChildren();
document.addEventListener("keydown", (event) => event.key === "Escape" && close());
document.addEventListener("click", (event) => {
  if (!search.contains(event.target) || event.target.closest("a")) close();
});

// Figures that one can touch: the page stands in for JupyterLab and holds their state.
class Model {
  constructor(state) {
    this.state = state;
    this.listeners = [];
  }
  get(name) {
    return this.state[name];
  }
  set(name, value) {
    if (this.state[name] === value) return;
    this.state[name] = value;
    for (const [event, listener] of [...this.listeners]) if (event === "change:" + name) listener();
  }
  on(event, listener) {
    this.listeners.push([event, listener]);
  }
  off(event, listener) {
    this.listeners = this.listeners.filter(([e, l]) => e !== event || l !== listener);
  }
  save_changes() {}
}

function mount(module, { render }) {
  for (const box of document.querySelectorAll(`.explorable[data-module="${module}"]`))
    render({ model: new Model(JSON.parse(box.dataset.state)), el: box });
}

// What is scrolled sideways can be reached with the keyboard.
function reachable() {
  for (const box of document.querySelectorAll("pre, .wide, .long, math[display=block]"))
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
}
addEventListener("load", reachable);
addEventListener("resize", reachable);

input.addEventListener("input", () => {
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  const hits = words.length ? found(words) : [];
  results.replaceChildren();
  if (words.length && !hits.length) {
    const item = document.createElement("li");
    item.className = "none";
    item.textContent = "nothing found";
    results.append(item);
  }
  for (const section of hits) {
    const link = document.createElement("a");
    const line = document.createElement("small");
    link.href = section.path;
    link.textContent = section.title;
    line.textContent = excerpt(section.text, words[0]);
    const item = document.createElement("li");
    item.append(link, line);
    results.append(item);
  }
});
