// The feed: new posts wait in a pill, numbers roll, likes are sent at once.
import { live, fill, short, toast } from '../ui/app.js';
import { watchLikes, showCounts } from './likes.js';
import { watchPhotos } from './photos.js';
import { watchMenus } from './menu.js';

const feed = document.getElementById('feed');
const pill = document.getElementById('pill');
const slot = pill.parentElement;
const waiting = new Set(); // ids of new posts nobody has seen yet
const place = (id) => document.getElementById(`post-${id}`);

function belongs(post) {
  const tab = feed.dataset.tab;
  if (tab === 'branch') return String(post.branch.id) === feed.dataset.branch;
  return !tab || post.kind === tab;
}

function showPill() {
  const number = waiting.size;
  pill.lastElementChild.textContent = number === 1 ? pill.dataset.one : fill(pill.dataset.many, { n: number });
  pill.hidden = number === 0;
  slot.classList.toggle('has-news', number > 0);
}

async function load(ids) {
  const response = await fetch(`${feed.dataset.cards}?ids=${ids.join(',')}`, { credentials: 'same-origin' });
  if (!response.ok || response.redirected) throw new Error(String(response.status));
  const box = document.createElement('template');
  box.innerHTML = await response.text();
  return Array.from(box.content.querySelectorAll('[data-post]'));
}

/** Show what the pill promised: scroll up, insert, highlight. */
async function showWaiting() {
  pill.disabled = true;
  try {
    const ids = Array.from(waiting);
    const cards = [];
    for (let start = 0; start < ids.length; start += 20) cards.push(...(await load(ids.slice(start, start + 20))));
    ids.forEach((id) => waiting.delete(id));
    const empty = feed.querySelector('.dj-empty');
    if (empty) empty.remove();
    window.scrollTo({ top: 0 });
    cards.reverse().forEach((card) => {
      const old = document.getElementById(card.id);
      if (old) old.remove();
      card.classList.add('dj-fresh');
      feed.prepend(card);
    });
    const first = feed.querySelector('[data-post]');
    if (first) {
      first.tabIndex = -1;
      first.focus({ preventScroll: true });
    }
  } catch (problem) {
    toast(feed.dataset.failed);
  }
  pill.disabled = false;
  showPill();
}

async function replace(id) {
  const [card] = await load([id]).catch(() => []);
  if (card && place(id)) place(id).replaceWith(card);
}

function onEvent(event) {
  const post = event.data;
  const shown = place(post.id);
  if (event.kind === 'post.removed') {
    waiting.delete(post.id);
    if (shown && Number(shown.dataset.version) < post.version) fade(shown);
  } else if (shown) {
    if (Number(shown.dataset.version) < post.version) replace(post.id);
  } else if (event.kind === 'post.created' && belongs(post)) {
    waiting.add(post.id);
  }
  showPill();
}

/** What is above the reader keeps its height, so that nothing below jumps. */
function fade(card) {
  const box = card.getBoundingClientRect();
  card.replaceChildren();
  card.style.minHeight = `${box.height}px`;
  card.setAttribute('aria-hidden', 'true');
  card.removeAttribute('aria-labelledby');
}

// --- the newest comments below a card: taken afresh just before the card comes into view from below, where nothing that
// is being looked at moves; a card that is in view keeps what it shows, and its numbers tell that there is more

const stale = new Set(); // ids of posts whose comments have changed since their card was drawn
const near = new Set(); // those of them that will be in view next
const REST = 3000; // ms between two askings of a page: a post many talk about is near the view of many
let refreshing = 0;
let refreshed = 0;
const coming = new IntersectionObserver((entries) => {
  entries.forEach((entry) => near[entry.isIntersecting ? 'add' : 'delete'](entry.target.dataset.post));
  if (near.size && !refreshing) refreshing = setTimeout(refresh, Math.max(0, refreshed + REST - Date.now()));
}, { rootMargin: '0px 0px 60% 0px' });

const isBelow = (card) => card.getBoundingClientRect().top >= window.innerHeight;

async function refresh() {
  refreshing = 0;
  const wanted = Array.from(near).filter((id) => stale.has(id) && place(id) && isBelow(place(id))).slice(0, 20);
  if (!wanted.length) return;
  refreshed = Date.now();
  (await load(wanted).catch(() => [])).forEach((drawn) => {
    const card = place(drawn.dataset.post);
    if (!card || !isBelow(card)) return; // scrolled faster than the answer came: it is looked at
    const [old, talk] = [card, drawn].map((each) => each.querySelector('.dj-talk'));
    if (old) old.remove();
    if (talk) card.append(talk);
    stale.delete(drawn.dataset.post);
    near.delete(drawn.dataset.post);
    coming.unobserve(card);
  });
}

function onCounts(id, counts) {
  const card = place(id);
  if (!card) return;
  if (Number(card.querySelector('[data-comments]').dataset.comments) !== counts.comments) {
    stale.add(id);
    coming.unobserve(card); // observed anew, it is reported again even where it already was
    coming.observe(card);
    const all = card.querySelector('.dj-talk-all');
    if (all) all.textContent = fill(feed.dataset.all, { n: short(counts.comments) });
  }
  showCounts(card, counts);
}

JSON.parse(feed.dataset.live).forEach((head) => {
  live().join(head.topic, head, {
    onEvent,
    onGauge: (data) => Object.keys(data.posts || {}).forEach((id) => onCounts(id, data.posts[id])),
    onReload: () => location.reload(),
  });
});

pill.addEventListener('click', showWaiting);
watchLikes(document);
watchPhotos(document);
watchMenus(document);

// 随手拍 goes away on the way down and comes back on the way up.
const fab = document.getElementById('fab');
let last = window.scrollY;
window.addEventListener('scroll', () => {
  const now = window.scrollY;
  if (Math.abs(now - last) < 12) return;
  if (fab) fab.classList.toggle('is-away', now > last && now > 200);
  last = now;
}, { passive: true });
