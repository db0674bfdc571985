// Search in the sections of all pages; `sections` comes from sections.js, which is loaded when it is
// first wanted. Also: the contents stand open where there is room for them.
const search = document.querySelector("[role=search]");
const [input, results, status] = search.children;
search.hidden = false;
let loading;
const loaded = () => (loading ??= load("sections.js"));
input.addEventListener("focus", loaded);
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.target.closest("input, select, textarea, [tabindex]")) return;
  event.preventDefault();
  input.focus();
});
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

const states = {}; // filled by the files of large states

function load(file) {
  return new Promise((resolve) => {
    const script = document.createElement("script");
    script.src = file;
    script.onload = resolve;
    document.head.append(script);
  });
}

function mount(module, { render }) {
  for (const box of document.querySelectorAll(`.explorable[data-module="${module}"]`)) {
    const file = box.dataset.stateFile;
    if (!file) {
      render({ model: new Model(JSON.parse(box.dataset.state)), el: box });
      continue;
    }
    const near = new IntersectionObserver(async ([{ isIntersecting }]) => {
      if (!isIntersecting) return;
      near.disconnect();
      await load(file);
      render({ model: new Model(structuredClone(states[file])), el: box });
    }, { rootMargin: "800px" });
    near.observe(box);
  }
}

// What is scrolled sideways can be reached with the keyboard.
function reachable() {
  for (const box of document.querySelectorAll("pre, .wide, .long, .explorable, math[display=block]"))
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
}
addEventListener("load", reachable);
addEventListener("resize", reachable);

input.addEventListener("input", async () => {
  await loaded();
  const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
  const hits = words.length ? found(words) : [];
  results.replaceChildren();
  status.textContent = words.length ? `${hits.length} results` : "";
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

// Code can be copied, a section linked to, and an animation, which plays once, played again.
for (const picture of document.querySelectorAll("picture")) {
  const image = picture.querySelector("img"), again = document.createElement("button");
  again.className = "again";
  again.type = "button";
  again.textContent = "Play again";
  again.addEventListener("click", () => {
    const src = image.src;
    image.src = "";
    image.src = src;
  });
  picture.after(again);
}
for (const block of document.querySelectorAll(".code")) {
  const copy = document.createElement("button");
  copy.className = "copy";
  copy.type = "button";
  copy.textContent = "Copy";
  copy.addEventListener("click", async () => {
    await navigator.clipboard.writeText(block.querySelector("pre").textContent);
    copy.textContent = "Copied";
    setTimeout(() => (copy.textContent = "Copy"), 1500);
  });
  block.append(copy);
}
for (const heading of document.querySelectorAll("main :is(h2, h3, h4)")) {
  const place = heading.id || heading.closest("section[id]")?.id;
  if (!place) continue;
  const link = document.createElement("a");
  link.className = "permalink";
  link.href = "#" + place;
  link.textContent = "#";
  link.setAttribute("aria-label", `Link to “${heading.textContent.trim()}”`);
  heading.append(link);
}
