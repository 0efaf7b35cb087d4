// What the regulation's patients pay on top: n of 20 this week, and each act of the month with its reason.

import { get } from "/static/api.js";
import { byId, h } from "/static/dom.js";
import { whenFull } from "/static/format.js";
import { config, t } from "/static/page.js";
import { attempt } from "/static/shell.js";

let shown = "";
const euros = new Intl.NumberFormat(config.language, { style: "currency", currency: "EUR", maximumFractionDigits: 0 });

/** Read the statement again when what was served changed; `mine` is the practitioner's live value. */
export function drawPaid(mine) {
  const key = [mine.id, mine.served_this_week, mine.served_4_weeks].join(" ");
  if (key === shown) return;
  shown = key;
  attempt(async () => {
    const found = await get("availability", `/practitioners/${mine.id}/acts?cpts=${config.cpts}`);
    const part = byId("paid");
    part.hidden = found.weekly_limit === null;
    if (part.hidden) return;
    byId("paid-week").textContent = t("me.paid_week", { n: found.paid_this_week, limit: found.weekly_limit });
    byId("paid-month").textContent = t("me.paid_month", { amount: euros.format(found.cents / 100) });
    byId("paid-acts").replaceChildren(...found.acts.map((act) => h("li", {},
      h("span", { class: "number" }, whenFull(act.starts_at)), ` · ${t(`me.act.${act.kind}`)} · ${t(`me.act_why.${act.reason}`)}`)));
  });
}
