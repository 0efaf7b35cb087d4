// The rows of the board: one line each, the time that is left first.

import { h, state } from "/static/dom.js";
import { GROUPS, act, group, lacks, lasts, next, shortName, standing } from "/static/matching/board/standing.js";
import { overbookButton } from "/static/matching/board/extra_patient.js";
import { label } from "/static/page.js";

const RANK = Object.fromEntries(GROUPS.map((name, index) => [name, index]));

/** What the board may be sorted by: theirs to act on first, lost ones last; a P1 is on top of what is sorted by time. */
export function sorts(context) {
  return {
    left: (one) => `${one.urgency === 1 ? 0 : 1} ${one.deadline_at}`,
    urgency: (one) => `${one.urgency} ${one.submitted_at}`,
    commune: (one) => context.commune(one.insee),
    motive: (one) => context.motive(one.act),
    state: (one) => label("request_state", one.state),
    who: (one) => context.handler(one) || "￿",
    blocks: (one) => lacks(one, context.free(), context),
    next: (one) => one.next_step_at ?? one.deadline_at,
  };
}

export function sortRows(rows, value, down, language, context) {
  const rank = new Map(rows.map((each) => [each.id, RANK[group(each, context)]]));
  const keyed = new Map(rows.map((each) => [each.id, value(each)]));
  return rows.toSorted((one, other) => rank.get(one.id) - rank.get(other.id)
    || keyed.get(one.id).localeCompare(keyed.get(other.id), language) * (down ? -1 : 1) || one.id.localeCompare(other.id));
}

/** Drawn again when one of the words on it changes. */
export function stampOf(request, context, steps, chosen) {
  return [request.version, lasts(request), context.commune(request.insee), context.motive(request.act), ...standing(request, context), context.handler(request),
    lacks(request, context.free(), context), next(request, context, steps), context.acts, chosen].join("|");
}

export function row(request, context, steps, { open, choose, chosen }) {
  const kind = group(request, context);
  const says = lacks(request, context.free(), context);
  const after = next(request, context, steps);
  const asks = context.acts && act(request, context) === "ask";
  return h("tr", { class: `bar-p${request.urgency} in-${kind}`, "data-group": kind, onclick: () => open(request) },
    chosen === null ? null : h("td", { class: "pick", onclick: (event) => event.stopPropagation() },
      h("input", { type: "checkbox", checked: chosen, "data-focus": "pick", "aria-label": `P${request.urgency} ${context.motive(request.act)} · ${context.commune(request.insee)}`, onchange: () => choose(request) })),
    h("td", { class: "age" }, lasts(request)),
    h("td", {}, h("span", { class: `urgency p${request.urgency}` }, `P${request.urgency}`)),
    h("td", { class: "where", title: context.commune(request.insee) }, shortName(context.commune(request.insee))),
    h("td", { class: "wide what" }, h("button", { type: "button", class: "open", "data-focus": "open" }, context.motive(request.act) || context.openWord)),
    h("td", { class: "stands" }, state(...standing(request, context))),
    h("td", { class: "wide small by" }, context.handler(request)),
    h("td", { class: "wide small", title: says }, h("span", { class: "two-lines" }, says)),
    h("td", { class: "wide small next", title: after }, h("span", { class: "two-lines" }, after), asks ? h("div", { class: "no-wall no-print" }, overbookButton(request)) : null));
}
