// Accounts connected at their platform: a browser is led there and back. The client here is one without a window.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { tokenOf } from './lib/crypto.js';
import { call } from './lib/rest.js';
import { appFile, fileEnvironment, needsProcess, startServer } from './lib/server.js';
import { Wire } from './lib/wire.js';

const token = tokenOf('u1', 'ws_1');
const PUBLIC = 'http://push.test';

/** X's login: a page that grants or denies at once, a token endpoint that checks what RFC 7636 says, and whose account it is. */
async function startX(t) {
  const x = { denies: false, codes: new Map(), exchanges: 0 };
  const http = createServer(async (request, response) => {
    const url = new URL(request.url, 'http://x.test');
    let body = '';
    for await (const chunk of request) body += chunk;
    const json = (status, value) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    if (url.pathname === '/i/oauth2/authorize') {
      const back = new URL(url.searchParams.get('redirect_uri'));
      back.searchParams.set('state', url.searchParams.get('state'));
      if (x.denies) back.searchParams.set('error', 'access_denied');
      else {
        const code = `code-${x.codes.size}`;
        x.codes.set(code, url.searchParams);
        back.searchParams.set('code', code);
      }
      return response.writeHead(302, { location: back.href }).end();
    }
    if (url.pathname === '/2/oauth2/token') {
      const form = new URLSearchParams(body);
      const asked = x.codes.get(form.get('code'));
      x.codes.set(form.get('code'), undefined);
      const challenge = createHash('sha256').update(form.get('code_verifier')).digest('base64url');
      const good = asked?.get('code_challenge') === challenge && asked.get('code_challenge_method') === 'S256'
        && asked.get('redirect_uri') === form.get('redirect_uri')
        && request.headers.authorization === `Basic ${Buffer.from('my-app:my-secret').toString('base64')}`;
      x.exchanges += 1;
      return good ? json(200, { access_token: 'at', refresh_token: 'rt', expires_in: 7200 }) : json(400, { error: 'invalid_grant' });
    }
    if (request.headers.authorization !== 'Bearer at') return json(401, {});
    return json(200, { data: { id: '42', username: 'alice<b>' } });
  }).listen(0, '127.0.0.1');
  await once(http, 'listening');
  t.after(() => http.close());
  x.url = `http://127.0.0.1:${http.address().port}`;
  return x;
}

/** An instance of Mastodon: servers register by themselves, once, and say so when they ask for access. */
async function startMastodon(t) {
  const mastodon = { registered: [], codes: new Map() };
  const http = createServer(async (request, response) => {
    const url = new URL(request.url, 'http://mastodon.test');
    let body = '';
    for await (const chunk of request) body += chunk;
    const form = new URLSearchParams(body);
    const json = (status, value) => response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
    const app = { client_id: 'dynamic-app', client_secret: 'dynamic-secret' };
    if (request.method === 'POST' && url.pathname === '/api/v1/apps') {
      mastodon.registered.push(Object.fromEntries(form));
      return json(200, app);
    }
    if (url.pathname === '/oauth/authorize') {
      const asked = url.searchParams;
      const known = mastodon.registered.some((it) => it.redirect_uris === asked.get('redirect_uri') && it.scopes === asked.get('scope'));
      if (!known || asked.get('client_id') !== app.client_id) return json(400, { error: 'invalid_client' });
      mastodon.codes.set('code-of-mastodon', asked);
      const back = new URL(asked.get('redirect_uri'));
      back.search = new URLSearchParams({ code: 'code-of-mastodon', state: asked.get('state') });
      return response.writeHead(302, { location: back.href }).end();
    }
    if (url.pathname === '/oauth/token') {
      const asked = mastodon.codes.get(form.get('code'));
      mastodon.codes.clear();
      const challenge = createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url');
      const good = asked?.get('code_challenge') === challenge && form.get('client_id') === app.client_id
        && form.get('client_secret') === app.client_secret && asked.get('redirect_uri') === form.get('redirect_uri');
      return good ? json(200, { access_token: 'token-of-mastodon', token_type: 'Bearer' }) : json(400, { error: 'invalid_grant' });
    }
    if (request.headers.authorization !== 'Bearer token-of-mastodon') return json(401, { error: 'The access token is invalid' });
    return json(200, { id: '77', acct: 'alice', username: 'alice' });
  }).listen(0, '127.0.0.1');
  await once(http, 'listening');
  t.after(() => http.close());
  mastodon.url = `http://127.0.0.1:${http.address().port}`;
  return mastodon;
}

const configOf = (x) => `${appFile()}\n[platforms.x]\napi = "${x.url}"\nweb = "${x.url}"\nclient = { id = "my-app", secret = "my-secret" }\n`;

/** A browser that keeps cookies, and reaches the server where its public address would lead. */
function browser(server) {
  const cookies = new Map([['pushbridge_token', token]]);
  const open = async (url, accept = 'text/html') => {
    const here = url.startsWith('/') ? server.url + url : url.replace(PUBLIC, server.url);
    const ours = here.startsWith(server.url);
    const cookie = [...cookies].map((it) => it.join('=')).join('; ');
    const response = await fetch(here, { redirect: 'manual', headers: { accept, ...(ours && { cookie }) } });
    for (const line of response.headers.getSetCookie()) {
      const [name, value] = line.split(';')[0].split('=');
      if (value) cookies.set(name, value);
      else cookies.delete(name);
    }
    return response;
  };
  /** Follows redirects to the end. */
  const follow = async (url) => {
    let response = await open(url);
    const path = [];
    while (response.headers.get('location')) {
      path.push(response.headers.get('location'));
      response = await open(path.at(-1));
    }
    return { status: response.status, text: await response.text(), headers: response.headers, path };
  };
  return { open, follow, cookies };
}

