// What every page shares: the live connection and its state, the bell, menus that close, calls to the API.
import { connect } from '../realtime/live.js';

document.documentElement.classList.add('js');

let connection = null;

/** The page's one live connection, opened when it is first asked for. */
export function live() {
  if (!connection) {
    connection = connect({ onEnded: () => showState('ended') });
    connection.addEventListener('state', () => showState(connection.state));
  }
  return connection;
}

/** The token for unsafe calls, read afresh: it changes when somebody signs in. */
function csrf() {
  const name = document.body.dataset.csrfCookie + '=';
  const found = document.cookie.split('; ').find((pair) => pair.startsWith(name));
  return found ? decodeURIComponent(found.slice(name.length)) : '';
}

/** Headers of an unsafe call to the API. */
export function headers(extra = {}) {
  return { Accept: 'application/json', 'X-CSRFToken': csrf(), ...extra };
}

/** A call to the API with a JSON body. Resolves to {ok, status, body, wait}; rejects when there is no network. */
export async function call(method, url, body, extra = {}) {
  const init = { method, credentials: 'same-origin', headers: headers(extra) };
  if (body !== undefined) {
    init.headers['Content-Type'] = 'application/json';
    init.body = JSON.stringify(body);
  }
  const response = await fetch(url, init);
  const text = await response.text();
  let parsed = {};
  try {
    parsed = text ? JSON.parse(text) : {};
  } catch (problem) {
    parsed = {}; // a proxy's page in between
  }
  const wait = Number(response.headers.get('Retry-After')) || 0;
  return { ok: response.ok, status: response.status, body: parsed, wait };
}

/** A number as people read it: 9,999, then 1.2 万; in English 12k. */
export function short(number) {
  if (number <= 9999) return number.toLocaleString('en-US');
  if (document.documentElement.lang === 'en') return `${Math.round(number / 100) / 10}k`;
  return `${Math.round(number / 1000) / 10} 万`;
}

/** Put a number in its place, rolling when it changed. */
export function roll(place, name, number) {
  if (!place || Number(place.dataset[name]) === number) return;
  place.dataset[name] = number;
  const outer = document.createElement('span');
  const inner = document.createElement('span');
  outer.className = 'dj-roll';
  inner.textContent = short(number);
  outer.append(inner);
  place.replaceChildren(outer);
}

/** A short word at the bottom that goes away by itself. */
export function toast(text) {
  document.querySelectorAll('.dj-toast-at.is-brief').forEach((old) => old.remove());
  const box = document.createElement('div');
  box.className = 'dj-toast-at is-brief';
  const word = document.createElement('div');
  word.className = 'dj-toast';
  word.setAttribute('role', 'status');
  word.textContent = text;
  box.append(word);
  document.body.append(box);
  setTimeout(() => box.remove(), 5000);
}

/** `text` with {name} replaced from `values`. */
export function fill(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
}

/** A random id for what must be done once. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20)}`;
}

// --- the state of the connection: a dot and a word; after ten seconds without, a line at the bottom

let offTimer = 0;
let offBox = null;

function showState(state) {
  const isWell = state === 'live' || state === 'polling';
  document.querySelectorAll('[data-live-state]').forEach((place) => {
    place.firstElementChild.classList.toggle('dj-dot-off', !isWell);
    place.lastElementChild.textContent = place.dataset[state];
  });
  if (isWell) {
    clearTimeout(offTimer);
    offTimer = 0;
    if (offBox) offBox.remove();
    offBox = null;
  } else if (state === 'ended') {
    clearTimeout(offTimer);
    showLine('why', `/sign-in/?expired=1&next=${encodeURIComponent(location.pathname)}`);
  } else if (!offTimer) {
    offTimer = setTimeout(() => showLine('away'), 10000);
  }
}

/** A sentence at the bottom, by its name among the state's own; with `way`, and a link there in the state's `go`. */
function showLine(name, way) {
  const words = document.querySelector('[data-live-state]');
  if (!words) return;
  if (offBox) offBox.remove();
  offBox = document.createElement('div');
  offBox.className = 'dj-toast-at';
  const word = document.createElement('div');
  word.className = 'dj-toast';
  word.setAttribute('role', 'status');
  word.textContent = words.dataset[name];
  if (way) {
    const link = document.createElement('a');
    link.href = way;
    link.textContent = words.dataset.go;
    word.append(' ', link);
  }
  offBox.append(word);
  document.body.append(offBox);
}

// --- the bell

function showUnread(number) {
  document.querySelectorAll('[data-unread]').forEach((badge) => {
    if (Number(badge.dataset.unread) === number) return;
    badge.dataset.unread = number;
    badge.textContent = number > 99 ? '99+' : number;
    badge.hidden = number === 0;
  });
  document.querySelectorAll('[data-bell]').forEach((bell) => {
    bell.setAttribute('aria-label', number ? fill(bell.dataset.some, { n: number }) : bell.dataset.none);
  });
}

if (document.querySelector('[data-bell]')) {
  live().join('me', null, {
    onEvent: (event) => document.dispatchEvent(new CustomEvent('dj:me', { detail: event })),
    onGauge: (data) => showUnread(data.unread),
  });
}

// --- htmx, for the pages after this one: fetched when their button comes near

const older = document.querySelector('[hx-get]');
if (older) {
  const fetchIt = () => {
    const script = document.createElement('script');
    script.src = document.body.dataset.htmx;
    document.head.append(script);
  };
  const near = new IntersectionObserver((entries) => {
    if (!entries.some((entry) => entry.isIntersecting)) return;
    near.disconnect();
    // Not before the page is complete: run between DOMContentLoaded and load, htmx waits for the former, which is over.
    if (document.readyState === 'complete') fetchIt();
    else addEventListener('load', fetchIt, { once: true });
  }, { rootMargin: '100% 0px' });
  near.observe(older);
}

// --- menus

document.addEventListener('click', (event) => {
  document.querySelectorAll('details.dj-drop[open]').forEach((menu) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
});
document.addEventListener('keydown', (event) => {
  if (event.key !== 'Escape') return;
  const menu = document.querySelector('details.dj-drop[open]');
  if (!menu) return;
  menu.open = false;
  menu.querySelector('summary').focus();
});

// "Back" goes where one came from when that was the feed, so that its place on the page is kept.
document.querySelectorAll('a[data-back]').forEach((link) => {
  link.addEventListener('click', (event) => {
    const before = document.referrer && new URL(document.referrer);
    const there = new URL(link.href);
    if (!before || before.origin !== there.origin || before.pathname !== there.pathname) return;
    event.preventDefault();
    history.back();
  });
});

// On a phone there are more tabs than fit: the present one is in sight.
document.querySelectorAll('.dj-tabs [aria-current]').forEach((tab) => {
  const tabs = tab.parentElement;
  tabs.scrollLeft = tab.offsetLeft - (tabs.clientWidth - tab.offsetWidth) / 2;
});
