// Writing a post: the draft with its photos is kept at every step, photos go ahead, the post is sent once.
import { call, fill, headers, newKey } from '../ui/app.js';
import * as drafts from '../ui/drafts.js';
import { shrink } from './shrink.js';

const form = document.getElementById('compose');
const field = form.elements.text;
const files = document.getElementById('photos');
const tiles = document.getElementById('tiles');
const add = document.getElementById('add');
const notice = document.getElementById('notice');
const submits = document.querySelectorAll('[data-submit]');
const most = Number(form.dataset.most);
const editing = form.dataset.edit;
const PLACE = editing ? `edit:${editing}` : 'post';
const AT_ONCE = 2; // uploads

const words = {};
document.getElementById('words').content.querySelectorAll('[data-k]').forEach((word) => {
  words[word.dataset.k] = word.textContent;
});

// photos: {key, blob, id (once uploaded), name}; their tiles and progress are kept apart, in `views`.
let draft = { key: form.elements.key.value, text: '', kind: '', visibility: '', photos: [], isSending: false };
const views = new Map(); // key → {tile, state: "waiting" | "uploading" | "done" | "failed", request}

// --- the draft

let saving = 0;

function choice(name) {
  const given = form.elements[name];
  return given.value !== undefined ? given.value : '';
}

async function save() {
  clearTimeout(saving);
  saving = 0;
  draft.text = field.value;
  draft.kind = choice('kind');
  draft.visibility = choice('visibility');
  if (!draft.text.trim() && !draft.photos.length && !editing) return drafts.forget(PLACE);
  if (await drafts.keep(PLACE, draft)) {
    const now = new Date();
    const clock = `${String(now.getHours()).padStart(2, '0')}:${String(now.getMinutes()).padStart(2, '0')}`;
    document.querySelectorAll('[data-saved]').forEach((place) => {
      place.hidden = false;
      place.lastElementChild.textContent = fill(words.saved, { clock });
    });
  }
  return undefined;
}

function soon() {
  if (!saving) saving = setTimeout(save, 400);
}

function count() {
  const place = form.querySelector('[data-written]');
  const number = Array.from(field.value).length;
  place.hidden = number === 0;
  place.firstElementChild.textContent = number;
  field.style.height = 'auto';
  field.style.height = `${field.scrollHeight}px`;
}

field.addEventListener('input', () => {
  count();
  soon();
});
form.addEventListener('change', (event) => {
  if (event.target.type === 'radio') save();
});
window.addEventListener('pagehide', () => { if (saving) save(); });

// --- photos

function number() {
  draft.photos.forEach((photo, index) => {
    const { tile } = views.get(photo.key);
    const label = fill(words.photo, { n: index + 1 });
    tile.querySelector('img').alt = label;
    tile.querySelector('[data-remove]').setAttribute('aria-label', fill(words.remove, { n: index + 1 }));
  });
  add.hidden = draft.photos.length >= most;
  add.querySelector('[data-added]').textContent = draft.photos.length ? `${draft.photos.length}/${most}` : '';
}

function show(photo, source) {
  const tile = document.getElementById('tile').content.cloneNode(true).firstElementChild;
  tile.querySelector('img').src = source || URL.createObjectURL(photo.blob);
  tile.querySelector('[data-remove]').addEventListener('click', () => remove(photo));
  tile.querySelector('[data-retry]').addEventListener('click', () => {
    state(photo, 'waiting');
    next();
  });
  views.set(photo.key, { tile, state: '', request: null });
  add.before(tile);
  state(photo, photo.id ? 'done' : 'waiting');
}

function state(photo, name, percent = 0, word = '') {
  const view = views.get(photo.key);
  if (!view) return;
  view.state = name;
  const veil = view.tile.querySelector('[data-veil]');
  const again = view.tile.querySelector('[data-retry]');
  veil.hidden = name === 'done' || name === 'failed';
  again.hidden = name !== 'failed';
  again.lastElementChild.textContent = word || words.failed;
  const offline = navigator.onLine === false;
  veil.firstElementChild.textContent = name === 'uploading'
    ? fill(words.uploading, { percent })
    : offline ? words.waiting : words.preparing;
  veil.querySelector('b').style.width = `${percent}%`;
}

async function take(chosen) {
  const room = most - draft.photos.length;
  if (chosen.length > room) say('due', fill(words.too_many, { most }));
  for (const file of chosen.slice(0, room)) {
    const photo = { key: newKey(), blob: await shrink(file), id: null, name: file.name || 'photo' };
    draft.photos.push(photo);
    show(photo);
  }
  number();
  await save();
  next();
}

