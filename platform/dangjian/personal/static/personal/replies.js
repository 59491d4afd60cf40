// Replies count as read once the list has been seen; a new one waits in the pill.
import { headers } from '../ui/app.js';

const list = document.getElementById('replies');
const pill = document.getElementById('pill');

document.addEventListener('dj:reply', () => { pill.hidden = false; });

if (list && list.querySelector('.dj-unread')) {
  const body = new URLSearchParams({ up_to: list.dataset.upTo });
  fetch(list.dataset.read, { method: 'POST', credentials: 'same-origin', headers: headers(), body });
}
