// A plain WebSocket client that shows every frame as it came.
import WebSocket from 'ws';
import { channelAuth } from './crypto.js';
import { GATEWAY, meaningOf, settled } from './host.js';
import { APP } from './server.js';
import { Inbox, within } from './wait.js';

export class Wire {
  inbox = new Inbox();

  /** Opens a socket. `path` replaces `/app/KEY`; `query` what follows it. */
  constructor(server, { path = `/app/${APP.key}`, query = { protocol: 7 }, protocols = [], ...options } = {}) {
    this.server = server;
    const text = new URLSearchParams(query).toString();
    this.socket = new WebSocket(`${server.ws}${path}${text ? `?${text}` : ''}`, protocols, options);
    this.socket.on('message', (data, binary) => this.inbox.push(binary ? data : JSON.parse(data)));
    this.upgraded = new Promise((resolve, reject) => {
      this.socket.on('open', resolve);
      this.socket.on('error', reject);
    });
    this.upgraded.catch(() => {});
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) => this.socket.on('close', (code) => resolve(code)));
  }

  /** A socket that has its hello. It closes with the test. */
  static async connect(t, server, options) {
    const wire = new Wire(server, options);
    t.after(() => wire.socket.terminate());
    await within(wire.upgraded, 'the upgrade');
    const hello = await wire.next('the hello');
    if (hello.event !== 'pusher:connection_established') throw new Error(`no hello: ${JSON.stringify(hello)}`);
    wire.hello = JSON.parse(hello.data);
    wire.socketId = wire.hello.socket_id;
    return wire;
  }

  next(what, ms) {
    return this.inbox.next(what, ms);
  }

  /** Takes frames until one has this event's name; returns that one. */
  async until(event) {
    return (await this.inbox.until((it) => it.event === event, event)).at(-1);
  }

  send(event, rest = {}) {
    this.socket.send(JSON.stringify({ event, ...rest }));
  }

  raw(bytes, options) {
    this.socket.send(bytes, options);
  }

  /** Asks for a subscription; signs it when the channel wants that, unless `auth` is given. */
  ask(channel, { auth, channelData } = {}) {
    const signed = /^(private|presence)-/.test(channel) ? channelAuth(this.socketId, channel, channelData) : '';
    this.send('pusher:subscribe', { data: { channel, auth: auth ?? signed, channel_data: channelData } });
  }

  /** Subscribes and returns the confirmation's data; the confirmation must be the next frame. */
  async subscribe(channel, options) {
    this.ask(channel, options);
    const reply = await this.next(`the subscription to ${channel}`);
    if (reply.event !== 'pusher_internal:subscription_succeeded' || reply.channel !== channel) {
      throw new Error(`not subscribed to ${channel}: ${JSON.stringify(reply)}`);
    }
    return JSON.parse(reply.data);
  }

  /** Proves that nothing else is on its way: a ping is answered in order, by the next frame, once nothing is under way. */
  async quiet() {
    await this.#pong();
    if (!GATEWAY) return;
    // The pong came at once, beside what was asked before it.
    await settled(this.server);
    await this.#pong();
  }

  async #pong() {
    this.send('pusher:ping', { data: {} });
    const reply = await this.next('the pong');
    if (reply.event !== 'pusher:pong') throw new Error(`expected silence, got ${JSON.stringify(reply)}`);
  }

  /** The code that the close has, or means. */
  async closeCode() {
    return meaningOf(await within(this.closed, 'the socket to be closed'), this.inbox.all);
  }
}
