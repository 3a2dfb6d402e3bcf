// Around the circuit: zoom and pan, a search for a node, the plot of the output against a leaf, and what can be saved
// or copied. All it knows of the circuit is `window.circuit`, which `page.js` makes.
"use strict";
(() => {
  const circuit = window.circuit, { $, data } = circuit, pane = $(".scroll");
  const natural = () => circuit.seen.svg.viewBox.baseVal;
  const say = (text) => { $("#saved").textContent = text; };

  // ---- zoom and pan: the drawing's width is set, and the pane scrolls ----

  const LEAST = 0.02, MOST = 4, LEGIBLE = 0.33; // below, letters are not drawn
  const scale = () => circuit.seen.svg.getBoundingClientRect().width / natural().width;

  // At `point`, or in the middle of the pane, the drawing stays where it is.
  function zoom(to, point) {
    const frame = pane.getBoundingClientRect(), { x, y } = point ?? { x: frame.x + frame.width / 2, y: frame.y + frame.height / 2 };
    const before = circuit.seen.svg.getBoundingClientRect(), across = (x - before.x) / before.width, down = (y - before.y) / before.height;
    pane.style.setProperty("--scale", Math.min(Math.max(to, LEAST), MOST));
    pane.classList.add("zoomed");
    const after = circuit.seen.svg.getBoundingClientRect();
    pane.scrollLeft += after.x + across * after.width - x;
    pane.scrollTop += after.y + down * after.height - y;
    look();
  }
  const fit = () => zoom(Math.min((pane.clientWidth - 36) / natural().width, (Math.max(pane.clientHeight, innerHeight * 0.7) - 8) / natural().height));
  const zooms = { in: () => zoom(scale() * 1.3), out: () => zoom(scale() / 1.3), fit };

  // Which part of a large drawing is in view: the rest can wait when numbers change.
  function look() {
    const { svg } = circuit.seen, box = svg.getBoundingClientRect(), frame = pane.getBoundingClientRect(), per = box.width / natural().width || 1;
    svg.classList.toggle("far", circuit.large && per < LEGIBLE);
    if (!circuit.large) return circuit.look(null);
    const at = (x, y) => [(x - box.left) / per, (y - box.top) / per], margin = 60;
    const [left, top] = at(Math.max(frame.left, 0), Math.max(frame.top, 0)), [right, bottom] = at(Math.min(frame.right, innerWidth), Math.min(frame.bottom, innerHeight));
    circuit.look({ left: left - margin, right: right + margin, top: top - margin, bottom: bottom + margin, far: per < LEGIBLE });
  }
  let looking = 0;
  const soon = () => { looking ||= requestAnimationFrame(() => { looking = 0; look(); }); };
  pane.addEventListener("scroll", soon);
  addEventListener("scroll", soon);
  addEventListener("resize", soon);
  addEventListener("opened", soon);

  for (const button of document.querySelectorAll("[data-zoom]")) button.addEventListener("click", zooms[button.dataset.zoom]);
  pane.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(scale() * Math.exp(-event.deltaY / 300), event);
  }, { passive: false });
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input")) return;
    const zoomed = zooms[{ "+": "in", "=": "in", "-": "out", 0: "fit" }[event.key]];
    if (!zoomed && event.key !== "/") return;
    event.preventDefault();
    if (zoomed) zoomed();
    else $("#find").focus();
  });
  let grip = null;
  pane.addEventListener("pointerdown", (event) => {
    if (event.pointerType === "touch" || event.button || event.target.closest(".node, .toggle") || event.target === pane) return;
    grip = { x: event.clientX + pane.scrollLeft, y: event.clientY + pane.scrollTop };
    pane.setPointerCapture(event.pointerId);
    pane.classList.add("grabbed");
  });
  pane.addEventListener("pointermove", (event) => { if (grip) pane.scrollTo(grip.x - event.clientX, grip.y - event.clientY); });
  for (const end of ["pointerup", "pointercancel"]) pane.addEventListener(end, () => { grip = null; pane.classList.remove("grabbed"); });

  // ---- the search ----

  const named = new Map(); // a node's names and expression, and where it is
  data.op.forEach((op, i) => {
    if (op === -2 && !data.labelled[i]) return;
    for (const text of [data.full[i], circuit.name(i), data.expressions[i]]) if (text && !named.has(text)) named.set(text, i);
  });
  $("#known").append(...[...named.keys()].slice(0, 2000).map((text) => Object.assign(document.createElement("option"), { value: text })));
  function find(text) {
    const sought = text.trim().toLowerCase(), names = [...named.keys()];
    const name = named.has(text.trim()) ? text.trim() : names.find((other) => other.toLowerCase().startsWith(sought)) ?? names.find((other) => other.toLowerCase().includes(sought));
    if (!sought) return say("");
    if (name === undefined) return say(`There is no node “${text.trim()}”.`);
    const i = named.get(name), boxIn = ({ svg }) => svg.querySelector(`.node[data-node="${data.places[i]}"]`);
    if (!boxIn(circuit.seen)) { // in a group that is closed
      const other = circuit.drawings.find(boxIn);
      if (!other) return say(`${name} is not drawn by itself.`);
      circuit.open(other.state);
    }
    if (scale() < LEGIBLE) zoom(1);
    const box = boxIn(circuit.seen);
    circuit.show(box);
    box.focus({ preventScroll: true });
    say(`${name} = ${circuit.short(circuit.value(i))}`);
  }
  $("#find").addEventListener("change", () => find($("#find").value));
  $("#find").addEventListener("keydown", (event) => { if (event.key === "Enter") find($("#find").value); });

  // ---- the output against a leaf, the others as they are, with its tangent ----

  const POINTS = 121, WORK = 3e5, AT_ONCE = 2e4, WIDE = 340, HIGH = 170, EDGE = 22;
  let curve = { leaf: -1 }, later = 0;
  const finite = (x) => Math.min(Math.max(x, -Number.MAX_VALUE), Number.MAX_VALUE);
  function part(x, from, to) { // of the way from `from` to `to`, which may be too long for a number
    const less = to - from > Number.MAX_VALUE ? 4 : 1;
    return (x / less - from / less) / (to / less - from / less);
  }
  // In a large graph the curve waits until the other leaves stand still: meanwhile there is only its tangent.
  function curveOf(leaf, patient) {
    const k = circuit.slot.get(leaf), x = circuit.inputs[k], others = circuit.inputs.map((other, at) => (at === k ? 0 : other));
    let [from, to] = curve.leaf === leaf ? curve.range : circuit.range(leaf);
    if (x < from || x > to) [from, to] = [finite(Math.min(x - Math.abs(x), from)), finite(Math.max(x + Math.abs(x), to))];
    if (curve.leaf === leaf && curve.range[0] === from && curve.range[1] === to && others.every((other, at) => Object.is(other, curve.others[at]))) return curve;
    const count = Math.max(41, Math.min(POINTS, Math.floor(WORK / data.op.length))), inputs = [...circuit.inputs];
    if (!patient && count * data.op.length > AT_ONCE && curve.leaf === leaf) {
      clearTimeout(later);
      later = setTimeout(() => plot(leaf, true), 200);
      return { ...curve, points: [] };
    }
    const points = Array.from({ length: count }, (_, n) => {
      inputs[k] = from * (1 - n / (count - 1)) + to * (n / (count - 1));
      return [inputs[k], circuit.compute(inputs)[circuit.root]];
    });
    const heights = points.map(([, y]) => y).filter(Number.isFinite).sort((a, b) => a - b), at = (share) => heights[Math.floor(share * (heights.length - 1))];
    const [low, high] = heights.length ? [at(0.03), at(0.97)] : [0, 1], room = (high - low) * 0.15 || Math.abs(low) * 0.5 || 1; // a pole may leave
    return (curve = { leaf, others, range: [from, to], points, low: finite(low - room), high: finite(high + room) });
  }
  const picture = (tag, attributes, text = "") => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [key, to] of Object.entries(attributes)) made.setAttribute(key, to);
    made.textContent = text;
    return made;
  };
  function plot(leaf, patient = false) {
    const box = $("#plot"), k = circuit.slot.get(leaf);
    const shown = circuit.compute && circuit.root >= 0 && k !== undefined && Number.isFinite(circuit.inputs[k]);
    box.toggleAttribute("hidden", !shown);
    if (!shown) return;
    const { range: [from, to], points, low, high } = curveOf(leaf, patient), x = circuit.inputs[k], y = circuit.value(circuit.root), slope = circuit.adjoint(leaf);
    const across = (x) => EDGE + part(x, from, to) * (WIDE - 2 * EDGE), down = (y) => HIGH - EDGE - part(y, low, high) * (HIGH - 2 * EDGE);
    const clipped = (y) => Math.min(Math.max(down(y), -1e4), 1e4).toFixed(1);
    const path = points.map(([x, y], n) => (Number.isFinite(y) ? `${n && Number.isFinite(points[n - 1][1]) ? "L" : "M"}${across(x).toFixed(1)} ${clipped(y)}` : "")).join("");
    const frame = { x: EDGE, y: EDGE - 2, width: WIDE - 2 * EDGE, height: HIGH - 2 * EDGE + 2 }, clip = picture("clipPath", { id: "framed" });
    clip.append(picture("rect", frame));
    const parts = [clip, picture("path", { class: "axis", d: `M${EDGE} ${HIGH - EDGE}H${WIDE - EDGE}M${EDGE} ${EDGE}V${HIGH - EDGE}` }), picture("path", { d: path, "clip-path": "url(#framed)" })];
    if (Number.isFinite(y) && Number.isFinite(slope)) {
      const line = (x2) => `${across(x2).toFixed(1)} ${clipped(y + slope * (x2 - x))}`;
      parts.push(picture("path", { class: "tangent", "clip-path": "url(#framed)", d: `M${line(from)}L${line(to)}` }));
    }
    if (Number.isFinite(y)) parts.push(picture("circle", { cx: across(x).toFixed(1), cy: clipped(y), r: 4.5 }));
    parts.push(
      picture("text", { x: EDGE, y: HIGH - 7 }, circuit.short(from)), picture("text", { x: WIDE - EDGE, y: HIGH - 7, class: "end" }, circuit.short(to)),
      picture("text", { x: EDGE + 4, y: 14 }, `${circuit.output} against ${circuit.name(leaf)}, from ${circuit.short(low)} to ${circuit.short(high)}; red: its tangent`),
    );
    box.replaceChildren(...parts);
    box.setAttribute("aria-label", `${circuit.output} against ${circuit.name(leaf)}: at ${circuit.short(x)} it is ${circuit.short(y)}, with the slope ${circuit.short(slope)}`);
  }
  addEventListener("rendered", (event) => plot(event.detail));

  // ---- saving and copying ----

  const STYLES = ["fill", "stroke", "stroke-width", "stroke-dasharray", "stroke-linejoin", "paint-order", "opacity", "font-size", "font-weight", "font-style", "text-anchor", "visibility"];
  // The drawing as a file of its own, in the colours of the screen.
  function standalone() {
    circuit.choose(-1);
    circuit.seen.svg.classList.remove("far");
    circuit.render();
    const { svg } = circuit.seen, { width, height } = natural(), copy = svg.cloneNode(true), parts = "rect, path, text, tspan";
    const copies = [...copy.querySelectorAll(parts)];
    [...svg.querySelectorAll(parts)].forEach((part, n) => {
      const style = getComputedStyle(part);
      for (const name of STYLES) copies[n].setAttribute(name, style.getPropertyValue(name));
    });
    for (const toggle of copy.querySelectorAll(".toggle")) toggle.remove();
    for (const part of [copy, ...copy.querySelectorAll("[style], [tabindex]")]) { part.removeAttribute("style"); part.removeAttribute("tabindex"); }
    for (const [name, to] of [["width", width], ["height", height], ["font-family", "system-ui, DejaVu Sans, sans-serif"]]) copy.setAttribute(name, to);
    copy.prepend(picture("rect", { width: "100%", height: "100%", fill: getComputedStyle($("#circuit")).backgroundColor }));
    look();
    return [new XMLSerializer().serializeToString(copy), width, height];
  }
  function download(blob, suffix) {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `circuit.${suffix}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    say(`Saved as circuit.${suffix}.`);
  }
  function savePng() {
    const [text, width, height] = standalone(), image = new Image();
    const by = Math.min(2, 12_000 / Math.max(width, height)); // what canvases hold
    image.onload = () => {
      const canvas = Object.assign(document.createElement("canvas"), { width: width * by, height: height * by });
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      canvas.toBlob((blob) => (blob ? download(blob, "png") : say("The circuit is too large for a PNG: save it as SVG.")));
    };
    image.onerror = () => say("The browser could not draw the PNG: save it as SVG.");
    image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`;
  }
  async function copy(text, said) {
    try {
      await navigator.clipboard.writeText(text);
    } catch { // in a frame, or without permission
      const field = Object.assign(document.createElement("textarea"), { value: text });
      document.body.append(field);
      field.select();
      const done = document.execCommand("copy");
      field.remove();
      if (!done) said = "The browser did not allow copying.";
    }
    say(said);
  }
  const moved = () => circuit.leaves.filter((i, k) => !Object.is(circuit.inputs[k], Number(data.values[i])));
  const saves = {
    svg: () => download(new Blob([standalone()[0]], { type: "image/svg+xml" }), "svg"),
    png: savePng,
    latex: () => copy(data.latex, moved().length ? "LaTeX copied, with the numbers before the leaves were changed." : "LaTeX copied."),
    link: () => {
      const state = new URLSearchParams(moved().map((i) => [data.places[i], circuit.plain(circuit.inputs[circuit.slot.get(i)])]));
      if (circuit.position < circuit.steps) state.set("step", circuit.position);
      copy(`${location.href.split("#")[0]}#${state}`, "Link copied: it opens the circuit with these numbers.");
    },
  };
  for (const button of document.querySelectorAll("[data-save]")) button.addEventListener("click", saves[button.dataset.save]);
  $('[data-save="latex"]').hidden = !data.latex;
  $('[data-save="link"]').hidden = location.protocol === "about:"; // in a frame there is no address

  // What a link brings: `#12=3.5&step=4`, a leaf by its place.
  const brought = [...new URLSearchParams(location.hash.slice(1))], wanted = new Map(brought.map(([key, to]) => [key, Number(to)]));
  circuit.set(circuit.leaves.filter((i) => wanted.has(String(data.places[i]))).map((i) => [i, wanted.get(String(data.places[i]))]));
  if (wanted.get("step") >= 0) circuit.go(wanted.get("step"));

  // At first as much of the circuit as can be read: of a wide one, on a narrow screen, with its groups closed.
  const overflows = () => pane.scrollWidth > pane.clientWidth + 1;
  if (overflows() && circuit.seen.kind === "down") {
    const size = ({ svg }) => svg.querySelectorAll(".node").length;
    circuit.open(circuit.drawings.reduce((least, other) => (size(other) < size(least) ? other : least)).state);
  }
  look();
  if (overflows()) {
    if (circuit.seen.kind === "down") zoom(Math.max((pane.clientWidth - 36) / natural().width, 0.45));
    circuit.show(circuit.seen.svg.querySelector(".node.root, .node.group, .node"));
  }
  plot(circuit.chosen);
})();
