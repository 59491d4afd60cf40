/**
 * Live topics in a page: joins them, resumes where it was after every kind of interruption, falls back to polling.
 *
 *   const live = connect({ url: "/ws/live/", restUrl: "/api/v1/events/" });
 *   live.join("post:42", { epoch: "e1", seq: 17 }, {
 *     onEvent(event) {},  // {topic, seq, kind, at, data}: each once, in order; apply it by id and version
 *     onGauge(data) {},   // the newest values
 *     onReload(live) {},  // {topic, epoch, seq}: too much was missed, load the content afresh
 *     onLeft(code) {},    // "forbidden", "gone", "unknown_topic" or "too_many": nothing more will come
 *   });
 *   live.addEventListener("state", () => live.state);
 *
 * States: "connecting"; "live"; "polling" (sockets do not get through, the REST twin does);
 * "offline" (neither does; both are tried again); "ended" (the session is over, nothing is tried any more).
 *
 * The wire is described in docs/reference/live-protocol.md. No dependency; Chrome 86, Safari 14.
 */

const TIMING = {
  handshake: 10000, // a socket that has not opened by then will not
  heartbeat: 25000, // silence after which the other side is asked whether it is there
  patience: 10000, // and how long it may take to answer
  backoff: 500, // before the second attempt; doubled with each further one
  backoffMax: 30000,
  poll: 5000,
  retrySocket: 60000, // while polling
  away: 540000, // longer than that without a connection and counts may be stale (the server tells ten minutes of them)
};
const HANDSHAKES = 3; // failed in a row before polling begins
const FRAMES_A_SECOND = 15; // the server takes 20
const CLOSE_TRY_AGAIN = 1013;
const CLOSE_SIGNED_OUT = 4401;
const CLOSE_TOO_MANY = 4429;

/** Open the page's connection. `onEnded` is called when the session is over; `timing` overrides TIMING. */
export function connect(options) {
  return new Live(options);
}

