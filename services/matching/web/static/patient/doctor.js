// A practitioner's link, without an account: what they are asked, what a yes means, and their answer.

import { post } from "/static/api.js";
import { byId, chooser, h } from "/static/dom.js";
import { fullDay } from "/static/format.js";
import { label, t } from "/static/page.js";

const secret = location.hash.slice(1);
const REASONS = ["full", "too_far", "outside_practice", "personal", "not_received", "other"];
const say = (text) => {
  byId("said").hidden = !text;
  byId("said").textContent = text;
};

async function attempt(path, body) {
  try {
    draw(await post("matching", path, { secret, ...body }));
  } catch (error) {
    say(error.message);
  }
}

function draw(asked) {
  say(asked.length ? "" : t("doctor.nothing"));
  byId("asked").replaceChildren(...asked.map(card));
}

function card(each) {
  const reason = chooser("reason", REASONS.map((code) => [code, label("attachment_reason", code)]), { "aria-label": t("doctor.reason") });
  const answer = (said) => (said !== "no" || reason.reportValidity()) && attempt("/doctor/answer", { attachment_id: each.id, answer: said, ...(said === "no" && { reason: reason.value }) });
  const press = (said, kind = "") => h("button", { type: "button", class: kind, onclick: () => answer(said) }, t(`doctor.${said}`));
  const facts = [
    each.who, each.travel_s === null ? "" : t("doctor.journey", { n: Math.max(1, Math.round(each.travel_s / 60)) }),
    each.household > 1 ? t("doctor.family", { n: each.household }) : "", each.home_visits ? t("doctor.home_visits") : "",
    t("doctor.waits", { day: fullDay(each.waits_since) }), each.answer_by ? t("doctor.answer_by", { day: fullDay(each.answer_by) }) : "",
  ];
  return h("li", { class: "card stack" },
    h("p", {}, h("strong", {}, t(`doctor.${each.kind}`)), " ", each.priority_class ? label("attachment_class", each.priority_class) : ""),
    h("p", { class: "quiet-text" }, facts.filter(Boolean).join(" · ")),
    h("div", { class: "row" }, ...(each.kind === "own" ? [press("mine", "primary"), press("take")] : [press("yes", "primary")])),
    h("div", { class: "row" }, reason, press("no", "quiet")));
}

attempt("/doctor/link", {});
