// The page: connects, shows posts as they change, and sends what its forms say.
// Texts from outside only ever become text nodes.

import { Refused, api, config, demoSession, inWorkspace, session, setSession } from './api.js';
import { Posts } from './posts.js';
import { Socket } from './socket.js';

const LOG_ENTRIES = 200;
const PAGE = 25;
const INBOX_PAUSE_MS = 300;

const $ = (id) => document.getElementById(id);
const posts = new Posts();
let accounts = new Map();
let cursor;

// --- Small tools ---

function element(name, properties = {}, ...children) {
  const node = Object.assign(document.createElement(name), properties);
  node.append(...children.filter((child) => child !== undefined));
  return node;
}

function alertUser(error) {
  $('alert').textContent = error?.message ?? '';
  $('alert').hidden = !error;
}

/** Runs what a button does; the button rests meanwhile, and a refusal is shown. */
async function act(button, work) {
  button.disabled = true;
  alertUser();
  try {
    await work();
  } catch (error) {
    alertUser(error instanceof Refused ? error : { message: 'The server cannot be reached.' });
    return error;
  } finally {
    button.disabled = false;
  }
}

const clock = (time) => new Date(time).toLocaleTimeString();
const words = (name) => name.replaceAll(/[_:-]/g, ' ');
const excerpt = (text) => (text.length > 60 ? `${text.slice(0, 59)}…` : text);

function countdown(post) {
  const left = Math.ceil((new Date(post.scheduled_at) - Date.now()) / 1000);
  if (left <= 0) return 'due now';
  const [h, m, s] = [Math.floor(left / 3600), Math.floor(left / 60) % 60, left % 60];
  return `due in ${h ? `${h} h ` : ''}${h || m ? `${m} min ` : ''}${s} s`;
}

// --- Posts ---

