// pusher-js's build with encryption: the worker's, which needs nothing of a page but a WebSocket.
import { createRequire } from 'node:module';
import WebSocket from 'ws';

globalThis.self ??= globalThis;
globalThis.WebSocket ??= WebSocket;

const require = createRequire(import.meta.url);
export const PusherWithEncryption = require('pusher-js/dist/worker/pusher-with-encryption.worker.js');
