// What does not fit the current slide, or is too small to be read; null if all is well.
(() => {
  const found = [], scale = Reveal.getScale();
  const inside = [...Reveal.getCurrentSlide().querySelectorAll("*")].filter(e => !e.closest("aside"));
  for (const e of inside) {
    const box = e.getBoundingClientRect();
    const out = box.bottom > innerHeight || box.right > innerWidth || box.left < 0 || box.top < 0;
    if (box.width && out) found.push(["sticks out", e.tagName, box.right, box.bottom, e.textContent.slice(0, 40)]);
    if (e.tagName === "IMG") {
      // drawn for paper, its smallest words 8.5 points high: 11.3 pixels
      const size = 11.3 * Math.min(box.width / e.naturalWidth, box.height / e.naturalHeight);
      if (!e.naturalWidth || size < 12.3) found.push(["small picture", size, e.alt]);
    }
    const words = [...e.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    if (words && !e.closest("math") && scale * parseFloat(getComputedStyle(e).fontSize) < 16) {
      found.push(["small words", e.tagName, e.textContent.slice(0, 40)]);
    }
    if (e.localName === "math" && !(box.width > 4 && box.height > 4)) found.push(["no formula", e.textContent]);
  }
  return found.length ? found : null;
})()
