// What an app can switch on: counts, histories, closing who authorizes nothing, larger rosters.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { joined, pusherJs, sdk, signedAs } from './lib/clients.js';
import { signedPath } from './lib/crypto.js';
import { APP, REMOTE, appFile, needsProcess, sharedServer } from './lib/server.js';
import { call } from './lib/rest.js';
import { Wire } from './lib/wire.js';

const CONFIG = appFile(`
subscription_counts = true
authorize_within_s = 2
history = [{ prefix = "private-log-", count = 3, age_s = 60 }]
limits = { presence_members = 5000, roster_bytes = 2000 }
`);

describe('switches of an app', { skip: needsProcess }, () => {
  const server = REMOTE ? null : sharedServer({ config: CONFIG });

  test('subscribers are told how many they are', async (t) => {
    const authorize = signedAs(server, { user_id: 'u' });
    const first = await pusherJs(t, server, { authorize });
    const { channel, inbox } = await joined(first, 'private-counted');
    const count = async () => (await inbox.until((it) => it.event === 'pusher:subscription_count')).at(-1).data.subscription_count;
    assert.equal(await count(), 1);
    const second = await pusherJs(t, server, { authorize });
    await joined(second, 'private-counted');
    assert.equal(await count(), 2);
    assert.equal(channel.subscriptionCount, 2);
    second.unsubscribe('private-counted');
    assert.equal(await count(), 1);
    second.disconnect();
    const roster = await joined(first, 'presence-counted');
    await sdk(server).trigger('presence-counted', 'marker', {});
    assert.equal((await roster.inbox.next()).event, 'marker', 'presence channels have their roster');
  });

  test('who authorizes nothing is closed, who does stays', async (t) => {
    const [idle, open, gated] = [await Wire.connect(t, server), await Wire.connect(t, server), await Wire.connect(t, server)];
    await open.subscribe('news');
    await gated.subscribe('private-a');
    for (const wire of [idle, open]) {
      assert.equal((await wire.until('pusher:error')).data.code, 4009);
      assert.equal(await wire.closeCode(), 4009);
    }
    await sdk(server).trigger('private-a', 'still-here', {});
    assert.equal((await gated.until('still-here')).channel, 'private-a');
  });

  test('what a client missed can be had again', async (t) => {
    const name = 'private-log-a';
    const client = await pusherJs(t, server, { authorize: signedAs(server, { user_id: 'u' }) });
    const { inbox } = await joined(client, name);
    const wire = await Wire.connect(t, server);
    await wire.subscribe(name);
    const serials = [];
    for (const n of [1, 2]) {
      await sdk(server).trigger(name, 'entry', { n });
      serials.push((await wire.until('entry')).serial);
    }
    assert.ok(Number.isSafeInteger(serials[0]) && serials[1] > serials[0], `${serials}`);
    assert.deepEqual((await inbox.until((it) => it.event === 'entry')).at(-1).data, { n: 1 }, 'stock clients do not mind');
    wire.socket.terminate();
    await sdk(server).trigger(name, 'entry', { n: 3 });
    client.channel(name).trigger('client-note', { k: 1 });
    await inbox.until((it) => it.data?.n === 3);
    const missed = async (after) => {
      const path = signedPath('GET', `/apps/${APP.id}/channels/${name}/events`, '', { query: { after } });
      const reply = await call(server, 'GET', path);
      assert.equal(reply.status, 200, JSON.stringify(reply.body));
      return reply.body;
    };
    const after = await missed(serials[1]);
    assert.equal(after.complete, true);
    assert.deepEqual(after.events.slice(0, 1).map((it) => [it.event, it.data]), [['entry', JSON.stringify({ n: 3 })]]);
    const all = await missed(0);
    assert.equal(all.complete, false, 'older ones may have been');
    assert.ok(all.events.length <= 3);
  });

  test('a roster beyond its frame comes in part, with the whole count and the newcomer', async (t) => {
    const members = 60;
    const name = 'presence-large';
    const info = { about: 'x'.repeat(60) };
    for (let n = 0; n < members; n++) {
      const wire = await Wire.connect(t, server);
      wire.ask(name, { channelData: JSON.stringify({ user_id: `m${String(n).padStart(3, '0')}`, user_info: info }) });
      await wire.until('pusher_internal:subscription_succeeded');
    }
    const client = await pusherJs(t, server, { authorize: signedAs(server, { user_id: 'z-last', user_info: info }) });
    const { channel } = await joined(client, name);
    assert.equal(channel.members.count, members + 1);
    assert.equal(channel.members.me.id, 'z-last');
    const shown = Object.keys(channel.members.members).length;
    assert.ok(shown > 5 && shown < 30, `${shown} are shown`);
    const path = signedPath('GET', `/apps/${APP.id}/channels/${name}/users`, '');
    assert.equal((await call(server, 'GET', path)).body.users.length, members + 1);
  });
});
