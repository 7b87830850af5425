// Signatures as applications and receivers make them, with nothing but Node.
import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { APP, JWT_SECRET } from './server.js';

const hmac = (secret, text) => createHmac('sha256', secret).update(text);
const base64url = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A JWT by HS256 (RFC 7519). */
export function jwt(claims, { secret = JWT_SECRET, header = { alg: 'HS256', typ: 'JWT' }, ttl = 3600 } = {}) {
  const now = Math.floor(Date.now() / 1000);
  const body = `${base64url(header)}.${base64url({ exp: now + ttl, ...claims })}`;
  return `${body}.${hmac(secret, body).digest('base64url')}`;
}

/** The token of a user of workspaces. */
export const tokenOf = (user, ...workspaces) => jwt({ sub: user, workspaces });

/** `auth` of a subscription, as a server SDK makes it. */
export function channelAuth(socketId, channel, channelData, { key = APP.key, secret = APP.secret } = {}) {
  const text = channelData === undefined ? `${socketId}:${channel}` : `${socketId}:${channel}:${channelData}`;
  return `${key}:${hmac(secret, text).digest('hex')}`;
}

/** The query of a signed HTTP request (Pusher's HTTP API, "Authentication"). */
export function signedPath(method, path, body, { key = APP.key, secret = APP.secret, now = Date.now(), query: more = {} } = {}) {
  const parameters = {
    ...more,
    auth_key: key,
    auth_timestamp: Math.floor(now / 1000),
    auth_version: '1.0',
    body_md5: createHash('md5').update(body).digest('hex'),
  };
  const query = Object.keys(parameters).sort().map((name) => `${name}=${parameters[name]}`).join('&');
  return `${path}?${query}&auth_signature=${hmac(secret, `${method}\n${path}\n${query}`).digest('hex')}`;
}

/** Whether one of the signatures of a Standard Webhooks message is right. */
export function webhookIsGenuine(secret, { id, timestamp, signature, body }) {
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
  const expected = hmac(key, `${id}.${timestamp}.${body}`).digest();
  return signature.split(' ').some((part) => {
    const [version, text] = part.split(',');
    const given = Buffer.from(text ?? '', 'base64');
    return version === 'v1' && given.length === expected.length && timingSafeEqual(given, expected);
  });
}
