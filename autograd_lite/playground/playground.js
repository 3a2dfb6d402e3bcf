// The page around the program: it hands the program to Python in `worker.js` and shows what comes back. The address
// holds the program, packed; the last circuit that was computed stays when a program fails.
const $ = (selector) => document.querySelector(selector);
const program = $("#program"), state = $("#state");
const SHARED = typeof SharedArrayBuffer !== "undefined" && crossOriginIsolated;
const PATIENCE = 1500; // milliseconds after which what does not hear an interrupt is ended

// ---- the address ----

async function through(stream, bytes) {
  return new Uint8Array(await new Response(new Blob([bytes]).stream().pipeThrough(stream)).arrayBuffer());
}
async function packed(text) {
  const bytes = await through(new CompressionStream("deflate-raw"), new TextEncoder().encode(text));
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}
async function unpacked(code) {
  const bytes = Uint8Array.from(atob(code.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));
  return new TextDecoder().decode(await through(new DecompressionStream("deflate-raw"), bytes));
}

// ---- Python ----

let worker, interrupts, busy = false, waiting = null, isReady = false, deadline = 0, started = 0;
function start() {
  isReady = false;
  worker = new Worker("worker.js", { type: "module" });
  worker.onmessage = ({ data }) => {
    if (data.ready) {
      isReady = true;
      state.textContent = `Python ${data.ready} is ready`;
      $("#run").disabled = false;
      if (waiting !== null) send(waiting);
    } else if (data.failed) failed(data.failed);
    else done(data);
  };
  worker.onerror = (event) => failed(event.message);
  if (SHARED) {
    interrupts = new Uint8Array(new SharedArrayBuffer(1));
    worker.postMessage({ interrupts });
  }
}
function failed(why) {
  state.textContent = "There is no Python here.";
  const local = location.protocol === "file:" ? "Browsers do not run it from a file: use `autograd-lite playground`, or open the site through a server."
    : "This site was built without pyodide's files (npm install pyodide), or they could not be loaded.";
  wrong({ line: null, text: `${local}${why ? ` (${why})` : ""}` });
}
function send(text) {
  waiting = null;
  busy = true;
  started = performance.now();
  $("#stop").disabled = false;
  $("#run").disabled = true;
  if (interrupts) interrupts[0] = 0;
  state.textContent = "Running …";
  worker.postMessage({ run: text });
}
async function run() {
  const text = program.value;
  history.replaceState(null, "", `#code=${await packed(text)}`);
  if (isReady && !busy) send(text);
  else if (!isReady) waiting = text;
}
function stop() {
  if (!busy) return;
  const end = () => {
    worker.terminate();
    done({ shown: { error: { line: null, text: "interrupted" }, printed: "", page: null, texts: null, note: "" } });
    $("#run").disabled = true;
    state.textContent = "Stopped; Python starts anew …";
    start();
  };
  clearTimeout(deadline);
  if (!interrupts) return end();
  interrupts[0] = 2;
  deadline = setTimeout(end, PATIENCE);
}
function done({ shown }) {
  clearTimeout(deadline);
  busy = false;
  $("#stop").disabled = true;
  $("#run").disabled = false;
  state.textContent = shown.error ? "Ended by an error" : `Done in ${((performance.now() - started) / 1000).toFixed(2)} s`;
  $("#printed").textContent = shown.printed;
  wrong(shown.error);
  const former = shown.error && pages.Circuit, partial = shown.error && shown.page;
  $("#note").textContent = former ? "The last circuit that was computed:" : partial ? "As far as the program came:" : shown.note;
  if (shown.page && !former) show(shown);
  $("#panel").classList.toggle("stale", Boolean(shown.error));
}

// ---- the program's lines ----

let wrongLine = null;
function number() {
  const count = (program.rows = program.value.split("\n").length);
  $("#lines").replaceChildren(...Array.from({ length: count }, (_, k) => {
    const line = document.createElement("span");
    line.textContent = `${k + 1}`;
    if (k + 1 === wrongLine) line.className = "wrong";
    return [line, "\n"];
  }).flat());
}
function wrong(error) {
  wrongLine = error?.line ?? null;
  $("#error").hidden = !error;
  $("#error").textContent = error ? `${wrongLine ? `Line ${wrongLine}: ` : ""}${error.text}` : "";
  program.setAttribute("aria-invalid", Boolean(error));
  number();
}

// ---- what is shown ----

let pages = {}, tab = "Circuit";
function show(shown) {
  pages = { Circuit: shown.page, ...shown.texts };
  if (!(tab in pages)) tab = "Circuit";
  $('[role="tablist"]').replaceChildren(...Object.keys(pages).map((name) => {
    const button = document.createElement("button");
    Object.assign(button, { type: "button", textContent: name, id: `tab-${name}` });
    button.setAttribute("role", "tab");
    button.addEventListener("click", () => turn(name));
    button.addEventListener("keydown", (event) => {
      const names = Object.keys(pages), by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!by) return;
      turn(names[(names.indexOf(name) + by + names.length) % names.length]);
      $(`#tab-${tab}`).focus();
    });
    return button;
  }));
  turn(tab);
}
function turn(to) {
  tab = to;
  for (const button of document.querySelectorAll('[role="tab"]')) {
    button.setAttribute("aria-selected", button.textContent === tab);
    button.tabIndex = button.textContent === tab ? 0 : -1;
  }
  const panel = $("#panel");
  panel.setAttribute("aria-labelledby", `tab-${tab}`);
  const made = document.createElement(tab === "Circuit" ? "iframe" : "pre");
  if (tab === "Circuit") Object.assign(made, { title: "Circuit", srcdoc: pages[tab], sandbox: "allow-scripts allow-downloads" });
  else Object.assign(made, { textContent: pages[tab], tabIndex: 0 });
  panel.replaceChildren(made);
}

// ---- at work ----

program.addEventListener("input", () => wrong(null));
program.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    run();
  }
});
$("#run").addEventListener("click", run);
$("#stop").addEventListener("click", stop);
$("#link").addEventListener("click", async () => {
  history.replaceState(null, "", `#code=${await packed(program.value)}`);
  try {
    await navigator.clipboard.writeText(location.href);
    state.textContent = "The link is copied: it opens this program.";
  } catch {
    state.textContent = "The address above holds the program.";
  }
});

const examples = await (await fetch("examples.json")).json().catch(() => ({}));
const choice = $("#example");
choice.append(...Object.keys(examples).map((name) => new Option(name, name)));
choice.addEventListener("change", () => {
  if (!choice.value) return;
  program.value = examples[choice.value];
  wrong(null);
  run();
});
async function open() {
  const code = new URLSearchParams(location.hash.slice(1)).get("code");
  try {
    if (!code && examples[choice.options[1]?.value]) choice.selectedIndex = 1;
    program.value = code ? await unpacked(code) : examples[choice.value] ?? "x * sin(y)\n";
  } catch {
    program.value = "";
    return wrong({ line: null, text: "The link is damaged: it holds no program." });
  }
  wrong(null);
  run();
}
addEventListener("hashchange", open);
start();
await open();
if (navigator.serviceWorker) navigator.serviceWorker.register("offline.js").catch(() => {}); // offline from then on
