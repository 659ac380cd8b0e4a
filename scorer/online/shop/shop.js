"use strict";

// Each strategy makes one decision. The page records a display when the offers are on it, and a click when it happens.
const byId = (id) => document.getElementById(id);
const recorded = { display: 0, click: 0 };

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function counted(number, noun) {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

async function post(path, body) {
  const response = await fetch(path, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
  const content = await response.json();
  if (!response.ok) throw new Error(content.error);
  return content;
}

async function record(event) {
  await post("/v1/events", event);
  recorded[event.event] += 1;
  byId("events").textContent =
    `Recorded ${counted(recorded.display, "display")} and ${counted(recorded.click, "click")}.`;
}

function requestFor(strategy) {
  const request = { profile_id: byId("person").value, strategy_id: strategy.strategy_id };
  const chosen = [...byId("context").querySelectorAll("select")].filter((select) => select.value);
  if (chosen.length) request.context = Object.fromEntries(chosen.map((select) => [select.name, select.value]));
  return request;
}

async function explain(request, proposition, item, place) {
  const why = await post("/shop/why", {
    request, placement_id: proposition.placement_id, offer_id: item.offer_id, policy: proposition.policy,
  });
  const table = element("table");
  for (const part of why.parts) {
    const row = element("tr");
    row.append(element("td", part.name), element("td", part.value), element("td", part.effect));
    table.append(row);
  }
  place.replaceChildren(element("p", why.sentence), table);
}

function offerEntry(request, proposition, item) {
  const offer = element("button", item.offer_name || item.offer_id, { "data-offer": item.offer_id, type: "button" });
  offer.addEventListener("click", () => record({ token: proposition.token, event: "click", offer_id: item.offer_id }));
  const explanation = element("div");
  const why = element("button", "Why?", { class: "why", type: "button" });
  why.addEventListener("click", () => explain(request, proposition, item, explanation));
  const score = item.score === null ? "no score yet" : `score ${item.score.toPrecision(3)}`;
  const numbers = element("div", `${score}, propensity ${item.propensity.toPrecision(4)}`, { class: "numbers" });
  const entry = element("li");
  entry.append(offer, " ", why, numbers, explanation);
  return entry;
}

function placementSection(request, proposition) {
  const section = element("section", undefined, { "data-placement": proposition.placement_id });
  const offers = element("ol");
  offers.append(...proposition.items.map((item) => offerEntry(request, proposition, item)));
  section.append(
    element("h2", proposition.placement_id),
    element("span", proposition.arm, { class: `arm ${proposition.arm}` }),
    offers,
  );
  return section;
}

function describe(decision) {
  const segments = { request: "from this page", publication: "from the publication", none: "not known" };
  return [
    `Publication of ${decision.publication} UTC.`,
    `This person is ${decision.profile === "known" ? "" : "not "}in the publication.`,
    `Segments: ${segments[decision.segments_from]}.`,
    `Context from this page: ${decision.context_from_request.join(", ") || "none"}.`,
  ].join(" ");
}

async function decide() {
  byId("problem").textContent = "";
  const { strategies } = await (await fetch("/v1/strategies")).json();
  const sections = [];
  const displays = [];
  for (const strategy of strategies) {
    const request = requestFor(strategy);
    const decision = await post("/v1/decisions", request);
    for (const proposition of decision.propositions) {
      sections.push(placementSection(request, proposition));
      if (proposition.items.length) displays.push({ token: proposition.token, event: "display" });
    }
    byId("about").textContent = describe(decision);
  }
  byId("placements").replaceChildren(...sections);
  for (const display of displays) await record(display);
  document.body.dataset.ready = "yes";
}

async function start() {
  const { people, choices } = await (await fetch("/shop/people")).json();
  byId("person").append(
    ...people.map((id) => element("option", id)),
    element("option", "A new person", { value: "stranger" }),
  );
  for (const [name, values] of Object.entries(choices)) {
    const select = element("select", undefined, { name });
    select.append(element("option", "usual value", { value: "" }), ...values.map((value) => element("option", value, { value })));
    const label = element("label", name.replaceAll("_", " "));
    label.append(select);
    byId("context").append(label);
    select.addEventListener("change", decide);
  }
  byId("person").addEventListener("change", decide);
  byId("decide").addEventListener("click", decide);
  await decide();
}

// Clicks and changes run asynchronously, so their failures arrive here.
window.addEventListener("unhandledrejection", (event) => { byId("problem").textContent = `Failed: ${event.reason.message}`; });
start();
