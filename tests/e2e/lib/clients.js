// The clients and SDKs that applications use, pointed at the server under test.
import PusherClient from 'pusher-js';
import PusherSdk from 'pusher';
import { once } from 'node:events';
import { GATEWAY } from './host.js';
import { APP } from './server.js';
import { Inbox, within } from './wait.js';

/** The official server SDK. */
export function sdk(server, more = {}) {
  return new PusherSdk({
    appId: APP.id,
    key: APP.key,
    secret: APP.secret,
    host: server.host,
    port: String(server.port),
    useTLS: server.tls,
    ...more,
  });
}

/** The official browser client, connected. With a token it asks the server's own authorizer; `transports` may be null for all. */
export async function pusherJs(t, server, { token, authorize, authenticate, key = APP.key, Client = PusherClient, transports = ['ws', 'wss'] } = {}) {
  const client = new Client(key, {
    cluster: 'unused',
    wsHost: server.host,
    wsPort: server.port,
    wssPort: server.port,
    httpHost: server.host,
    httpPort: server.port,
    httpsPort: server.port,
    forceTLS: server.tls,
    enabledTransports: transports,
    channelAuthorization: authorize
      ? { customHandler: authorize }
      : {
          transport: 'ajax',
          endpoint: `${server.url}/pusher/auth`,
          headers: token ? { Authorization: `Bearer ${token}` } : {},
        },
    ...(authenticate ? { userAuthentication: { customHandler: authenticate } } : {}),
  });
  t.after(() => client.disconnect());
  await within(new Promise((resolve) => client.connection.bind('connected', resolve)), 'pusher-js to connect');
  return client;
}

/**
 * A promise of the end of a client that is sent away for good. It obeys the close code; API Gateway has none for that, so
 * there the client is closed, comes back, and is refused again.
 */
export function sentAway(client) {
  const { connection } = client;
  if (!GATEWAY) return new Promise((resolve) => connection.bind('disconnected', resolve));
  return new Promise((resolve) => connection.bind('state_change', ({ previous }) => previous === 'connected' && resolve()));
}

/** An authorizer that signs as an application's own backend would, for one user. */
export function signedAs(server, user) {
  const backend = sdk(server);
  return ({ socketId, channelName }, callback) => {
    const data = channelName.startsWith('presence-') ? user : undefined;
    callback(null, backend.authorizeChannel(socketId, channelName, data));
  };
}

/** An authenticator that vouches for one user as an application's own backend would. */
export function vouchedAs(server, user) {
  return ({ socketId }, callback) => callback(null, sdk(server).authenticateUser(socketId, user));
}

/** Signs in with pusher-js; answers when the user's own channel stands. */
export async function signedIn(t, server, user, more = {}) {
  const client = await pusherJs(t, server, { authenticate: vouchedAs(server, user), ...more });
  client.signin();
  await within(client.user.signinDonePromise, `pusher-js to sign in as ${user.id}`);
  const own = client.user.serverToUserChannel;
  const stands = new Promise((resolve) => own.bind('pusher:subscription_succeeded', resolve));
  if (!own.subscribed) await within(stands, `the own channel of ${user.id}`);
  return client;
}

/** Subscribes with pusher-js; the inbox gets {event, data} of everything that the channel emits. */
export async function joined(client, name) {
  const channel = client.subscribe(name);
  const inbox = new Inbox();
  const outcome = new Promise((resolve, reject) => {
    channel.bind('pusher:subscription_succeeded', resolve);
    channel.bind('pusher:subscription_error', (error) => reject(Object.assign(new Error('refused'), error)));
  });
  channel.bind_global((event, data) => {
    if (event !== 'pusher:subscription_succeeded') inbox.push({ event, data });
  });
  await within(outcome, `pusher-js to subscribe to ${name}`);
  return { channel, inbox };
}

/** A promise of the next `event` of a Node emitter, with a deadline. */
export const soon = (emitter, event) => within(once(emitter, event), event);