function remove(photo) {
  const view = views.get(photo.key);
  if (view.request) view.request.abort();
  view.tile.remove();
  views.delete(photo.key);
  draft.photos = draft.photos.filter((each) => each.key !== photo.key);
  number();
  save();
  (draft.photos.length < most ? files : field).focus();
  if (draft.isSending) next();
}

files.addEventListener('change', () => {
  const chosen = Array.from(files.files);
  files.value = '';
  take(chosen);
});
form.addEventListener('paste', (event) => {
  const pasted = Array.from(event.clipboardData ? event.clipboardData.files : []).filter((file) => file.type.startsWith('image/'));
  if (!pasted.length) return;
  event.preventDefault();
  take(pasted);
});

/** Start uploads up to the limit; when none is left and the post waits to go, send it. */
function next() {
  const running = Array.from(views.values()).filter((view) => view.state === 'uploading').length;
  draft.photos
    .filter((photo) => views.get(photo.key).state === 'waiting')
    .slice(0, Math.max(0, AT_ONCE - running))
    .forEach(upload);
  if (draft.isSending) deliver();
}

function upload(photo) {
  const view = views.get(photo.key);
  const request = new XMLHttpRequest(); // fetch tells no progress
  const body = new FormData();
  body.append('file', photo.blob, photo.name);
  view.request = request;
  state(photo, 'uploading');
  request.open('POST', form.dataset.uploads);
  const sent = headers({ 'Idempotency-Key': photo.key });
  Object.keys(sent).forEach((name) => request.setRequestHeader(name, sent[name]));
  request.upload.onprogress = (event) => {
    if (event.lengthComputable) state(photo, 'uploading', Math.round((event.loaded / event.total) * 100));
  };
  request.onload = async () => {
    view.request = null;
    let answer = {};
    try {
      answer = JSON.parse(request.responseText);
    } catch (problem) {
      answer = {};
    }
    if (request.status === 201) {
      photo.id = answer.id;
      state(photo, 'done');
      await save();
    } else if (request.status === 401) {
      state(photo, 'failed');
      ended();
      return;
    } else if (request.status === 409 || request.status === 429) {
      state(photo, 'waiting');
      setTimeout(next, (Number(request.getResponseHeader('Retry-After')) || 1) * 1000);
      return;
    } else {
      const refusal = request.status < 500 && answer.detail;
      state(photo, 'failed', 0, refusal ? words.unusable : '');
      if (refusal) {
        const n = draft.photos.indexOf(photo) + 1;
        stop('error', `${fill(words.photo, { n })}${words.colon}${refusal}`);
      }
    }
    next();
  };
  request.onerror = () => {
    view.request = null;
    state(photo, navigator.onLine === false ? 'waiting' : 'failed');
    if (draft.isSending) trouble();
  };
  request.send(body);
}

// --- sending

let retry = 0;
let attempts = 0;
let isOnItsWay = false;

form.addEventListener('submit', (event) => {
  event.preventDefault();
  if (draft.isSending) return;
  if (!field.value.trim() && !draft.photos.length) {
    say('error', words.empty);
    field.focus();
    return;
  }
  draft.isSending = true;
  draft.photos.filter((photo) => views.get(photo.key).state === 'failed').forEach((photo) => state(photo, 'waiting'));
  busy(true);
  save();
  next();
});

async function deliver() {
  clearTimeout(retry);
  if (isOnItsWay) return;
  const states = draft.photos.map((photo) => views.get(photo.key).state);
  if (states.includes('uploading')) return;
  if (states.includes('waiting')) {
    if (navigator.onLine === false) trouble();
    return;
  }
  if (states.includes('failed')) {
    stop('error', words.photo_failed);
    return;
  }
  isOnItsWay = true;
  const body = { text: field.value, visibility: choice('visibility'), photos: draft.photos.map((photo) => photo.id) };
  let answer = null;
  try {
    answer = editing
      ? await call('PATCH', `${form.dataset.posts}${editing}/`, body, { 'If-Match': `"${form.dataset.version}"` })
      : await call('POST', form.dataset.posts, { kind: choice('kind'), ...body }, { 'Idempotency-Key': draft.key });
  } catch (problem) {
    answer = null;
  }
  isOnItsWay = false;
  if (answer === null || answer.status >= 500) trouble();
  else if (answer.ok) await done(answer.body.id);
  else if (answer.status === 409 || answer.status === 429) retry = setTimeout(deliver, (answer.wait || 1) * 1000);
  else if (answer.status === 401) ended();
  else if (answer.status === 412) stop('due', words.stale, { words: words.look, href: `/posts/${editing}/` });
  else if (answer.body.code === 'key_reused') await sentBefore();
  else refused(answer.body);
}

