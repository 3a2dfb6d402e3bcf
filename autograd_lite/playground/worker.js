// Python, in a worker, so that the page never freezes: CPython in WebAssembly with this package. A message `{ run }` is a
// program; the answer is what `autograd_lite.playground.session` gives for it.
import { loadPyodide } from "./pyodide/pyodide.mjs";

let interrupts = null; // shared with the page where the browser allows it
const ready = (async () => {
  const archive = fetch("autograd_lite.zip").then((answer) => answer.arrayBuffer());
  const python = await loadPyodide({ indexURL: new URL("./pyodide/", self.location).href });
  python.unpackArchive(await archive, "wheel"); // an archive is laid out as a wheel is
  const session = python.pyimport("autograd_lite.playground.session");
  return { python, session };
})();
ready.then(
  ({ python }) => postMessage({ ready: python.runPython("import sys; sys.version.split()[0]") }),
  (error) => postMessage({ failed: String(error) }),
);

onmessage = async ({ data }) => {
  if (data.interrupts) interrupts = data.interrupts;
  if (data.run === undefined) return;
  const { python, session } = await ready;
  if (interrupts) python.setInterruptBuffer(interrupts);
  const start = performance.now();
  try {
    postMessage({ shown: JSON.parse(session.run(data.run)), milliseconds: performance.now() - start });
  } catch (error) { // an interrupt after the program's end, or no memory left
    postMessage({ shown: { error: { line: null, text: String(error.message ?? error).trim().split("\n").at(-1) }, printed: "", page: null, texts: null, note: "" } });
  }
};
