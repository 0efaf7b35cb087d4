// Following a live stream: a snapshot, then batches that continue it; resumed, or started again, as the server says.
// The same rules as shared/live/follow.py. Silence longer than two heartbeats means that the connection is lost.

import { get, post, Problem } from "/static/api.js";
import { config } from "/static/page.js";

const SILENCE_MS = 25_000;
const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 5_000;
const RESET = 4409;
const NOT_SIGNED_IN = 4401;

/** The state after an event. Applying it twice is applying it once. */
export function apply(state, event) {
  const items = (state[event.collection] ??= {});
  if (event.value === null) delete items[event.id];
  else items[event.id] = event.value;
}

/** Whether a batch continues a replica: "stale" (nothing new), "next", or "gap". */
export function continues(replica, message) {
  if (message.reset !== undefined || message.epoch !== replica.epoch || message.after > replica.seq) return "gap";
  return message.seq <= replica.seq ? "stale" : "next";
}

/**
 * Keeps a copy of one CPTS's state of one service. `onChange(events)` follows each snapshot (with `null`) and each
 * batch; `onStatus(state)` says "connecting", "live" or "offline".
 */
export class Follower {
  constructor(service, cpts, { onChange, onStatus }) {
    Object.assign(this, { service, cpts, onChange, onStatus });
    this.state = {};
    this.epoch = "";
    this.seq = -1;
    this.ready = false;
    this.pause = FIRST_PAUSE_MS;
    this.wake = () => {};
    this.stopped = false;
    for (const event of ["online", "pageshow"]) addEventListener(event, () => this.wake());
    addEventListener("offline", () => this.socket?.close());
    document.addEventListener("visibilitychange", () => document.hidden || this.wake());
  }

  async run() {
    while (!this.stopped) {
      try {
        if (!this.ready) await this.snapshot();
        await this.stream();
      } catch (error) {
        // A page that may not read this (403) will not be able to in a second either.
        if (error instanceof Problem && error.status === 403) throw error;
      }
      this.onStatus("offline");
      await this.rest();
    }
  }

  async snapshot() {
    const answer = await get(this.service, `/live/snapshot?cpts=${encodeURIComponent(this.cpts)}`);
    this.state = answer.state;
    this.epoch = answer.epoch;
    this.seq = answer.seq;
    this.ready = true;
    this.onChange(null);
  }

  async stream() {
    const { ticket } = await post(this.service, "/live/ticket");
    if (!this.ready) return;
    const base = new URL(`${config.api[this.service]}/live`, location.href);
    base.protocol = base.protocol === "https:" ? "wss:" : "ws:";
    base.search = new URLSearchParams({ cpts: this.cpts, epoch: this.epoch, after: this.seq });
    const socket = (this.socket = new WebSocket(base));
    await new Promise((resolve, reject) => {
      let silence;
      const listen = () => {
        clearTimeout(silence);
        silence = setTimeout(() => socket.close(), SILENCE_MS);
      };
      listen();
      socket.onopen = () => socket.send(JSON.stringify({ ticket }));
      socket.onmessage = ({ data }) => {
        listen();
        if (!this.take(JSON.parse(data))) socket.close();
      };
      socket.onclose = ({ code }) => {
        clearTimeout(silence);
        if (code === RESET) this.ready = false;
        if (code === NOT_SIGNED_IN) this.pause = FIRST_PAUSE_MS;
        resolve();
      };
      socket.onerror = () => reject(new Error("socket"));
    });
  }

  /** Start again from a snapshot: another may have signed in, who sees other things. */
  renew() {
    this.ready = false;
    this.socket?.close();
    this.wake();
  }

  /** Apply a batch; false when it does not continue what we have. */
  take(message) {
    const verdict = continues(this, message);
    if (verdict === "gap") {
      this.ready = false;
      return false;
    }
    this.pause = FIRST_PAUSE_MS;
    this.onStatus("live");
    if (verdict === "stale") return true;
    const fresh = message.events.filter((event) => event.seq > this.seq);
    for (const event of fresh) apply(this.state, event);
    this.seq = message.seq;
    if (fresh.length) this.onChange(fresh);
    return true;
  }

  /** Wait before trying again: longer each time, and not at all when the network or the reader comes back. */
  rest() {
    const length = this.pause * (0.5 + Math.random());
    this.pause = Math.min(LONGEST_PAUSE_MS, this.pause * 2);
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, length);
      this.wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
