"use strict";
/* What the page holds: `views`, each a drawing with what its ids stand for, and `steps`, what there is to tell of each.
   Every text is put in as text. */
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const byId = (id) => document.getElementById(id);
  const stage = byId("stage"), drawing = byId("drawing"), details = byId("details"), search = byId("search");
  let view, zoom, selected = null;

  const make = (tag, text, parent) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (parent) parent.append(element);
    return element;
  };
  const nodes = () => [...drawing.querySelectorAll("g.node")].filter((node) => view.nodes[node.id]);
  const nodeOf = (name) => nodes().find((node) => view.nodes[node.id].includes(name));

  function show(name) {
    view = data.views[name];
    drawing.replaceChildren(document.importNode(new DOMParser().parseFromString(view.svg, "image/svg+xml").documentElement, true));
    const svg = drawing.firstElementChild;
    svg.removeAttribute("width");
    svg.removeAttribute("height");
    if (zoom) zoom.destroy();
    zoom = Panzoom(svg, { maxScale: 12, minScale: 0.3, step: 0.25, cursor: "grab", exclude: [] });
    for (const node of nodes()) {
      node.setAttribute("tabindex", "0");
      node.setAttribute("role", "button");
      node.setAttribute("aria-label", view.nodes[node.id].join(", "));
    }
    byId("trail").replaceChildren(...Object.keys(data.views).filter((key) => data.views[key].top || key === name).map((key) => {
      const button = make("button", data.views[key].title);
      button.setAttribute("aria-current", String(key === name));
      button.addEventListener("click", () => { select(null); show(key); });
      return button;
    }));
    find();
  }

  function select(name) {
    selected = name;
    document.body.classList.toggle("picked", name !== null);
    for (const element of drawing.querySelectorAll(".selected, .near")) element.classList.remove("selected", "near");
    if (name === null) return tellPipeline();
    const node = nodeOf(name);
    if (node) {
      node.classList.add("selected");
      for (const [id, ends] of Object.entries(view.edges)) {
        if (!ends.includes(node.id)) continue;
        byId(id)?.classList.add("near");
        for (const end of ends) if (end !== node.id) byId(end)?.classList.add("near");
      }
    }
    tell(name);
  }

  function open(name) {
    // A step that the view at hand doesn't show by itself is shown where it is.
    const node = nodeOf(name);
    if (!node || view.nodes[node.id].length > 1) show("all");
    select(name);
  }

  function list(title, entries) {
    if (!entries.length) return;
    make("h3", title, details);
    const items = make("ul", undefined, details);
    for (const [name, text] of entries) {
      const item = make("li", undefined, items);
      make("button", name, item).addEventListener("click", () => open(name));
      make("span", ` ${text}`, item).className = "faint";
    }
  }

  function tell(name) {
    const step = data.steps[name];
    details.replaceChildren();
    make("h2", name, details);
    make("div", step.what, details).className = "faint";
    make("pre", step.signature, details);
    if (step.location) make("div", step.location, details).className = "faint";
    if (step.doc) { make("h3", "Docstring", details); make("pre", step.doc, details); }
    if (step.ran.length) { make("h3", "This run", details); for (const line of step.ran) make("div", line, details); }
    list("Takes", step.takes);
    list("Gives", step.gives);
  }

  function tellPipeline() {
    details.replaceChildren();
    make("h2", data.title, details);
    if (data.doc) make("pre", data.doc, details);
    for (const line of data.ran) make("div", line, details);
    make("p", "Click a step, or go through them with Tab and Enter. Drag to move, scroll to zoom; / searches, Escape lets go.", details).className = "faint";
    list("Steps", Object.entries(data.steps).map(([name, step]) => [name, step.what]));
  }

  function tellBox(names, title) {
    details.replaceChildren();
    make("h2", title, details);
    const inside = Object.keys(data.views).find((key) => data.views[key].title === title);
    if (inside) make("button", "Open it", details).addEventListener("click", () => { select(null); show(inside); });
    list("Steps", names.map((name) => [name, data.steps[name].what]));
  }

  function find() {
    const wanted = search.value.trim().toLowerCase();
    const hits = wanted ? Object.keys(data.steps).filter((name) => name.toLowerCase().includes(wanted)) : [];
    document.body.classList.toggle("searched", wanted !== "");
    for (const node of nodes()) node.classList.toggle("hit", hits.some((name) => view.nodes[node.id].includes(name)));
    byId("found").textContent = wanted ? `${hits.length} found` : "";
    return hits;
  }

  function press(node) {
    const names = view.nodes[node.id];
    if (names.length > 1) {
      select(null);
      node.classList.add("selected");
      tellBox(names, view.titles[node.id]);
    } else select(names[0]);
  }

  drawing.addEventListener("click", (event) => {
    const node = event.target.closest("g.node");
    if (node && view.nodes[node.id]) press(node);
    else select(null);
  });
  stage.addEventListener("wheel", (event) => { event.preventDefault(); zoom.zoomWithWheel(event); }, { passive: false });
  byId("in").addEventListener("click", () => zoom.zoomIn());
  byId("out").addEventListener("click", () => zoom.zoomOut());
  byId("fit").addEventListener("click", () => zoom.reset());
  search.addEventListener("input", find);
  search.addEventListener("keydown", (event) => {
    const hits = find();
    if (event.key === "Enter" && hits.length) { open(hits.find((name) => name === search.value) ?? hits[0]); nodeOf(selected)?.focus(); }
  });
  document.addEventListener("keydown", (event) => {
    const typing = event.target === search;
    if (event.key === "Escape") { search.value = ""; find(); select(null); if (typing) search.blur(); }
    else if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    else if (event.key === "/") { event.preventDefault(); search.focus(); }
    else if (event.key === "+" || event.key === "=") zoom.zoomIn();
    else if (event.key === "-") zoom.zoomOut();
    else if (event.key === "0") zoom.reset();
    else if ((event.key === "Enter" || event.key === " ") && event.target.closest?.("g.node")) { event.preventDefault(); press(event.target.closest("g.node")); }
  });

  for (const name of Object.keys(data.steps)) make("option", undefined, byId("names")).value = name;
  show(data.first);
  select(null);
})();
