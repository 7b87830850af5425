// A real Bluesky server with its directory of identities, on loopback, with one account. It prints one line of JSON when it is
// ready, does what it reads on standard input, and ends when that closes.
'use strict';

const { createHmac, randomBytes } = require('node:crypto');
const { mkdtempSync, rmSync } = require('node:fs');
const net = require('node:net');
const { tmpdir } = require('node:os');
const { join } = require('node:path');
const { createInterface } = require('node:readline');

// Both servers would listen on every interface of the machine.
const listen = net.Server.prototype.listen;
net.Server.prototype.listen = function (port, ...rest) {
  return typeof port === 'number' ? listen.call(this, port, '127.0.0.1', ...rest.filter((it) => typeof it === 'function'))
    : listen.call(this, port, ...rest);
};

process.env.LOG_ENABLED = 'false';
const { PDS, envToCfg, envToSecrets } = require('@atproto/pds');
const { Database, PlcServer } = require('@did-plc/server');

// Requests of one address in five minutes (PDS, "global-ip").
const REQUESTS = 3000;
const AT_ONCE = 50;

async function freePort() {
  const server = net.createServer().listen(0);
  await new Promise((done) => server.once('listening', done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

async function start(folder) {
  const plcPort = await freePort();
  const plc = PlcServer.create({ db: Database.mock(), port: plcPort });
  await plc.start();
  const port = await freePort();
  const jwtSecret = randomBytes(16).toString('hex');
  const env = {
    hostname: 'localhost', port, devMode: true, inviteRequired: false, disableSsrfProtection: true,
    dataDirectory: folder, blobstoreDiskLocation: join(folder, 'blobs'), serviceHandleDomains: ['.test', '.bsky.social'],
    plcRotationKeyK256PrivateKeyHex: randomBytes(32).toString('hex'), didPlcUrl: `http://127.0.0.1:${plcPort}`,
    dpopSecret: randomBytes(32).toString('hex'), jwtSecret, adminPassword: 'admin', rateLimitsEnabled: true,
  };
  const pds = await PDS.create(envToCfg(env), envToSecrets(env));
  await pds.start();
  return { url: `http://127.0.0.1:${port}`, jwtSecret, stop: async () => { await pds.destroy(); await plc.destroy(); } };
}

async function xrpc(url, method, body, token) {
  const headers = { 'content-type': 'application/json', ...(token && { authorization: `Bearer ${token}` }) };
  const response = await fetch(`${url}/xrpc/${method}`, { method: 'POST', headers, body: JSON.stringify(body) });
  const answer = await response.json();
  if (!response.ok) throw new Error(`${method}: ${JSON.stringify(answer)}`);
  return answer;
}

function expired(did, secret) {
  const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = { scope: 'com.atproto.access', sub: did, aud: 'did:web:localhost', iat: 1700000000, exp: 1700000001 };
  const signed = `${part({ typ: 'at+jwt', alg: 'HS256' })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

// Uses up what one address may ask for.
async function flood(url) {
  let left = REQUESTS;
  const ask = async () => { while (left-- > 0) await (await fetch(`${url}/xrpc/com.atproto.server.describeServer`)).arrayBuffer(); };
  await Promise.all(Array.from({ length: AT_ONCE }, ask));
}

async function main() {
  const folder = mkdtempSync(join(tmpdir(), 'pushbridge-pds-'));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  const { url, jwtSecret, stop } = await start(folder);
  const account = { handle: process.argv[2] ?? 'alice.test', email: 'alice@example.com', password: 'main-password' };
  const { did, accessJwt } = await xrpc(url, 'com.atproto.server.createAccount', account);
  const { password } = await xrpc(url, 'com.atproto.server.createAppPassword', { name: 'pushbridge' }, accessJwt);
  console.log(JSON.stringify({ url, did, handle: account.handle, password, expired: expired(did, jwtSecret) }));
  for await (const line of createInterface({ input: process.stdin })) {
    if (line === 'flood') await flood(url);
    console.log('done');
  }
  await stop();
  process.exit(0);
}

main().catch((error) => { console.error(error); process.exit(1); });
