// Encrypted channels: opaque to the server, read by clients of the real library.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { joined, pusherJs, sdk } from './lib/clients.js';
import { PusherWithEncryption } from './lib/encrypted.js';
import { sharedServer } from './lib/server.js';
import { Wire } from './lib/wire.js';

let names = 0;
const fresh = () => `private-encrypted-e2e-${process.pid}-${Date.now()}-${names++}`;
const authorizer = (backend) => ({ socketId, channelName }, callback) =>
  callback(null, backend.authorizeChannel(socketId, channelName));

describe('encrypted channels', () => {
  const server = sharedServer();

  test('the client reads what the server cannot', async (t) => {
    const name = fresh();
    const backend = sdk(server, { encryptionMasterKeyBase64: randomBytes(32).toString('base64') });
    const client = await pusherJs(t, server, { authorize: authorizer(backend), Client: PusherWithEncryption });
    const { inbox } = await joined(client, name);
    const wire = await Wire.connect(t, server);
    await wire.subscribe(name);
    await backend.trigger(name, 'secret', { text: 'for clients only' });
    const frame = await wire.next();
    assert.deepEqual(Object.keys(JSON.parse(frame.data)).toSorted(), ['ciphertext', 'nonce']);
    assert.ok(!JSON.stringify(frame).includes('for clients only'));
    assert.deepEqual(await inbox.next(), { event: 'secret', data: { text: 'for clients only' } });
  });

  test('clients may not speak there, and a signature is needed', async (t) => {
    const name = fresh();
    const wire = await Wire.connect(t, server);
    wire.ask(name, { auth: '' });
    assert.match((await wire.until('pusher:error')).data.message, /^Auth info required/);
    await wire.until('pusher:subscription_error');
    await wire.subscribe(name);
    wire.send('client-chat', { channel: name, data: {} });
    assert.match((await wire.next()).data.message, /only supported on private and presence/);
  });

  test('one encrypted channel per event', async () => {
    const trigger = sdk(server).post({ path: '/events', body: { name: 'e', data: '{}', channels: [fresh(), 'other'] } });
    await assert.rejects(trigger, (error) => error.status === 400);
  });
});
