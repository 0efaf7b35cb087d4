// Talking to the services: problem+json becomes an exception a page can show; an ended session asks to sign in again,
// then the same request goes out once more, so that nothing typed is lost.

import { config, t } from "/static/page.js";

export class Problem extends Error {
  constructor(status, body) {
    // A refusal that does not say which field it is about is told with its label.
    const about = status === 422 && body.label && !body.detail?.includes(body.label) ? t("common.about", { label: body.label, said: body.detail }) : body.detail;
    super(about ?? t("common.unknown_problem"));
    this.status = status;
    this.code = body.code ?? "";
    this.body = body;
  }
}

export class Unreachable extends Error {
  constructor() {
    super(t("common.unreachable"));
    this.code = "unreachable";
  }
}

let askToSignIn = null;
export function whenSessionEnds(ask) {
  askToSignIn = ask;
}

const address = (service, path) => `${config.api[service]}${path}`;

// An answer that did not come leaves a doubt: what is said again in the same words carries the same key, and is done once.
const unanswered = new Map();

async function send(service, method, path, body, headers, patience) {
  const options = { method, headers: { Accept: "application/json", ...headers }, credentials: "same-origin" };
  if (config.account) options.headers["X-Aiguillage-Account"] = config.account;
  if (patience) options.signal = AbortSignal.timeout(patience);
  if (body !== undefined) {
    options.body = JSON.stringify(body);
    options.headers["Content-Type"] = "application/json";
  }
  try {
    return await fetch(address(service, path), options);
  } catch {
    throw new Unreachable();
  }
}

/** One request. A write carries one Idempotency-Key, kept when it is sent again; `patience`: how long to wait, in ms. */
export async function call(service, method, path, body, { quiet = false, signal, patience } = {}) {
  const said = `${method} ${service}${path} ${JSON.stringify(body)}`;
  const headers = method === "GET" ? {} : { "Idempotency-Key": unanswered.get(said) ?? crypto.randomUUID() };
  if (method !== "GET") unanswered.set(said, headers["Idempotency-Key"]);
  let answer = await send(service, method, path, body, headers, patience);
  if (answer.status === 401 && askToSignIn && !quiet) {
    await askToSignIn();
    answer = await send(service, method, path, body, headers, patience);
  }
  if (answer.status < 500) unanswered.delete(said);
  signal?.throwIfAborted();
  if (answer.status === 204) return null;
  const content = await answer.json().catch(() => ({}));
  if (content.code === "another_account") return startAgain();
  if (!answer.ok) throw new Problem(answer.status, content);
  return content;
}

/** Somebody else signed in over this page: what is typed here was not theirs to send. Nothing goes on. */
export function startAgain() {
  location.reload();
  return new Promise(() => {});
}

export const get = (service, path, options) => call(service, "GET", path, undefined, options);
export const post = (service, path, body = {}, options) => call(service, "POST", path, body, options);
