// A link for the patient, given with the ticket: drawn as a QR code, or sent by SMS or e-mail when they ask for it.

import { call, get, post } from "/static/api.js";
import { h } from "/static/dom.js";
import { t } from "/static/page.js";
import { attempt, toast } from "/static/shell.js";

/** The part of a ticket that gives the patient their link. */
export function linkPart(request) {
  const box = h("div", { class: "stack patient-link" });
  const row = h("div", { class: "row no-print" });
  const field = h("input", { type: "text", inputmode: "email", maxlength: 200, "aria-label": t("referral.link.to"), placeholder: t("referral.link.to") });
  const send = (channel) => attempt(async () => {
    const to = field.value.trim();
    const body = { channel, ...(channel === "email" ? { email: to } : to ? { phone: to } : {}) };
    const found = await call("matching", "PUT", `/requests/${request.id}/patient-contact`, body);
    toast(t("referral.link.sent", { n: found.left }));
  });
  const draw = () => attempt(async () => {
    const made = await post("matching", `/requests/${request.id}/patient-link`);
    const code = new DOMParser().parseFromString(made.svg, "image/svg+xml").documentElement;
    code.setAttribute("class", "qr");
    code.setAttribute("role", "img");
    code.setAttribute("aria-label", t("referral.link.code"));
    box.replaceChildren(document.adoptNode(code), h("p", { class: "hint" }, t("referral.link.hint")));
  });
  row.append(h("button", { type: "button", onclick: draw }, t("referral.link.draw")));
  box.append(row);
  attempt(async () => {
    const found = await get("matching", `/requests/${request.id}/patient-contact`);
    if (!found.sms && !found.email) return;
    row.append(field);
    if (found.sms) row.append(h("button", { type: "button", onclick: () => send("sms") }, t("referral.link.sms")));
    if (found.email) row.append(h("button", { type: "button", onclick: () => send("email") }, t("referral.link.email")));
  });
  return box;
}
