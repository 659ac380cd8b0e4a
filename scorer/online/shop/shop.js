"use strict";

// One decision per strategy; its displays are recorded when they are on the page, its clicks when they happen.
const byId = (id) => document.getElementById(id);
let counts = { displays: 0, clicks: 0 };

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

async function post(path, body) {
  const answer = await fetch(path, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body),
  });
  const content = await answer.json();
  if (!answer.ok) throw new Error(content.error);
  return content;
}

async function record(event) {
  await post("/v1/events", event);
  counts[event.event === "display" ? "displays" : "clicks"] += 1;
  byId("events").textContent = `${counts.displays} displays and ${counts.clicks} clicks recorded.`;
}

function request(strategy) {
  const context = {};
  for (const select of byId("context").querySelectorAll("select")) {
    if (select.value) context[select.name] = select.value;
  }
  const asked = { profile_id: byId("person").value, strategy_id: strategy.strategy_id };
  if (Object.keys(context).length) asked.context = context;
  return asked;
}

async function explain(asked, proposition, item, place) {
  const why = await post("/shop/why", {
    request: asked, placement_id: proposition.placement_id, offer_id: item.offer_id, policy: proposition.policy,
  });
  place.replaceChildren(element("p", why.sentence));
  const table = element("table");
  for (const part of why.parts) {
    const row = element("tr");
    row.append(element("td", part.name), element("td", part.value), element("td", part.effect));
    table.append(row);
  }
  place.append(table);
}

function shown(asked, decision, proposition) {
  const section = element("section", undefined, { "data-placement": proposition.placement_id });
  section.append(element("h2", proposition.placement_id));
  section.append(element("span", proposition.arm, { class: `arm ${proposition.arm}` }));
  const list = element("ol");
  for (const item of proposition.items) {
    const entry = element("li");
    const button = element("button", item.offer_name || item.offer_id, { "data-offer": item.offer_id, type: "button" });
    button.addEventListener("click", () => record({ token: proposition.token, event: "click", offer_id: item.offer_id }));
    const why = element("button", "Why?", { class: "why", type: "button" });
    const place = element("div");
    why.addEventListener("click", () => explain(asked, proposition, item, place));
    const score = item.score === null ? "no score yet" : `score ${item.score.toPrecision(3)}`;
    entry.append(button, " ", why, element("div", `${score}, propensity ${item.propensity.toPrecision(4)}`, { class: "numbers" }), place);
    list.append(entry);
  }
  section.append(list);
  return section;
}

async function decide() {
  const { strategies, publication } = await (await fetch("/v1/strategies")).json();
  const sections = [];
  const displays = [];
  for (const strategy of strategies) {
    const asked = request(strategy);
    const decision = await post("/v1/decisions", asked);
    for (const proposition of decision.propositions) {
      sections.push(shown(asked, decision, proposition));
      if (proposition.items.length) displays.push({ token: proposition.token, event: "display" });
    }
    byId("about").textContent = `Publication ${publication}; the person is ${decision.profile} to it; segments from the ${decision.segments_from}, given context: ${decision.context_from_request.join(", ") || "none"}.`;
  }
  byId("placements").replaceChildren(...sections);
  for (const display of displays) await record(display);
  document.body.dataset.ready = "yes";
}

async function start() {
  const { people, choices } = await (await fetch("/shop/people")).json();
  byId("person").append(...people.map((id) => element("option", id)), element("option", "somebody new", { value: "stranger" }));
  for (const [name, values] of Object.entries(choices)) {
    const select = element("select", undefined, { name });
    select.append(element("option", "as usual", { value: "" }), ...values.map((value) => element("option", value, { value })));
    const label = element("label", name.replaceAll("_", " "));
    label.append(select);
    byId("context").append(label);
    select.addEventListener("change", decide);
  }
  byId("person").addEventListener("change", decide);
  byId("decide").addEventListener("click", decide);
  await decide();
}

start();