class Live extends EventTarget {
  constructor({ url = "/ws/live/", restUrl = "/api/v1/events/", onEnded = null, timing = {} } = {}) {
    super();
    this.state = "connecting";
    this._url = new URL(url, location.href);
    this._url.protocol = this._url.protocol.replace("http", "ws");
    this._restUrl = new URL(restUrl, location.href);
    this._onEnded = onEnded;
    this._timing = Object.assign({}, TIMING, timing);
    this._topics = new Map(); // name → {epoch, seq, ticket, handlers, joined, currentAt}
    this._socket = null;
    this._outgoing = [];
    this._sent = []; // when the frames of the last second were sent
    this._timers = new Map();
    this._attempt = 0;
    this._failedHandshakes = 0;
    this._drainMs = 0;
    this._heardAt = 0;
    this._polling = false;

    window.addEventListener("online", () => this._hurry());
    window.addEventListener("offline", () => this._setState("offline"));
    window.addEventListener("pagehide", () => this._disconnect()); // an open socket keeps a page out of the bfcache
    window.addEventListener("pageshow", (event) => event.persisted && this._hurry());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this._hurry());
    this._open();
  }

  /**
   * Follow `topic` from `position` ({epoch, seq} as the page was given it; without one: from now on).
   * Joining it again replaces position and handlers.
   */
  join(topic, position, handlers) {
    const { epoch = null, seq = null } = position || {};
    this._topics.set(topic, { epoch, seq, ticket: null, handlers, joined: false, currentAt: Date.now() });
    this._sendJoin(topic);
  }

  leave(topic) {
    if (this._topics.delete(topic)) this._send({ op: "leave", topic });
  }

  // --- the socket

  _open() {
    this._stop("retry");
    if (this._socket || this.state === "ended") return;
    if (!this._polling) this._setState(navigator.onLine === false ? "offline" : "connecting");
    const socket = new WebSocket(this._url.href);
    let opened = false;
    this._socket = socket;
    this._start("handshake", this._timing.handshake, () => this._lost(1006, opened));
    socket.onopen = () => {
      opened = true;
      this._stop("handshake");
      this._failedHandshakes = 0;
      this._heard();
      this._rejoin();
    };
    socket.onmessage = (message) => {
      this._heard();
      this._take(JSON.parse(message.data));
      if (this.state === "offline" && this._isJoined()) this._setState("live"); // the browser was wrong, or it passed
    };
    socket.onclose = (event) => this._lost(event.code, opened);
  }

  /** Forget the socket without waiting for its goodbye, which a dead network delays by minutes. */
  _disconnect() {
    const socket = this._socket;
    if (!socket) return;
    this._socket = null;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    ["handshake", "heartbeat", "patience", "settled", "send"].forEach((name) => this._stop(name));
    this._outgoing = [];
    this._topics.forEach((topic) => {
      if (topic.joined) topic.currentAt = this._heardAt;
      topic.joined = false;
    });
  }

  _lost(code, opened) {
    this._disconnect();
    if (code === CLOSE_SIGNED_OUT) return this._end();
    if (!opened) this._failedHandshakes += 1;
    if (code === CLOSE_TOO_MANY || this._failedHandshakes >= HANDSHAKES) return this._poll();
    if (!this._polling) this._setState(navigator.onLine === false ? "offline" : "connecting");
    this._start("retry", this._delay(code), () => this._open());
  }

  _delay(code) {
    if (this._drainMs) {
      const delay = this._drainMs;
      this._drainMs = 0;
      return delay;
    }
    if (this._polling) return this._timing.retrySocket * (0.5 + Math.random());
    const longest = Math.min(this._timing.backoffMax, this._timing.backoff * 2 ** this._attempt);
    this._attempt += code === CLOSE_TRY_AGAIN ? 2 : 1;
    return longest * (0.5 + Math.random() / 2);
  }

  /** Something changed for the better, or may have: try now, and do not trust a socket that looks open. */
  _hurry() {
    if (this.state === "ended") return;
    this._attempt = 0;
    if (!this._socket) this._open();
    else if (this._socket.readyState === WebSocket.OPEN) this._ask();
    if (this._polling) this._pollNow();
  }

  _heard() {
    this._heardAt = Date.now();
    this._stop("patience");
    this._start("heartbeat", this._timing.heartbeat, () => this._ask());
  }

  _ask() {
    this._send({ op: "ping" });
    if (!this._timers.has("patience")) {
      this._start("patience", this._timing.patience, () => this._lost(1006, true));
    }
  }

  // --- frames out, no faster than the server takes them

  _rejoin() {
    Array.from(this._topics.keys()).forEach((name) => this._sendJoin(name));
    if (this._isJoined()) this._connected();
  }

  _sendJoin(name) {
    const { epoch, seq, ticket } = this._topics.get(name);
    const frame = { op: "join", topic: name };
    if (ticket) frame.ticket = ticket; // spares the server the question whether we may
    if (seq !== null) frame.since = seq;
    if (seq !== null && epoch !== null) frame.epoch = epoch;
    this._send(frame);
  }

  _send(frame) {
    if (!this._socket || this._socket.readyState !== WebSocket.OPEN) return; // `_rejoin` says it all again
    this._outgoing.push(frame);
    this._flush();
  }

  _flush() {
    const now = Date.now();
    this._sent = this._sent.filter((at) => at > now - 1000 && at <= now);
    while (this._outgoing.length && this._sent.length < FRAMES_A_SECOND) {
      this._socket.send(JSON.stringify(this._outgoing.shift()));
      this._sent.push(now);
    }
    if (this._outgoing.length) this._start("send", 100, () => this._flush());
  }

  // --- frames in

  _take(frame) {
    const topic = this._topics.get(frame.topic);
    if (frame.op === "drain") this._drainMs = frame.retry_ms;
    else if (frame.op === "error" && frame.code === "too_fast") this._start("send", 1100, () => this._repeatJoins());
    else if (!topic) return;
    else if (frame.op === "joined") this._joined(frame, topic);
    else if (frame.op === "event") this._event(frame, topic);
    else if (frame.op === "gauge") call(topic.handlers.onGauge, frame.data);
    else if (frame.op === "left" || frame.op === "error") this._left(frame.topic, frame.code);
  }

  _joined(frame, topic) {
    topic.joined = true;
    topic.ticket = frame.ticket;
    this._position(topic, frame, Date.now() - topic.currentAt > this._timing.away);
    if (this._isJoined()) this._connected();
  }

  _isJoined() {
    return Array.from(this._topics.values()).every((topic) => topic.joined);
  }

  /** Take in the position an answer speaks from; tells the page to load afresh where it cannot be continued. */
  _position(topic, answer, missedCounts) {
    const known = topic.seq !== null;
    topic.epoch = answer.epoch;
    if (!known || !answer.recovered) topic.seq = answer.seq;
    if (known && (!answer.recovered || missedCounts)) {
      call(topic.handlers.onReload, { topic: answer.topic, epoch: answer.epoch, seq: answer.seq });
    }
  }

  _event(frame, topic) {
    if (topic.seq === null || frame.seq <= topic.seq) return;
    topic.currentAt = Date.now();
    if (frame.seq > topic.seq + 1) return this._sendJoin(frame.topic);
    topic.seq = frame.seq;
    call(topic.handlers.onEvent, frame);
  }

  _left(name, code) {
    const topic = this._topics.get(name);
    this._topics.delete(name);
    call(topic.handlers.onLeft, code);
  }

  _repeatJoins() {
    this._topics.forEach((topic, name) => topic.joined || this._sendJoin(name));
    this._flush();
  }

  _connected() {
    this._polling = false;
    this._stop("poll");
    this._setState("live");
    this._start("settled", this._timing.backoff * 4, () => { this._attempt = 0; });
  }

  // --- polling

  _poll() {
    if (!this._polling) {
      this._polling = true;
      this._pollNow();
    }
    this._start("retry", this._timing.retrySocket * (0.5 + Math.random()), () => this._open());
  }

  async _pollNow() {
    this._stop("poll");
    let wait = this._timing.poll;
    try {
      for (const name of Array.from(this._topics.keys())) {
        const seconds = await this._pollTopic(name);
        if (seconds) wait = Math.max(wait, seconds * 1000);
      }
      if (this._polling) this._setState("polling");
    } catch (problem) {
      if (this._polling) this._setState("offline");
      wait *= 2;
    }
    if (this._polling && this.state !== "ended") this._start("poll", wait * (0.75 + Math.random() / 2), () => this._pollNow());
  }

  /** Returns the seconds the server asks to wait, if it does. Throws when there is no answer worth anything. */
  async _pollTopic(name) {
    const topic = this._topics.get(name);
    if (!topic || !this._polling) return 0;
    const url = new URL(this._restUrl.href);
    url.searchParams.set("topic", name);
    if (topic.seq !== null) url.searchParams.set("since", topic.seq);
    if (topic.seq !== null && topic.epoch !== null) url.searchParams.set("epoch", topic.epoch);
    const response = await fetch(url.href, { credentials: "same-origin", headers: { Accept: "application/json" } });
    if (this._topics.get(name) !== topic) return 0;
    if (response.status === 401) this._end();
    else if (response.status === 404) this._left(name, "forbidden");
    else if (response.status === 429) return Number(response.headers.get("Retry-After")) || 10;
    else if (!response.ok) throw new Error(String(response.status));
    else {
      const answer = await response.json();
      if (this._topics.get(name) !== topic) return 0;
      this._position(topic, answer, false);
      answer.events.forEach((event) => this._event(event, topic));
      if (topic.joined) return 0; // a socket came first: what it was sent since may be newer than these
      topic.currentAt = Date.now();
      if (answer.gauges) call(topic.handlers.onGauge, answer.gauges);
    }
    return 0;
  }

  // --- the rest

  _end() {
    if (this.state === "ended") return;
    this._disconnect();
    Array.from(this._timers.keys()).forEach((name) => this._stop(name));
    this._polling = false;
    this._setState("ended");
    call(this._onEnded);
  }

  _setState(state) {
    if (state === this.state || this.state === "ended") return;
    this.state = state;
    this.dispatchEvent(new CustomEvent("state", { detail: { state } }));
  }

  _start(name, milliseconds, action) {
    this._stop(name);
    this._timers.set(name, setTimeout(() => {
      this._timers.delete(name);
      action();
    }, milliseconds));
  }

  _stop(name) {
    clearTimeout(this._timers.get(name));
    this._timers.delete(name);
  }
}

/** Call a handler; its exception is reported and breaks nothing else. */
function call(handler, argument) {
  if (!handler) return;
  try {
    handler(argument);
  } catch (problem) {
    setTimeout(() => { throw problem; });
  }
}
