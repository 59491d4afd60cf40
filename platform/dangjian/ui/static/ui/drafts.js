// Drafts in IndexedDB: what a person wrote and the photos chosen, per account and place, until it is sent.

const NAME = 'drafts';
let opened = null;

function open() {
  if (!opened) {
    opened = new Promise((resolve, reject) => {
      const request = indexedDB.open('dangjian', 1);
      request.onupgradeneeded = () => request.result.createObjectStore(NAME);
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });
  }
  return opened;
}

async function run(mode, act) {
  const base = await open();
  return new Promise((resolve, reject) => {
    const transaction = base.transaction(NAME, mode);
    const request = act(transaction.objectStore(NAME));
    transaction.oncomplete = () => resolve(request.result);
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
}

const full = (place) => `${document.body.dataset.me}:${place}`;

/** The draft of this account at `place` ("post", "post:42" …), or undefined. */
export function read(place) {
  return run('readonly', (store) => store.get(full(place))).catch(() => undefined);
}

/** Keep it; resolves to whether it was kept (a private window keeps nothing). */
export function keep(place, draft) {
  return run('readwrite', (store) => store.put(draft, full(place))).then(() => true, () => false);
}

export function forget(place) {
  return run('readwrite', (store) => store.delete(full(place))).catch(() => undefined);
}