function showPosts() {
  const all = posts.all();
  const focused = document.activeElement?.dataset?.key;
  $('posts').replaceChildren(...all.map(postItem));
  $('no-posts').hidden = all.length > 0;
  if (focused) document.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

function postItem(post) {
  const badge = element('span', { className: 'badge', textContent: words(post.status) });
  badge.dataset.status = post.status;
  const time = element('span', { className: 'time' });
  if (post.scheduled_at && post.status !== 'cancelled') {
    time.append(new Date(post.scheduled_at).toLocaleString());
    if (post.status === 'scheduled') {
      const due = element('strong', { className: 'due', textContent: countdown(post) });
      due.dataset.id = post.id;
      time.append(' · ', due);
    }
  }
  const note = post.needs_review ? 'Check the account before you try again: it may be there.' : undefined;
  const item = element('li', { className: 'post' },
    element('div', { className: 'line' }, badge, time),
    element('p', { className: 'text', textContent: post.text }),
    deliveries(post),
    note && element('p', { className: 'problem', textContent: note }),
    element('div', { className: 'actions' }, ...actions(post)));
  return item;
}

function deliveries(post) {
  if (!post.deliveries.length) return element('p', { className: 'targets', textContent: post.accounts.map(accountName).join(', ') });
  return element('ul', { className: 'deliveries' }, ...post.deliveries.map(deliveryItem));
}

const accountName = (id) => accounts.get(id)?.name ?? id;

function deliveryItem(it) {
  const badge = element('span', { className: 'badge small', textContent: it.detail ?? words(it.status) });
  badge.dataset.status = it.status;
  const attempt = it.attempt > 1 ? ` · attempt ${it.attempt} of ${it.max_attempts}` : '';
  const link = isWeb(it.remote_url)
    ? element('a', { href: it.remote_url, target: '_blank', rel: 'noopener noreferrer', textContent: 'see it' })
    : undefined;
  const problem = it.error ? element('span', { className: 'problem', textContent: it.error.message }) : undefined;
  return element('li', {}, badge, element('span', { textContent: accountName(it.account_id) + attempt }), link, problem);
}

function isWeb(url) {
  return /^https?:\/\//.test(url ?? '');
}

function actions(post) {
  const waiting = ['scheduled', 'draft'].includes(post.status);
  const base = `/api/posts/${encodeURIComponent(post.id)}`;
  const about = `“${excerpt(post.text)}”`;
  const button = (text, work) => {
    const node = element('button', { type: 'button', textContent: text, ariaLabel: `${text}: ${about}` });
    node.dataset.key = `${text} ${post.id}`;
    node.onclick = () => act(node, work);
    return node;
  };
  const change = async (method, path) => { posts.put(await api(method, path)); showPosts(); };
  const list = [];
  if (waiting) list.push(button('Publish now', () => change('POST', `${base}/publish-now`)));
  if (waiting) list.push(button('Cancel', () => change('POST', `${base}/cancel`)));
  if (post.status !== 'publishing') {
    list.push(button('Delete', async () => {
      await api('DELETE', base);
      posts.remove(post.id);
      showPosts();
    }));
  }
  return list;
}

async function refetch(id) {
  try {
    posts.put(await api('GET', `/api/posts/${encodeURIComponent(id)}`));
  } catch (error) {
    if (error.status === 404) posts.remove(id);
  }
  showPosts();
}

async function loadAll() {
  const [page, { accounts: list }] = await Promise.all([
    api('GET', `/api/posts?${inWorkspace({ limit: PAGE })}`),
    api('GET', `/api/accounts?${inWorkspace()}`),
  ]);
  accounts = new Map(list.map((it) => [it.id, it]));
  posts.replace(page.posts, !page.next_cursor);
  setCursor(page.next_cursor);
  showAccounts();
  showPosts();
  await loadInbox();
}

function setCursor(next) {
  cursor = next;
  $('more').hidden = !next;
}

$('more').onclick = () => act($('more'), async () => {
  const page = await api('GET', `/api/posts?${inWorkspace({ limit: PAGE, cursor })}`);
  page.posts.forEach((view) => posts.put(view));
  setCursor(page.next_cursor);
  showPosts();
});

setInterval(() => {
  for (const due of document.querySelectorAll('.due')) {
    const post = posts.get(due.dataset.id);
    if (post) due.textContent = countdown(post);
  }
}, 250);

// --- The form ---

function showAccounts() {
  const chosen = new Set([...document.querySelectorAll('[name=account]')].filter((it) => !it.checked).map((it) => it.value));
  const choice = (account) => element('label', {},
    element('input', { type: 'checkbox', name: 'account', value: account.id, checked: !chosen.has(account.id) }),
    ` ${account.name} `, element('small', { textContent: account.platform }));
  const none = element('p', { className: 'empty', textContent: 'No account yet: connect one with POST /api/accounts.' });
  $('submit').disabled = accounts.size === 0;
  $('accounts').replaceChildren(...(accounts.size ? [...accounts.values()].map(choice) : [none]));
}

function setMode(mode) {
  document.querySelector(`[name=mode][value=${mode}]`).checked = true;
}

for (const button of document.querySelectorAll('[data-add]')) {
  button.onclick = () => {
    $('seconds').value = Number($('seconds').value || 0) + Number(button.dataset.add);
    setMode('in');
  };
}
$('seconds').oninput = () => setMode('in');
$('instant').oninput = () => setMode('at');

function dueTime() {
  const mode = document.querySelector('[name=mode]:checked').value;
  if (mode === 'at') return new Date($('instant').value);
  return new Date(Date.now() + Number($('seconds').value) * 1000);
}

function showProblems(fields) {
  for (const node of document.querySelectorAll('#compose .problem')) node.textContent = '';
  for (const { field, message } of fields) {
    const node = $(`${field.split(/[[.]/)[0]}-problem`);
    if (node) node.textContent = message;
  }
}

$('compose').onsubmit = async (event) => {
  event.preventDefault();
  showProblems([]);
  const due = dueTime();
  if (Number.isNaN(due.getTime())) return showProblems([{ field: 'scheduled_at', message: 'Choose a date and a time.' }]);
  const error = await act($('submit'), async () => {
    const view = await api('POST', '/api/posts', {
      ...(session.workspace && { workspace_id: session.workspace }),
      text: $('text').value,
      accounts: [...document.querySelectorAll('[name=account]:checked')].map((it) => it.value),
      scheduled_at: due.toISOString(),
    });
    posts.put(view);
    showPosts();
    $('text').value = '';
    $('seconds').value = 10;
    $('text').focus();
  });
  if (error?.fields) showProblems(error.fields);
};

// --- Events and arrivals ---

function logEvent(name, data, about = '') {
  const detail = JSON.stringify(data, null, 2);
  const entry = element('li', {}, element('details', {},
    element('summary', {}, element('time', { textContent: clock(data?.at ?? Date.now()) }), element('code', { textContent: name }), element('span', { className: 'about', textContent: about })),
    element('pre', { textContent: detail })));
  $('events').prepend(entry);
  while ($('events').children.length > LOG_ENTRIES) $('events').lastChild.remove();
  $('no-events').hidden = true;
}

function onEvent(name, data) {
  if (name.startsWith('pusher')) {
    if (name === 'pusher:subscription_error') logEvent(name, data);
    return;
  }
  const id = data?.data?.post_id ?? data?.data?.post?.id;
  const before = posts.get(id);
  const { isNew, refetch: missed } = posts.apply(name, data);
  if (!isNew) return;
  const post = posts.get(id) ?? before;
  logEvent(name, data, post && excerpt(post.text));
  if (post && name !== 'delivery:status-changed') $('announcer').textContent = `“${excerpt(post.text)}”: ${words(name)}`;
  if (missed) refetch(missed);
  if (name.startsWith('account:')) loadAll().catch(alertUser);
  showPosts();
  if (name === 'delivery:status-changed' || name.startsWith('post:')) soonLoadInbox();
}

let inboxTimer;
function soonLoadInbox() {
  clearTimeout(inboxTimer);
  inboxTimer = setTimeout(() => loadInbox().catch(() => {}), INBOX_PAUSE_MS);
}

async function loadInbox() {
  if (!config.demo) return;
  const { arrivals } = await api('GET', '/demo/inbox');
  const item = ({ id, received_at_s: at, attempts, payload }) => element('li', { className: 'post' },
    element('div', { className: 'line' },
      element('span', { className: 'badge small', textContent: 'signature ok' }),
      element('span', { className: 'time', textContent: clock(at * 1000) + (attempts > 1 ? ` · came ${attempts} times` : '') })),
    element('p', { className: 'text', textContent: payload?.data?.text ?? JSON.stringify(payload) }),
    element('a', { href: `/demo/inbox/${encodeURIComponent(id)}`, target: '_blank', rel: 'noopener', textContent: id }));
  $('arrivals').replaceChildren(...arrivals.map(item));
  $('no-arrivals').hidden = arrivals.length > 0;
  $('inbox-card').hidden = false;
}

// --- The connection ---

function showState(state, why) {
  const pill = $('connection');
  if (pill.textContent !== state) pill.textContent = state;
  pill.dataset.state = state;
  pill.title = why ?? '';
}

async function address() {
  if (config.demo) await demoSession();
  const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
  const query = new URLSearchParams({ protocol: 7, client: 'console', version: '0.1.0', token: session.token });
  return `${scheme}://${location.host}/app/${encodeURIComponent(config.key)}?${query}`;
}

function start() {
  $('who').textContent = `${session.user} in ${session.workspace || 'their workspace'}${config.demo ? ' · demo' : ''}`;
  $('desk').hidden = false;
  const channels = session.workspace ? [`private-workspace-${session.workspace}`] : [];
  const socket = new Socket(address, channels, {
    state: showState,
    event: onEvent,
    // Whatever was missed while away: the API knows.
    ready: () => loadAll().catch(alertUser),
    refused(code, why) {
      if (code === 4009 && !config.demo) return signOut(socket, why);
      alertUser({ message: `The server refused the connection: ${why}` });
    },
  });
}

function signOut(socket, why) {
  socket.close();
  sessionStorage.removeItem('pushbridge');
  $('desk').hidden = true;
  $('signin').hidden = false;
  alertUser({ message: why });
}

/** What the token says; the server checks it, the page only reads. */
function claims(token) {
  try {
    const payload = token.split('.')[1].replaceAll('-', '+').replaceAll('_', '/');
    return JSON.parse(new TextDecoder().decode(Uint8Array.from(atob(payload), (c) => c.charCodeAt(0))));
  } catch {
    return {};
  }
}

$('signin-form').onsubmit = (event) => {
  event.preventDefault();
  const token = $('token').value.trim();
  const { sub = 'someone', workspaces = [] } = claims(token);
  const named = Array.isArray(workspaces) ? workspaces : Object.keys(workspaces);
  setSession({ token, user: String(sub), workspace: $('workspace').value.trim() || String(named[0] ?? '') });
  sessionStorage.setItem('pushbridge', JSON.stringify(session));
  $('token').value = '';
  $('signin').hidden = true;
  alertUser();
  start();
};

if (config.demo) {
  try {
    await demoSession();
    start();
  } catch (error) {
    showState('disconnected');
    alertUser(error);
  }
} else {
  setSession(JSON.parse(sessionStorage.getItem('pushbridge') ?? 'null') ?? undefined);
  if (session) start();
  else {
    showState('disconnected', 'not signed in');
    $('signin').hidden = false;
  }
}
