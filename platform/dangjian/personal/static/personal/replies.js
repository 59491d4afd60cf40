// Replies count as read once the list has been seen; a new one waits in the pill.
import { call } from '../ui/app.js';

const list = document.getElementById('replies');
const pill = document.getElementById('pill');

document.addEventListener('dj:me', (event) => { if (event.detail.kind === 'reply.created') pill.hidden = false; });

if (list && list.querySelector('.dj-unread')) {
  call('POST', '/api/v1/me/replies/read/', { up_to: Number(list.dataset.upTo) }).catch(() => undefined);
}