describe('connecting an account at its platform', { skip: needsProcess }, () => {
  test('the browser comes back with an account, once', async (t) => {
    const x = await startX(t);
    const server = await startServer(t, { config: configOf(x), env: { ...fileEnvironment(), PUBLIC_URL: PUBLIC } });
    const wire = await Wire.connect(t, server, { query: { protocol: 7, token } });
    const mine = browser(server);
    const end = await mine.follow('/api/accounts/connect/x?workspace_id=ws_1');
    assert.equal(end.status, 200, end.text);
    assert.ok(end.text.includes('@alice&lt;b&gt; (x)'), end.text);
    assert.equal(end.headers.get('content-type'), 'text/html; charset=utf-8');
    assert.match(end.headers.get('content-security-policy'), /default-src 'none'/);
    assert.deepEqual([end.headers.get('referrer-policy'), end.headers.get('cache-control')], ['no-referrer', 'no-store']);
    assert.ok(!mine.cookies.has('pushbridge_connect'), 'nothing is kept');
    assert.ok(end.path[1].startsWith(`${PUBLIC}/api/accounts/connect/x/callback?`));
    const told = JSON.parse((await wire.until('account:connected')).data).data;
    const { body } = await call(server, 'GET', `/api/accounts/${told.account_id}`, { token });
    assert.deepEqual([body.platform, body.remote_id, body.status, body.created_by], ['x', '42', 'connected', 'u1']);

    const replayed = await mine.follow(end.path[1]);
    assert.deepEqual([replayed.status, x.exchanges], [409, 1], replayed.text);
    assert.match(replayed.text, /works once/);
    assert.ok(!server.log.join('\n').includes('code-0'), 'codes are not logged');

    // Again, for the same account.
    const again = await mine.follow(`/api/accounts/connect/x?account_id=${told.account_id}`);
    assert.equal(again.status, 200, again.text);
    await wire.until('account:status-changed');
    assert.equal((await call(server, 'GET', '/api/accounts', { token })).body.accounts.length, 1);
  });

  test('an instance of Mastodon is registered with once, and no secret of it is shown', async (t) => {
    const mastodon = await startMastodon(t);
    const server = await startServer(t, { config: appFile(), env: { ...fileEnvironment(), PUBLIC_URL: PUBLIC, RUST_LOG: 'debug' } });
    const wire = await Wire.connect(t, server, { query: { protocol: 7, token } });
    const mine = browser(server);
    const way = `/api/accounts/connect/mastodon?instance=${encodeURIComponent(mastodon.url)}`;
    const end = await mine.follow(way);
    assert.equal(end.status, 200, end.text);
    const told = JSON.parse((await wire.until('account:connected')).data).data;
    const { body } = await call(server, 'GET', `/api/accounts/${told.account_id}`, { token });
    assert.deepEqual([body.platform, body.remote_id, body.url, body.status], ['mastodon', '77', mastodon.url, 'connected']);
    const again = await mine.follow(way);
    assert.equal(again.status, 200, again.text);
    await wire.until('account:status-changed');
    assert.equal(mastodon.registered.length, 1);
    assert.deepEqual([mastodon.registered[0].client_name, mastodon.registered[0].redirect_uris], ['Pushbridge', `${PUBLIC}/api/accounts/connect/mastodon/callback`]);

    await server.stop();
    const shown = [...server.log, end.text, again.text, JSON.stringify(body), JSON.stringify(wire.inbox.all)].join('\n');
    for (const secret of ['dynamic-secret', 'token-of-mastodon', 'code-of-mastodon']) {
      assert.ok(!shown.includes(secret), `${secret} is shown`);
    }
  });

  test('it is refused in another browser, when access is denied, and where nothing is set up', async (t) => {
    const x = await startX(t);
    const server = await startServer(t, { config: configOf(x), env: { ...fileEnvironment(), PUBLIC_URL: PUBLIC } });
    const [mine, other] = [browser(server), browser(server)];
    const begun = await mine.open('/api/accounts/connect/x', 'application/json');
    const { url } = await begun.json();
    assert.match(begun.headers.getSetCookie()[0], /HttpOnly; SameSite=Lax/);
    const elsewhere = await other.follow(url);
    assert.deepEqual([elsewhere.status, x.exchanges], [409, 0]);
    assert.match(elsewhere.text, /Another browser/);

    x.denies = true;
    const denied = await mine.follow('/api/accounts/connect/x');
    assert.equal(denied.status, 409);
    assert.match(denied.text, /Access was not granted/);
    assert.equal((await call(server, 'GET', '/api/accounts', { token })).body.accounts.length, 0);

    const code = async (platform) => (await call(server, 'GET', `/api/accounts/connect/${platform}`, { token })).body.error;
    assert.equal((await code('linkedin')).code, 'not_configured');
    assert.match((await code('linkedin')).message, /platforms\.linkedin\.client/);
    assert.equal((await code('telegram')).code, 'not_offered');
    assert.equal((await code('myspace')).code, 'not_offered');
    assert.equal((await call(server, 'GET', '/api/accounts/connect/mastodon?instance=ftp://a', { token })).status, 422);
    assert.equal((await call(server, 'GET', '/api/accounts/connect/x')).status, 401);
    const page = await mine.follow('/api/accounts/connect/linkedin');
    assert.deepEqual([page.status, page.text.includes('not set up here')], [409, true], page.text);

    const hidden = await startServer(t, { config: configOf(x) });
    const refused = await call(hidden, 'GET', '/api/accounts/connect/x', { token });
    assert.deepEqual([refused.status, refused.body.error.code], [409, 'not_configured']);
    assert.match(refused.body.error.message, /PUBLIC_URL/);
  });
});
