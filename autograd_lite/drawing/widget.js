// The page in a notebook: its frame, and the leaves' numbers to and from Python. They travel as texts, since JSON has
// neither inf nor nan; what is the same number already is not sent, so that nothing goes round in circles.
const SOON = 50; // milliseconds between two messages while a leaf is dragged

export default {
  render({ model, el }) {
    const frame = Object.assign(document.createElement("iframe"), { title: "Circuit", srcdoc: model.get("page") });
    frame.style = "width: 100%; height: 640px; border: 0; resize: vertical";
    let circuit = null, timer = 0;
    const differs = (numbers) => Object.entries(numbers).filter(([place, text]) => !Object.is(Number(text), Number(model.get("leaves")[place])));
    const numbers = () => Object.fromEntries(circuit.leaves.map((i, k) => [circuit.data.places[i], circuit.plain(circuit.inputs[k])]));
    const send = () => {
      timer = 0;
      if (!differs(numbers()).length) return;
      model.set("leaves", numbers());
      model.save_changes();
    };
    const receive = () => {
      if (!circuit || timer) return; // the hand at the page comes first
      const brought = model.get("leaves");
      circuit.set(circuit.leaves.flatMap((i) => (data(i) in brought ? [[i, Number(brought[data(i)])]] : [])));
    };
    const data = (i) => circuit.data.places[i];
    frame.addEventListener("load", () => {
      circuit = frame.contentWindow.circuit;
      if (!circuit.compute) return;
      receive();
      frame.contentWindow.addEventListener("changed", () => { timer ||= setTimeout(send, SOON); });
    });
    model.on("change:leaves", receive);
    el.append(frame);
    return () => model.off("change:leaves", receive);
  },
};
