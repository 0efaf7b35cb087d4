// Frozen dossiers: one press, then a file that never changes.

import { call, get } from "/static/api.js";
import { byId, h } from "/static/dom.js";
import { attemptIn } from "/static/form.js";
import { number, whenFull, day } from "/static/format.js";
import { toast } from "/static/shell.js";
import { config, t } from "/static/page.js";
import { contractYear } from "/static/coordination/contrat.js";

const form = byId("freeze");
const SHOWN = 6;

export async function drawDossiers() {
  const found = await get("coordination", `/dossiers?${new URLSearchParams({ cpts: config.cpts })}`);
  byId("no-dossier").hidden = found.length > 0;
  byId("dossiers").replaceChildren(...found.map(drawOne));
  if (form.elements.since.value) return;
  const year = await contractYear();
  if (year) [form.elements.since.value, form.elements.until.value] = year;
}

const said = (value) => (value === null ? "–" : number(value));
const short = (instant) => day(instant).split("-").reverse().join("/");

function drawOne(one) {
  const differs = one.differs.slice(0, SHOWN).map((each) => h("li", {}, t("year.differs", { what: each.what, before: said(each.before), after: said(each.after) })));
  return h("li", { class: "card stack" },
    h("div", { class: "spread" }, h("strong", {}, t("year.dossier", { n: one.number })), h("span", {}, t("year.from_to", { since: short(one.since), until: short(Date.parse(one.until) - 1) })),
      h("span", { class: "quiet-text" }, t("year.frozen_at", { when: whenFull(one.at) })), h("a", { class: "button", download: true, href: `${config.api.coordination}/dossiers/${one.number}.zip?${new URLSearchParams({ cpts: config.cpts })}` }, t("year.take", { size: number(Math.max(1, Math.round(one.size / 1000))) }))),
    h("p", { class: "quiet-text small" }, t("year.hash"), " ", h("code", {}, one.sha256)),
    one.differs.length ? h("div", {}, h("p", {}, t("year.differs_title")), h("ul", {}, differs), one.differs.length > SHOWN && h("p", { class: "quiet-text" }, t("year.differs_more", { n: one.differs.length - SHOWN }))) : "");
}

form?.addEventListener("submit", (event) => {
  event.preventDefault();
  attemptIn(form, async () => {
    const { since, until } = form.elements;
    const made = await call("coordination", "POST", "/dossiers", { cpts_id: config.cpts, since: since.value, until: until.value });
    await drawDossiers();
    toast(t("year.frozen", { n: made.number }));
  });
});
