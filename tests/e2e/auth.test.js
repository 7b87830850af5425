// The authorizer that pusher-js asks, and who may see what.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { channelAuth, jwt, tokenOf } from './lib/crypto.js';
import { environment, needsProcess, sharedServer, startServer } from './lib/server.js';
import { call } from './lib/rest.js';

const form = (fields) => ({
  raw: new URLSearchParams(fields).toString(),
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
});

describe('the authorizer', () => {
  const server = sharedServer();

  const ask = (fields, { token, path = '/pusher/auth', headers = {} } = {}) => {
    const { raw, headers: base } = form(fields);
    return call(server, 'POST', path, { token, raw, headers: { ...base, ...headers } });
  };

  test('signs what the user may see, at both paths', async () => {
    const [socket_id, channel_name] = ['12.34', 'private-user-u1'];
    const expected = { auth: channelAuth(socket_id, channel_name) };
    for (const path of ['/pusher/auth', '/api/pusher/auth']) {
      const reply = await ask({ socket_id, channel_name }, { token: tokenOf('u1'), path });
      assert.equal(reply.status, 200);
      assert.deepEqual(reply.body, expected);
    }
  });

  test('signs channel_data for presence channels', async () => {
    const [socket_id, channel_name] = ['12.34', 'presence-workspace-ws_1'];
    const reply = await ask({ socket_id, channel_name }, { token: tokenOf('u1', 'ws_1') });
    assert.equal(reply.status, 200);
    assert.equal(JSON.parse(reply.body.channel_data).user_id, 'u1');
    assert.equal(reply.body.auth, channelAuth(socket_id, channel_name, reply.body.channel_data));
  });

  test('signs users in', async () => {
    const reply = await ask({ socket_id: '12.34' }, { token: tokenOf('u1', 'ws_1'), path: '/pusher/user-auth' });
    assert.equal(reply.status, 200);
    assert.equal(JSON.parse(reply.body.user_data).id, 'u1');
    // The signed text is `socket_id::user::user_data`.
    assert.equal(reply.body.auth, channelAuth('12.34', `:user::${reply.body.user_data}`));
  });

  test('says 400, 401 and 403 where each belongs', async () => {
    const token = tokenOf('u1', 'ws_1');
    const good = { socket_id: '12.34', channel_name: 'private-user-u1' };
    const cases = [
      [400, {}, token],
      [400, { socket_id: '12.34' }, token],
      [400, { channel_name: 'private-user-u1' }, token],
      [400, { ...good, socket_id: '12.34:private-user-u2' }, token],
      [400, { ...good, socket_id: 'abc' }, token],
      [400, { ...good, channel_name: 'private-a b' }, token],
      [401, good, undefined],
      [401, good, 'garbage'],
      [401, good, jwt({ sub: 'u1' }, { ttl: -3600 })],
      [401, good, jwt({ sub: 'u1' }, { secret: 'another-secret-of-32-bytes-or-more!' })],
      [403, { ...good, channel_name: 'private-user-u2' }, token],
      [403, { ...good, channel_name: 'private-user-u12' }, token],
      [403, { ...good, channel_name: 'private-workspace-ws_12' }, token],
      [403, { ...good, channel_name: 'private-unknown' }, token],
    ];
    for (const [status, fields, who] of cases) {
      const reply = await ask(fields, { token: who });
      assert.equal(reply.status, status, JSON.stringify(fields));
      assert.ok(JSON.stringify(reply.body).length > 4, 'says why');
      assert.ok(!JSON.stringify(reply.body).includes('auth":'), 'signs nothing');
    }
  });

  test('takes the cookie of a page of its own host, and of no other', async () => {
    const cookie = `theme=dark; pushbridge_token=${tokenOf('u1')}`;
    const fields = { socket_id: '12.34', channel_name: 'private-user-u1' };
    const from = (origin) => ask(fields, { headers: { cookie, ...(origin ? { origin } : {}) } });
    assert.equal((await from(server.url)).status, 200);
    for (const origin of ['https://evil.example', 'null', undefined]) {
      const reply = await from(origin);
      assert.ok([401, 403].includes(reply.status), `${origin}: ${reply.status}`);
    }
  });
});

describe('pages of other origins', { skip: needsProcess }, () => {
  const allowed = 'https://app.example.com';
  const preflight = (server, origin) =>
    call(server, 'OPTIONS', '/pusher/auth', {
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization, x-csrf-token' },
    });

  test('may call when they are configured, and only then', async (t) => {
    const server = await startServer(t, { env: environment({ PUSHBRIDGE_ALLOWED_ORIGINS: allowed }) });
    const { raw, headers } = form({ socket_id: '12.34', channel_name: 'private-user-u1' });
    const from = (origin) =>
      call(server, 'POST', '/pusher/auth', { token: tokenOf('u1'), raw, headers: { ...headers, origin } });
    const named = (reply) => reply.headers.get('access-control-allow-origin');
    assert.equal(named(await preflight(server, allowed)), allowed);
    assert.match((await preflight(server, allowed)).headers.get('access-control-allow-headers'), /authorization.*x-csrf-token/i);
    assert.equal(named(await from(allowed)), allowed);
    // A refusal must be readable too, or the page only sees "network error".
    assert.equal(named(await call(server, 'POST', '/pusher/auth', { raw, headers: { ...headers, origin: allowed } })), allowed);
    for (const origin of ['https://evil.example', 'https://app.example.com.evil.example', 'http://app.example.com', 'null']) {
      assert.equal(named(await preflight(server, origin)), null, origin);
      assert.equal(named(await from(origin)), null, origin);
    }
  });
});
