// What the page does: it shows the numbers that `compute` gives for the leaves, steps through them forward and
// backward, explains each gradient, and computes anew when a leaf is changed. `compute` is the graph itself as a program:
// from the leaves to every value, every adjoint, every local gradient and every term of the chain rule, in that order.
// Nothing here knows an operation or a derivative. `page_view.js` zooms, finds, plots and saves, through `window.circuit`.
"use strict";
(() => {
  const once = new Map(); // what was found: a search goes through the whole drawing
  const $ = (selector) => once.get(selector) ?? once.set(selector, document.querySelector(selector)).get(selector);
  const data = JSON.parse($("#data").textContent);

  // ---- the graph ----

  const count = data.op.length;
  const LEAF = -1, CONSTANT = -2;
  const first = [0]; // of each node: the first of its edges
  for (const parents of data.parents) first.push(first.at(-1) + parents.length);
  const edges = first[count];
  const index = new Map(data.places.map((place, i) => [place, i])); // the drawing knows places in the whole graph
  const parents = data.parents.map((some) => some.map((place) => index.get(place) ?? -1));
  const root = index.get(data.root) ?? -1, seed = Number(data.seed);
  const uses = Array.from({ length: count }, () => []); // of each node: the edges that lead on from it
  const child = new Int32Array(edges);
  parents.forEach((some, i) => some.forEach((parent, k) => {
    child[first[i] + k] = i;
    if (parent >= 0) uses[parent].push(first[i] + k);
  }));
  for (const some of uses) some.sort((a, b) => child[b] - child[a] || a - b); // in the order of the backward sweep
  const leaves = data.op.flatMap((op, i) => (op === LEAF ? [i] : []));
  const original = leaves.map((i) => Number(data.values[i]));
  const inputs = [...original];
  const slot = new Map(leaves.map((i, k) => [i, k]));
  const unchanged = () => inputs.every((x, k) => Object.is(x, original[k]));
  const paths = new Float64Array(count); // how many lead from a node to the output
  if (root >= 0) paths[root] = 1;
  for (let i = count - 1; i >= 0; i--) for (const edge of uses[i]) paths[i] += paths[child[edge]];

  let numbers = null;
  let known = () => true; // whether the gradient of a node is known at the end
  function computed() {
    if (compute) numbers = compute(inputs);
    else if (!numbers) {
      const gradients = data.gradients.map((text) => (text === "" ? NaN : Number(text)));
      const slopes = data.locals.map(Number);
      numbers = [...data.values.map(Number), ...gradients, ...slopes, ...slopes.map((s, e) => (unchosen(s, e) ? 0 : s * gradients[child[e]]))];
      known = (i) => data.gradients[i] !== "";
    }
  }
  const value = (i) => numbers[i];
  const adjoint = (i) => numbers[count + i];
  const local = (edge) => numbers[2 * count + edge];
  const term = (edge) => numbers[2 * count + edges + edge];

  // Why no path leads along an edge, or "": a local gradient of 0 may be that of a choice, a zero above that of another.
  const unchosen = (slope, edge) => (slope === 0 && data.operations[data.op[child[edge]]][2][edge - first[child[edge]]]) || "";
  const noPath = (edge) => unchosen(local(edge), edge) || (term(edge) === 0 && Number.isNaN(local(edge) * adjoint(child[edge])) ? "no path leads here" : "");
  const multiplied = (edge, a, b) => (noPath(edge) ? [inGradient(0), ` (${noPath(edge)})`] : [a, " × ", b, " = ", inGradient(term(edge))]);

  // ---- numbers and names as text ----

  function short(x) {
    if (Number.isNaN(x)) return "nan";
    if (!Number.isFinite(x)) return x > 0 ? "inf" : "−inf";
    const digits = data.precision, [mantissa, exponent] = x.toExponential(digits - 1).split("e"), power = Number(exponent);
    const trimmed = (text) => (text.includes(".") ? text.replace(/\.?0+$/, "") : text);
    const text = power < -4 || power >= digits
      ? `${trimmed(mantissa)}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`
      : trimmed(x.toFixed(digits - 1 - power));
    return text.replaceAll("-", "−");
  }
  const exact = (x) => (Object.is(x, -0) ? "−0" : Number.isNaN(x) ? "nan" : String(x).replace("Infinity", "inf").replaceAll("-", "−"));
  const inParentheses = (text) => (/^[−]|[ ]/.test(text) ? `(${text})` : text);
  const name = (i) => (data.op[i] === CONSTANT && !data.labelled[i] ? short(value(i)) : data.names[i] || "…");
  const output = root < 0 ? "output" : data.labelled[root] ? name(root) : "out";
  const by = (i) => (i === root ? output : / /.test(name(i)) ? `(${name(i)})` : name(i));

  // An element with a class and children, each an element or a text.
  function element(tag, kind, ...children) {
    const made = document.createElement(tag);
    if (kind) made.className = kind;
    made.append(...children);
    return made;
  }
  const inValue = (x) => element("span", "value", short(x));
  const inGradient = (x) => element("span", "gradient", short(x));
  const inLocal = (x) => element("span", "local", short(x));
  const factor = (made) => (made.textContent.startsWith("−") ? element("span", "", "(", made, ")") : made);
  const d = (a, b) => `∂${a}/∂${b}`;

  // The operation of node i, written with operands.
  function applied(i, operands) {
    const [symbol, form] = data.operations[data.op[i]];
    if (form === "infix") return operands.flatMap((x, k) => (k ? [` ${symbol} `, factor(x)] : [x]));
    if (form === "prefix") return [symbol, ...operands.map(factor)];
    return [`${symbol}(`, ...operands.flatMap((x, k) => (k ? [", ", x] : [x])), ")"];
  }

  // ---- steps: each drawn operation forward, the output's own gradient, each drawn operation backward, and the end ----

  // A drawing for each way of opening and closing groups, across, and for a narrow screen upright; one of them is seen.
  const narrow = matchMedia("(max-width: 520px)");
  const drawings = [...document.querySelectorAll("#circuit .scroll > svg")].map((svg) => ({ svg, kind: svg.classList[0], state: svg.dataset.state }));
  for (const text of document.querySelectorAll(".scroll text, .scroll title")) text.setAttribute("aria-hidden", "true"); // labels say it
  let state = "0", seen, boxes, wires, vectors, drawn, operations, forward, last, position = Infinity;
  const MANY = 400; // boxes: of more, only those in view are drawn anew while a leaf is dragged
  let view = null; // what of the drawing is in view, in its own coordinates; null: all

  // Of a drawing: its boxes, vectors and edges.
  function read(svg) {
    const boxes = [...svg.querySelectorAll(".node[data-node]")].map((box) => {
      const [left, top, across, high] = ["x", "y", "width", "height"].map((side) => Number(box.querySelector("rect").getAttribute(side)));
      const texts = Object.fromEntries(["value", "gradient"].map((kind) => [kind, box.querySelector(`text.${kind}`)]));
      return { box, x: left + across / 2, y: top + high / 2, i: index.get(Number(box.dataset.node)), width: across - 12, texts, title: box.querySelector("title"), flags: -1 };
    });
    const vectors = [...svg.querySelectorAll("text[data-of]")].map((text) => ({
      text,
      name: text.dataset.name,
      of: text.dataset.of.split(",").map((place) => index.get(Number(place)) ?? -1),
      isGradient: text.classList.contains("gradient"),
      width: Number(text.closest(".node").querySelector("rect").getAttribute("width")) - 12,
    })).filter(({ of }) => !of.includes(-1)); // of a graph that is not computed here the numbers stay as they are
    const wires = [...svg.querySelectorAll(".edge")].map((wire) => {
      const [from, to] = ["from", "to"].map((end) => index.get(Number(wire.dataset[end])) ?? -1);
      const edge = wire.dataset.operand === undefined ? -1 : first[to] + Number(wire.dataset.operand), text = wire.querySelector("text");
      const points = wire.querySelector("path").getAttribute("d").match(/-?[\d.]+/g).map(Number), xs = points.filter((_, k) => k % 2 === 0), ys = points.filter((_, k) => k % 2);
      const extent = { left: Math.min(...xs), right: Math.max(...xs), top: Math.min(...ys), bottom: Math.max(...ys) };
      return { wire, from, to, edge, text, extent, x: Number(text?.getAttribute("x")), y: Number(text?.getAttribute("y")), flags: -1 };
    });
    boxes.forEach(listen);
    for (const toggle of svg.querySelectorAll(".toggle")) {
      const turn = () => { open(toggle.dataset.to); boxFor(toggle.dataset.name)?.focus(); };
      toggle.addEventListener("click", (event) => { event.stopPropagation(); turn(); });
      toggle.addEventListener("keydown", (event) => { if (event.key === "Enter" || event.key === " ") { event.preventDefault(); event.stopPropagation(); turn(); } });
    }
    return { boxes, vectors, wires };
  }
  const boxFor = (name) => [...seen.svg.querySelectorAll(".toggle")].find((toggle) => toggle.dataset.name === name);

  // The drawing of that state is the one seen from now on, and the steps are those of what it shows.
  function open(to) {
    state = to;
    const atEnd = !(position < last);
    const fitting = (drawing) => drawing.state === state && (drawing.kind === "only" || drawing.kind === (narrow.matches ? "down" : "across"));
    seen = drawings.find(fitting);
    for (const { svg } of drawings) svg.classList.toggle("on", svg.dataset.state === state);
    Object.assign(seen, seen.boxes ? {} : read(seen.svg));
    ({ boxes, wires, vectors } = seen);
    seen.svg.classList.toggle("large", boxes.length > MANY);
    view = null;
    drawn = new Set(boxes.map(({ i }) => i));
    operations = [...drawn].filter((i) => data.op[i] >= 0).sort((a, b) => a - b);
    forward = operations.length;
    last = 2 * forward + 2;
    position = atEnd ? last : Math.min(position, last);
    $("#position").max = last;
    makeLeaves();
    choose(drawn.has(chosen) ? chosen : -1, false);
    render();
    dispatchEvent(new CustomEvent("opened"));
  }
  narrow.addEventListener("change", () => open(state));

  // The node that a step is about; the first `forward` steps and the last ones are about an operation each.
  const current = (p) => (p === 0 || p === forward + 1 || p === last ? -1 : p <= forward ? operations[p - 1] : operations[last - 1 - p]);
  const hasValue = (i) => data.op[i] < 0 || position >= forward || (position > 0 && i <= operations[position - 1]);
  const passed = () => (position <= forward + 1 ? count : position === last ? 0 : operations[last - 1 - position]);

  // The gradient of a node as far as the backward sweep has come: undefined where no term has arrived.
  function gradient(i) {
    if (position === last) return known(i) && data.op[i] !== CONSTANT ? adjoint(i) : undefined;
    if (i === root) return position > forward ? seed : undefined;
    const from = passed();
    let sum;
    if (data.op[i] !== CONSTANT) for (const edge of uses[i]) if (child[edge] >= from) sum = sum === undefined ? term(edge) : sum + term(edge);
    return sum;
  }
  const isPartial = (i) => position < last && i !== root && uses[i].some((edge) => child[edge] < passed());

  // ---- what is shown ----

  function put(text, content, width) {
    if (!text || text.shown === content) return;
    text.textContent = text.shown = content;
    if (content.length * 8 > width) {
      text.setAttribute("textLength", width);
      text.setAttribute("lengthAdjust", "spacingAndGlyphs");
    } else if (text.hasAttribute("textLength")) text.removeAttribute("textLength");
  }

  const turn = (it, element, kind, on) => { if (Boolean(it[kind]) !== on) element.classList.toggle(kind, (it[kind] = on)); };
  // Classes of an element, as bits of a number.
  function mark(it, element, names, flags) {
    if (it.flags === flags) return;
    it.flags = flags;
    names.forEach((name, k) => element.classList.toggle(name, Boolean((flags >> k) & 1)));
  }

  // A vector of numbers, or undefined for those that are not known; of a long one the first and the last.
  function inBrackets(numbers) {
    const texts = numbers.map((x) => (x === undefined ? "·" : short(x)));
    if (texts.length > data.most) texts.splice(data.most - 1, texts.length - data.most, "…");
    return `[${texts.join(", ")}]`;
  }

  const OF_BOX = ["waiting", "waiting-gradient", "partial", "current", "born", "noted"], OF_WIRE = ["waiting", "forward", "backward"];
  const inView = ({ x, y }) => x > view.left && x < view.right && y > view.top && y < view.bottom;
  const finite = (i) => i < 0 || Number.isFinite(value(i));

  // Everything as it is now; while a leaf is dragged, in a large drawing what is in view.
  function render(part = false) {
    const now = current(position), asDrawn = unchanged(), some = part && view !== null;
    for (const it of boxes) if (!some || (inView(it) && !view.far)) renderBox(it, now, asDrawn, some);
    for (const { text, name, of, isGradient, width } of vectors) {
      const numbers = of.map((i) => (isGradient ? gradient(i) : hasValue(i) ? value(i) : undefined));
      put(text, `${name} = ${inBrackets(numbers)}`, width);
    }
    for (const it of wires) {
      if (some && (view.far || !inView(it))) continue;
      const { wire, from, to, edge, text } = it, at = now >= 0 && to === now;
      if (edge >= 0) put(text, short(local(edge)), Infinity);
      mark(it, wire, OF_WIRE, (to >= 0 && !hasValue(to)) | ((at && position <= forward) << 1) | ((at && position > forward && data.op[from] !== CONSTANT) << 2));
    }
    $("#result").replaceChildren(...(root < 0 ? [] : [`${output} = `, hasValue(root) ? inValue(value(root)) : "·"]));
    $("#position").value = position;
    const side = position === 0 ? "the leaves" : position <= forward ? "forward" : position < last ? "backward" : "done";
    $("#where").textContent = `${position} of ${last} · ${side}`;
    $("#position").setAttribute("aria-valuetext", $("#where").textContent);
    for (const [go, off] of [["start", position === 0], ["back", position === 0], ["on", position === last], ["end", position === last]]) {
      const button = $(`[data-go="${go}"]`);
      if (off && document.activeElement === button) $('[data-go="play"]').focus(); // what is disabled loses the focus
      button.disabled = off;
    }
    for (const row of rows) {
      const sum = gradient(row.i);
      put(row.gradient, sum === undefined ? "∂ ·" : `∂ ${short(sum)}`, Infinity);
    }
    $("#reset").hidden = asDrawn;
    explain();
    dispatchEvent(new CustomEvent("rendered", { detail: chosen }));
  }

  function renderBox(it, now, asDrawn, brief) {
    const { box, i, width, texts } = it, shown = hasValue(i), sum = gradient(i);
    if (data.op[i] !== CONSTANT) put(texts.value, shown ? short(value(i)) : "·", width);
    put(texts.gradient, `∂ ${sum === undefined ? "·" : short(sum)}`, width);
    const bornBackward = position === last && sum !== undefined && !Number.isFinite(sum) &&
      uses[i].every((edge) => Number.isFinite(adjoint(child[edge])));
    mark(it, box, OF_BOX, !shown | ((sum === undefined) << 1) | ((sum !== undefined && isPartial(i)) << 2) |
      ((i === now || (position === forward + 1 && i === root)) << 3) |
      (((shown && !finite(i) && parents[i].every(finite)) || bornBackward) << 4) | ((asDrawn && "note" in box.dataset) << 5));
    if (!brief || i === chosen) describe(box, i, shown, sum);
  }

  // What hovering over a box says: its whole name, its numbers to the last digit.
  function entitle({ i, title }) {
    const shown = hasValue(i), sum = gradient(i);
    title.textContent = `${data.full[i] ?? name(i)} = ${shown ? exact(value(i)) : "not computed yet"}` +
      (data.op[i] === CONSTANT ? "" : `\n${d(output, by(i))} = ${sum === undefined ? "not computed yet" : exact(sum)}`);
  }

  function describe(box, i, shown, sum) {
    const kind = data.op[i] === LEAF ? "leaf" : data.op[i] === CONSTANT ? "constant" : data.operations[data.op[i]][0];
    const numeric = shown ? short(value(i)) : "not computed yet";
    const slope = data.op[i] === CONSTANT ? "" : `, gradient ${sum === undefined ? "not computed yet" : short(sum)}`;
    const live = box.getAttribute("role") === "spinbutton", label = `${data.full[i] ?? name(i)}, ${kind}${live ? "" : `, value ${numeric}${slope}`}`;
    if (box.said === label + numeric + slope) return;
    box.said = label + numeric + slope;
    box.setAttribute("aria-label", label);
    if (live) {
      box.setAttribute("aria-valuenow", value(i));
      box.setAttribute("aria-valuetext", `${numeric}${slope}`);
    }
  }

  // ---- the arithmetic of a step ----

  function tell() {
    const lines = [], now = current(position), say = (...parts) => lines.push(element("p", "", ...parts));
    const what = (text) => lines.push(element("p", "what", text));
    if (position === 0) {
      what("The leaves have their values. Next, forward: each operation computes its value and its local gradients.");
    } else if (position === last) {
      const shown = leaves.filter((i) => drawn.has(i));
      what("Done: the gradient of the output by each leaf.");
      for (const i of shown.slice(0, 3)) say(`${d(output, by(i))} = `, ...(known(i) ? [inGradient(adjoint(i))] : ["not computed"]));
      if (shown.length > 3) what(`and ${shown.length - 3} more`);
    } else if (now < 0) {
      what(`Backward, from the output: its gradient ${seed === 1 ? "by itself is 1" : "is given"}.`);
      say(`${d(output, output)} = `, inGradient(seed));
    } else if (position <= forward) {
      what(`Forward: ${name(now)}`);
      say(...equation(now));
    } else {
      what(`Backward: ${name(now)} passes its gradient on, times each local gradient.`);
      parents[now].forEach((parent, k) => {
        const edge = first[now] + k;
        if (parent < 0 || data.op[parent] === CONSTANT) return;
        const before = earlier(parent, edge);
        const parts = [`${d(output, by(parent))} ${before === undefined ? "=" : "+="} `,
          ...multiplied(edge, inGradient(adjoint(now)), factor(inLocal(local(edge))))];
        if (before !== undefined) parts.push("   now ", inGradient(before + term(edge)));
        say(...parts);
      });
    }
    $("#step").replaceChildren(...lines);
  }

  // The sum of what a node has received before this edge's term.
  function earlier(i, edge) {
    let sum;
    for (const other of uses[i]) {
      if (other === edge) return sum;
      sum = sum === undefined ? term(other) : sum + term(other);
    }
    return sum;
  }

  // q = x + y = −2 + 5 = 3
  function equation(i) {
    const operands = parents[i].map((parent) => (parent < 0 ? element("span", "", "…") : inValue(value(parent))));
    const written = data.expressions[i], own = data.labelled[i] && name(i) !== written ? [`${name(i)} = `] : [];
    const named = /\p{L}/u.test(written) ? [`${written} = `] : []; // "… + …" says nothing
    return [...own, ...named, ...applied(i, operands), " = ", inValue(value(i))];
  }

  // ---- the ledger of a node, and its paths ----

  let chosen = -1, pinned = -1;
  const MOST_LINES = 12, MOST_PATHS = 4, LONGEST_PATH = 8;

  function choose(i, light = true) {
    chosen = i;
    const lit = new Set();
    if (i >= 0 && light) {
      const stack = [i];
      while (stack.length) {
        const node = stack.pop();
        if (lit.has(node)) continue;
        lit.add(node);
        for (const edge of uses[node]) stack.push(child[edge]);
      }
    }
    const lighting = lit.size > 0 && data.op[i] !== CONSTANT;
    seen.svg.classList.toggle("lighting", lighting);
    for (const it of boxes) {
      turn(it, it.box, "lit", lit.has(it.i));
      turn(it, it.box, "chosen", it.i === i && light);
      if (it.i === i) entitle(it);
    }
    for (const it of wires) {
      turn(it, it.wire, "lit", lighting && (it.from < 0 || lit.has(it.from)) && (it.to < 0 || lit.has(it.to)) && !(it.from < 0 && it.to < 0));
    }
    explain();
    dispatchEvent(new CustomEvent("rendered", { detail: chosen }));
  }

  // The pointer or the focus has gone: the pinned node is lit again, or none; the ledger stays as it is.
  const leave = () => (pinned >= 0 ? choose(pinned) : choose(chosen, false));

  function explain() {
    const entry = $("#ledger .entry"), i = chosen;
    if (i < 0) {
      entry.replaceChildren(element("p", "quiet", "Point at a node, or move to it with Tab, to see how its gradient came about."));
      return;
    }
    const sum = gradient(i), parts = [];
    if (data.op[i] === CONSTANT) {
      parts.push(element("h3", "", name(i)), element("p", "quiet", "A constant: it has no gradient."));
    } else {
      const total = sum === undefined ? ["not computed yet"] : [inGradient(sum)];
      parts.push(element("h3", "", `${d(output, by(i))} = `, ...total));
      if (data.op[i] === LEAF) parts.push(element("p", "", `${name(i)} = `, inValue(value(i))));
      else if (hasValue(i)) parts.push(element("p", "", ...equation(i)));
      if (i === root) parts.push(element("p", "quiet", `The output: where the backward pass starts, with ${short(seed)}.`));
      else parts.push(...ledger(i, sum));
    }
    const note = unchanged() && boxes.find((other) => other.i === i)?.box.dataset.note;
    if (note) parts.push(element("p", "note", note));
    entry.replaceChildren(...parts);
  }

  function ledger(i, sum) {
    const from = passed(), arrived = uses[i].filter((edge) => position === last || child[edge] >= from);
    const body = element("ul", "");
    for (const edge of arrived.slice(0, MOST_LINES)) {
      const to = child[edge], via = data.labelled[to] && name(to) !== data.expressions[to] ? `${name(to)} = ${data.expressions[to]}` : data.expressions[to];
      body.append(element("li", "", element("span", "via", `via ${via}: `), element("span", "sum",
        ...multiplied(edge, inLocal(local(edge)), factor(inGradient(adjoint(to)))))));
    }
    const more = arrived.length - MOST_LINES;
    if (more > 0) {
      const rest = arrived.slice(MOST_LINES).reduce((total, edge) => total + term(edge), 0);
      body.append(element("li", "", element("span", "via", `via ${more} more: `), element("span", "sum", inGradient(rest))));
    }
    if (arrived.length > 1) {
      body.append(element("li", "total", element("span", "", "sum "), element("span", "sum", inGradient(sum))));
    }
    const routes = paths[i] > 1e15 ? "more than 10¹⁵ paths" : `${paths[i].toLocaleString("en")} path${paths[i] === 1 ? "" : "s"}`;
    const lines = [element("p", "quiet", arrived.length ? "For each use: its local gradient × its gradient." : "No gradient has arrived yet.")];
    if (arrived.length) lines.push(body);
    if (position === last && compute) {
      lines.push(element("p", "quiet", `${routes} to ${output}`));
      if (paths[i] > 1 && paths[i] <= MOST_PATHS) lines.push(...routesOf(i));
    } else if (!compute) lines.push(element("p", "quiet", "Of the uses, those that are drawn."));
    return lines;
  }

  // Each path that is not too long to read, with the product of its local gradients.
  function routesOf(i) {
    const found = [], stack = [[i, []]];
    while (stack.length) {
      const [node, taken] = stack.pop();
      if (node === root) {
        const why = taken.map((edge) => unchosen(local(edge), edge)).find((words) => words);
        const product = why ? 0 : taken.reduce((total, edge) => total * local(edge), seed);
        const names = [i, ...taken.map((edge) => child[edge])].map(by).join(" → ");
        const factors = taken.flatMap((edge, k) => [k ? " × " : "", k ? factor(inLocal(local(edge))) : inLocal(local(edge))]);
        const first = seed === 1 ? [] : [inGradient(seed), " × "];
        found.push(element("p", "", element("span", "quiet", `${names}: `), ...first, ...factors, " = ", inGradient(product), why ? ` (${why})` : ""));
      }
      if (taken.length < LONGEST_PATH) for (const edge of uses[node]) stack.push([child[edge], [...taken, edge]]);
    }
    return found;
  }

  // ---- leaves ----

  const rows = [];
  const MOST_ROWS = 100;
  const rowOf = new Map();

  // A round number near a hundredth of a value's size: what an arrow key, or a pixel, changes it by.
  const step = (x) => 10 ** Math.floor(Math.log10(Math.max(Math.abs(x) / 20, 0.01)));
  const decimals = (size) => Math.max(0, -Math.round(Math.log10(size)));
  const rounded = (x, size) => (Number.isFinite(x) ? Number((Math.round(x / size) * size).toFixed(Math.min(decimals(size), 100))) : x);

  let frame = 0, settled = 0, spokenOf = -1;
  function change(i, x, spoken) {
    const k = slot.get(i);
    if (Object.is(inputs[k], x)) return;
    inputs[k] = x;
    const row = rowOf.get(i);
    if (row) {
      if (document.activeElement !== row.text) row.text.value = exact(x);
      row.slider.value = x;
    }
    if (spoken) spokenOf = i;
    frame ||= requestAnimationFrame(() => {
      frame = 0;
      computed();
      render(true);
      clearTimeout(settled);
      if (view) settled = setTimeout(render, 400);
      if (spokenOf >= 0 || position === last) announce(i, spokenOf >= 0);
      else tell();
      spokenOf = -1;
      dispatchEvent(new CustomEvent("changed"));
    });
  }

  // What a change of a leaf did: shown at once, read aloud when it is over.
  function announce(i, aloud = true) {
    const sum = gradient(i);
    $("#step").setAttribute("aria-live", aloud ? "polite" : "off");
    $("#step").replaceChildren(
      element("p", "what", `${name(i)} was changed: everything is computed anew, forward and backward.`),
      element("p", "", `${name(i)} = `, inValue(value(i)), ...(root < 0 ? [] : [`,  ${output} = `, inValue(value(root))]),
        ...(sum === undefined ? [] : [`,  ${d(output, by(i))} = `, inGradient(sum)])),
    );
  }

  function number(text) {
    const plain = text.trim().replaceAll("−", "-").replace(/^([-+]?)inf$/i, "$1Infinity");
    if (/^nan$/i.test(plain)) return NaN;
    return plain === "" || Number.isNaN(Number(plain)) ? null : Number(plain);
  }

  function leafRow(i) {
    const row = { i, text: element("input", ""), slider: element("input", ""), gradient: element("span", "gradient") };
    const label = element("label", "", data.full[i] ?? name(i)), x = inputs[slot.get(i)], size = step(x);
    Object.assign(row.text, { type: "text", id: `leaf${i}`, value: exact(x), autocomplete: "off", spellcheck: false, inputMode: "text" });
    label.htmlFor = row.text.id;
    label.title = data.full[i] ?? name(i);
    const reach = 10 ** Math.ceil(Math.log10(Math.max(Math.abs(x), 0.5) * 1.5));
    Object.assign(row.slider, { type: "range", min: -reach, max: reach, step: rounded(size / 2, size / 10), value: x });
    row.slider.setAttribute("aria-label", `${name(i)}, slider`);
    row.text.addEventListener("input", () => {
      const parsed = number(row.text.value);
      row.text.setAttribute("aria-invalid", parsed === null);
      if (parsed !== null) change(i, parsed, false);
    });
    row.text.addEventListener("change", () => {
      row.text.setAttribute("aria-invalid", false);
      row.text.value = exact(inputs[slot.get(i)]);
      announce(i);
    });
    row.text.addEventListener("keydown", (event) => {
      const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
      if (!by) return;
      event.preventDefault();
      nudge(i, by * (event.shiftKey ? 10 : 1));
      row.text.value = exact(inputs[slot.get(i)]);
    });
    row.slider.addEventListener("input", () => change(i, Number(row.slider.value), false));
    row.slider.addEventListener("change", () => announce(i));
    const item = element("li", "", label, row.text, row.slider, row.gradient);
    item.addEventListener("pointerenter", () => choose(i));
    item.addEventListener("pointerleave", () => leave());
    item.addEventListener("focusin", () => choose(i));
    item.addEventListener("focusout", () => leave());
    return [row, item];
  }

  function nudge(i, by) {
    const x = inputs[slot.get(i)], size = step(original[slot.get(i)]);
    change(i, rounded(x + by * size, size), true);
  }

  function makeLeaves() {
    const shown = leaves.filter((i) => drawn.has(i));
    const list = $("#leaves ul"), hint = $("#leaves .hint");
    list.replaceChildren();
    rows.length = 0;
    rowOf.clear();
    if (!compute) {
      hint.textContent = "The numbers are Python's and cannot be changed here.";
      for (const i of shown.slice(0, MOST_ROWS)) list.append(element("li", "", element("span", "", name(i)), inValue(value(i))));
      return;
    }
    for (const i of shown.slice(0, MOST_ROWS)) {
      const [row, item] = leafRow(i);
      rows.push(row);
      rowOf.set(i, row);
      list.append(item);
    }
    const hidden = leaves.length - rows.length;
    hint.textContent = shown.length
      ? `Type a value, move a slider, or drag a leaf in the circuit sideways; ↑ ↓ change it too.${hidden ? ` ${hidden} more leaves keep their values.` : ""}`
      : "No leaf is drawn.";
  }

  $("#reset").addEventListener("click", () => {
    leaves.forEach((i, k) => change(i, original[k], false));
    $("#reset").hidden = true;
    $('[data-go="play"]').focus();
  });

  // ---- pointing, focus and dragging in the circuit ----

  function listen({ box, i }) {
    const live = compute && data.op[i] === LEAF;
    box.tabIndex = 0;
    box.setAttribute("role", live ? "spinbutton" : "button");
    box.classList.toggle("live", live);
    box.classList.toggle("root", i === root);
    let from = null, moved = false;
    box.addEventListener("pointerenter", () => choose(i));
    box.addEventListener("pointerleave", () => from === null && leave());
    box.addEventListener("focus", () => choose(i));
    box.addEventListener("blur", () => leave());
    box.addEventListener("click", () => {
      if (moved) return;
      pinned = pinned === i ? -1 : i;
      choose(i);
    });
    box.addEventListener("keydown", (event) => {
      const by = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[event.key];
      if (live && by) {
        event.preventDefault();
        nudge(i, by * (event.shiftKey ? 10 : 1));
      } else if (event.key === "Enter" && rowOf.has(i)) {
        event.preventDefault();
        rowOf.get(i).text.focus();
        rowOf.get(i).text.select();
      } else if (event.key === "Enter") box.dispatchEvent(new Event("click"));
    });
    if (!live) return;
    box.addEventListener("pointerdown", (event) => {
      from = { x: event.clientX, value: inputs[slot.get(i)] };
      moved = false;
      box.setPointerCapture(event.pointerId);
    });
    box.addEventListener("pointermove", (event) => {
      if (from === null) return;
      const pixels = event.clientX - from.x, size = step(original[slot.get(i)]);
      if (!moved && Math.abs(pixels) < 4) return;
      moved = true;
      change(i, rounded(from.value + Math.round(pixels / 2) * size, size), false);
    });
    for (const end of ["pointerup", "pointercancel"]) {
      box.addEventListener(end, () => {
        if (from !== null && moved) requestAnimationFrame(() => announce(i));
        from = null;
      });
    }
  }

  // ---- stepping ----

  let timer = 0;
  function go(to) {
    position = Math.min(Math.max(to, 0), last);
    render();
    tell();
    const now = position === forward + 1 ? root : current(position);
    const box = boxes.find(({ box, i }) => i === now && box.getClientRects().length)?.box;
    if (box) show(box);
  }

  // Bring a box into view by scrolling the circuit alone, not the page.
  function show(box) {
    const pane = $(".scroll"), inner = box.getBoundingClientRect(), outer = pane.getBoundingClientRect();
    if (inner.left < outer.left || inner.right > outer.right) pane.scrollLeft += inner.left - outer.left - (outer.width - inner.width) / 2;
    if (inner.top < outer.top || inner.bottom > outer.bottom) pane.scrollTop += inner.top - outer.top - (outer.height - inner.height) / 2;
  }

  function play(on) {
    clearInterval(timer);
    timer = 0;
    $('[data-go="play"]').textContent = on ? "Pause" : "Play";
    if (!on) return;
    if (position === last) go(0);
    timer = setInterval(() => {
      go(position + 1);
      if (position === last) play(false);
    }, 1100);
  }

  const moves = {
    start: () => go(0),
    back: () => go(position - 1),
    on: () => go(position + 1),
    end: () => go(last),
    play: () => play(!timer),
  };
  for (const button of document.querySelectorAll("[data-go]")) {
    button.addEventListener("click", () => {
      if (button.dataset.go !== "play") play(false);
      moves[button.dataset.go]();
    });
  }
  $("#position").addEventListener("input", () => {
    play(false);
    go(Number($("#position").value));
  });
  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input")) return;
    if (event.key === " " && event.target.closest("button")) return;
    if (event.key === "Escape") {
      pinned = -1;
      choose(-1);
      return;
    }
    const move = { ArrowLeft: "back", ArrowRight: "on", Home: "start", End: "end", " ": "play" }[event.key];
    if (!move) return;
    event.preventDefault();
    if (move !== "play") play(false);
    moves[move]();
  });
  $("#theme").addEventListener("click", () => {
    const dark = document.documentElement.dataset.theme
      ? document.documentElement.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    document.documentElement.dataset.theme = dark ? "light" : "dark";
  });

  computed();
  open(state);
  if (data.start !== null) go(data.start === "backward" ? forward + 1 : 0);
  else {
    const start = leaves.find((i) => drawn.has(i));
    if (start !== undefined) choose(start, false);
    $("#step").replaceChildren(
      element("p", "what", "Forward and backward are done. Play, or ← and →, goes through them step by step."),
      ...(root < 0 ? [] : [element("p", "", ...(data.op[root] >= 0 ? equation(root) : [`${name(root)} = `, inValue(value(root))]))]),
    );
  }
  // For `page_view.js`, a notebook and tests. A number's text is as written here; `look` says what is in view.
  window.circuit = {
    $, data, compute, leaves, inputs, slot, root, output, drawings, short, name, value, adjoint, choose, show, render, open, go,
    get seen() { return seen; },
    get large() { return boxes.length > MANY; },
    get chosen() { return chosen; },
    get position() { return position; },
    get steps() { return last; },
    numbers: () => [...drawn].map((i) => [data.places[i], value(i), adjoint(i)]),
    plain: (x) => (Object.is(x, -0) ? "-0" : String(x)), // as `Number` reads it
    place: (name) => data.places[data.names.indexOf(name)],
    set: (changes) => { for (const [i, x] of changes) change(i, x, false); },
    look: (part) => {
      view = part;
      if (!part) return;
      for (const it of boxes) turn(it, it.box, "out", !inView(it));
      for (const it of wires) {
        const { left, right, top, bottom } = it.extent;
        turn(it, it.wire, "out", right < view.left || left > view.right || bottom < view.top || top > view.bottom);
      }
      render(true);
    },
    range: (i) => { const { min, max } = rowOf.get(i)?.slider ?? { min: -1, max: 1 }; return [Number(min), Number(max)]; },
  };
})();