async function done(id) {
  await drafts.forget(PLACE);
  location.assign(`/posts/${id}/`);
}

/** An answer was lost on the way: the first version is out, and what was changed since is kept nowhere else. */
async function sentBefore() {
  draft.key = newKey();
  stop('due', words.sent_before, { words: words.my_posts, href: '/me/posts/' });
}

function refused(problem) {
  const lost = (problem.errors || []).filter((error) => error.code === 'unknown_photo');
  lost.forEach((error) => {
    const photo = draft.photos[Number(error.pointer.split('/')[2])];
    if (!photo) return;
    photo.key = renamed(photo);
    photo.id = null;
    state(photo, 'waiting');
  });
  if (lost.length && attempts < 1) { // uploads nobody used are cleared away after a day: they go up once more
    attempts += 1;
    next();
    return;
  }
  stop('error', (problem.errors || []).map((error) => error.detail).join(' ') || problem.detail || words.trouble);
}

function renamed(photo) {
  const view = views.get(photo.key);
  views.delete(photo.key);
  const key = newKey();
  views.set(key, view);
  return key;
}

/** Not now: everything is kept and tried again by itself. */
function trouble() {
  const offline = navigator.onLine === false;
  say(offline ? 'off' : 'error', offline ? words.offline : words.trouble, offline ? null : { words: words.again, act: again });
  busy(true);
  save();
  retry = setTimeout(again, 5000 + Math.random() * 5000);
}

function again() {
  clearTimeout(retry);
  draft.photos.filter((photo) => views.get(photo.key).state === 'failed').forEach((photo) => state(photo, 'waiting'));
  next();
}

function ended() {
  save();
  busy(false);
  say('due', words.ended, { words: words.sign_in, href: form.dataset.signIn });
}

/** Something only the person can put right. */
function stop(kind, text, way) {
  draft.isSending = false;
  busy(false);
  save();
  say(kind, text, way);
}

function busy(is) {
  submits.forEach((button) => {
    if (!button.dataset.word) button.dataset.word = button.textContent;
    button.setAttribute('aria-busy', String(is));
    button.disabled = is;
    button.textContent = is ? words.busy : button.dataset.word;
  });
}

function say(kind, text, way = null) {
  const box = document.createElement('div');
  box.className = `dj-banner dj-banner-${kind}`;
  const inner = document.createElement('div');
  inner.textContent = text;
  if (way) {
    const on = document.createElement(way.href ? 'a' : 'button');
    if (way.href) on.href = way.href;
    else {
      on.type = 'button';
      on.addEventListener('click', way.act);
    }
    on.textContent = way.words;
    inner.append(' ', on);
  }
  box.append(inner);
  notice.replaceChildren(box);
}

window.addEventListener('online', () => {
  if (draft.isSending) again();
  else {
    notice.replaceChildren();
    next();
  }
});
window.addEventListener('offline', () => say('off', draft.isSending ? words.offline : words.offline_writing));

// --- at the beginning

async function discard() {
  draft.photos.slice().forEach(remove);
  field.value = '';
  draft.key = newKey();
  await drafts.forget(PLACE);
  notice.replaceChildren();
  document.querySelectorAll('[data-saved]').forEach((place) => { place.hidden = true; });
  count();
  field.focus();
}

(async () => {
  const existing = Array.from(tiles.querySelectorAll('[data-existing]'));
  const kept = await drafts.read(PLACE);
  const isOfThisVersion = kept && (!editing || kept.version === form.dataset.version);
  if (isOfThisVersion) {
    draft = kept;
    field.value = kept.text;
    ['kind', 'visibility'].forEach((name) => {
      const options = Array.from(form.querySelectorAll(`input[type="radio"][name="${name}"]`));
      options.forEach((option) => { option.checked = option.value === kept[name]; });
    });
    existing.forEach((tile) => tile.remove());
    draft.photos.forEach((photo) => show(photo, photo.source));
    if (!editing && !kept.isSending) say('', words.restored, { words: words.discard, act: discard });
  } else {
    draft.version = form.dataset.version;
    existing.forEach((tile) => {
      const photo = { key: newKey(), blob: null, id: Number(tile.dataset.existing), source: tile.querySelector('img').src };
      draft.photos.push(photo);
      tile.remove();
      show(photo, photo.source);
    });
  }
  number();
  count();
  if (draft.isSending) {
    busy(true);
    again();
  } else {
    next();
  }
  form.dataset.ready = '1';
})();
