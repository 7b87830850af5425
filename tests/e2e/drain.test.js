// A server that stops tells the applications' servers of what ends with it.
import { describe, test } from 'node:test';
import assert from 'node:assert/strict';
import { appFile, needsProcess, startServer } from './lib/server.js';
import { startReceiver } from './lib/receiver.js';
import { Wire } from './lib/wire.js';

describe('a server that stops', { skip: needsProcess }, () => {
  test('waits for nobody: members and channels are over, and webhooks say so', async (t) => {
    const receiver = await startReceiver(t);
    const config = `${appFile()}\n[[apps.webhooks]]\nid = "receiver"\nurl = "${receiver.url}"\n`;
    const server = await startServer(t, { config });
    const wire = await Wire.connect(t, server);
    await wire.subscribe('presence-room', { channelData: JSON.stringify({ user_id: 'ann' }) });
    const stopped = server.stop();
    assert.equal(await wire.closeCode(), 1001);
    const told = [];
    while (!told.includes('channel_vacated')) {
      const { body } = await receiver.inbox.next('the end of the channel');
      told.push(...JSON.parse(body).events.map((it) => it.name));
    }
    assert.deepEqual(told, ['channel_occupied', 'member_added', 'member_removed', 'channel_vacated']);
    assert.equal((await stopped).code, 0);
  });
});
