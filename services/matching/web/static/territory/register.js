// The register of people without a médecin traitant: who waits, how to find them, what becomes of each.

import { Problem, post } from "/static/api.js";
import { plain } from "/static/combobox.js";
import { nameOf } from "/static/people/directory.js";
import { byId, h, keep, state } from "/static/dom.js";
import { age, minutes, number } from "/static/format.js";
import { attempt } from "/static/shell.js";
import { config, label, states, t } from "/static/page.js";
import { KIND, nextAct, openEntry, wireEntering } from "/static/matching/territory/entry.js";
import { markOf, named, readMarks } from "/static/matching/territory/marks.js";
import { drawProposals } from "/static/matching/territory/rounds.js";

const AT_ONCE = 100;
const GROUPS = { open: (each) => !states.closed_entry.has(each.state), seeking: (each) => states.seeking_doctor.has(each.state), promised: (each) => !states.seeking_doctor.has(each.state) && !states.closed_entry.has(each.state), closed: (each) => states.closed_entry.has(each.state) };
const view = { group: "open", q: "", ids: null, shown: AT_ONCE };
let entries = {};
let context = null;

export function drawRegister(attachments, known) {
  entries = attachments ?? {};
  context = known;
  drawProposals(entries, context);
  const all = Object.values(entries);
  byId("register-words").textContent = [
    t("register.seeking", { n: all.filter((each) => states.seeking_doctor.has(each.state)).length }),
    t("register.proposing", { n: all.filter(GROUPS.promised).length }),
    t("register.declared", { n: all.filter((each) => each.state === "confirmed").length }),
  ].join(" · ");
  const found = all.filter((each) => GROUPS[view.group](each) && fits(each)).sort((one, other) => one.registered_at.localeCompare(other.registered_at));
  byId("register-empty").hidden = found.length > 0;
  byId("register-empty").textContent = t(all.some(GROUPS[view.group]) ? "register.none_fits" : view.group === "open" ? "register.empty" : "register.none_here");
  const shown = Math.min(view.shown, found.length);
  byId("register-count").textContent = found.length ? t(shown < found.length ? "register.part" : "register.whole", { shown: number(shown), n: found.length }) : "";
  byId("register-more").hidden = shown === found.length;
  const together = Map.groupBy ? Map.groupBy(all, (each) => each.household) : null;
  keep(byId("register"), found.slice(0, shown), {
    key: (each) => each.id,
    version: (each) => [each.version, context.commune(each.insee), nameOf(each.practitioner_id), age(each.registered_at), markOf(each.id)].join("|"),
    draw: (each) => row(each, together?.get(each.household)?.length ?? 1),
  });
  if (!byId("panel-register").hidden && all.length) attempt(async () => {
    if (await readMarks(all.map((each) => each.id))) drawRegister(entries, context);
  });
}

const saidOf = (each) => plain([markOf(each.id), label("attachment_class", each.priority_class), context.commune(each.insee), label("attachment_state", each.state), each.practitioner_id ? nameOf(each.practitioner_id) : ""].join(" "));
const fits = (each) => !view.q || view.ids?.has(each.id) || saidOf(each).includes(plain(view.q));

function row(entry, household) {
  const travel = entry.why.travel_s === undefined ? "" : ` · ${minutes(entry.why.travel_s)}`;
  return h("tr", {},
    h("th", { scope: "row" }, h("button", { type: "button", class: "open", "data-focus": entry.id, onclick: () => attempt(() => openEntry(entry.id, { entries, ...context })) }, markOf(entry.id)),
      household > 1 ? h("span", { class: "quiet-text" }, ` ${t("register.household", { n: household })}`) : null),
    h("td", {}, label("attachment_class", entry.priority_class)),
    h("td", {}, age(entry.registered_at)),
    h("td", {}, context.commune(entry.insee)),
    h("td", {}, state(KIND[entry.state] ?? "free", label("attachment_state", entry.state)), entry.untold ? h("span", { class: "quiet-text" }, ` ${t("register.untold")}`) : null),
    h("td", {}, entry.practitioner_id ? `${nameOf(entry.practitioner_id)}${travel}` : ""),
    h("td", {}, nextAct(entry)));
}

async function enterList(file) {
  byId("list-report").hidden = true;
  byId("list-running").hidden = false;
  try {
    const answer = await fetch(`${config.api.matching}/attachment-lists?cpts=${encodeURIComponent(config.cpts)}`, {
      method: "POST", headers: { "Content-Type": "text/csv", Accept: "application/json" }, body: file,
    });
    const report = await answer.json().catch(() => ({}));
    if (!answer.ok) throw new Problem(answer.status, report);
    const refused = new Set(report.refused.map((each) => each.line)).size;
    byId("list-words").textContent = ["added", "same", "refused"].map((what) => t(`register.list_${what}`, { n: what === "refused" ? refused : report[what] })).join(", ") + ".";
    byId("list-refused").hidden = report.refused.length === 0;
    byId("list-rows").replaceChildren(...report.refused.map((each) => h("tr", {},
      h("th", { scope: "row", class: "number" }, String(each.line)), h("td", {}, each.column), h("td", {}, each.value), h("td", {}, each.change))));
    byId("list-report").hidden = false;
  } finally {
    byId("list-running").hidden = true;
  }
}

let soon = 0;
function find(q) {
  Object.assign(view, { q: q.trim(), ids: null, shown: AT_ONCE });
  clearTimeout(soon);
  drawRegister(entries, context);
  // A name is in no row: the service that keeps it says whose it is.
  if (view.q.length >= 2) soon = setTimeout(() => attempt(async () => {
    const wanted = view.q;
    const ids = await named(wanted);
    if (view.q !== wanted) return;
    view.ids = ids;
    drawRegister(entries, context);
  }), 300);
}

export function wireRegister(known) {
  context = known;
  byId("register-find").addEventListener("input", (event) => find(event.target.value));
  byId("register-groups").addEventListener("change", (event) => {
    Object.assign(view, { group: event.target.value, shown: AT_ONCE });
    drawRegister(entries, context);
  });
  byId("register-more").addEventListener("click", () => {
    view.shown += AT_ONCE;
    drawRegister(entries, context);
  });
  wireEntering(() => ({ entries, ...context }));
  byId("list")?.addEventListener("submit", (event) => {
    event.preventDefault();
    const [file] = event.target.file.files;
    if (file) attempt(() => enterList(file)).then((well) => well && event.target.reset());
  });
}
