// A plain client of the Pusher protocol: connects with a token, subscribes, and comes back by itself.
// Any WebSocket client can do the same; applications will rather use pusher-js.

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 15_000;
const PONG_TIMEOUT_MS = 30_000; // Pusher's WebSocket protocol: how long a pong may take.

export class Socket {
  #address; #channels; #on; #socket; #retry; #silence; #activityMs; #error;
  #failures = 0;

  /**
   * `address()` answers a promise of the URL, with a fresh token each time. `on` has
   * `state(name, why)`, `ready()` after every connect, `event(name, data, channel)` and `refused(code, why)`.
   */
  constructor(address, channels, on) {
    this.#address = address;
    this.#channels = channels;
    this.#on = on;
    addEventListener('online', () => this.#failures && this.connect());
    this.connect();
  }

  /** Connects now, whatever was before. */
  async connect() {
    clearTimeout(this.#retry);
    this.#drop();
    this.#on.state(this.#failures ? 'unavailable' : 'connecting');
    const attempt = (this.#socket = {});
    let socket;
    try {
      socket = new WebSocket(await this.#address());
    } catch (error) {
      if (this.#socket === attempt) this.#again(error.message);
      return;
    }
    if (this.#socket !== attempt) return socket.close();
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#socket === socket && this.#frame(data);
    socket.onclose = ({ code, reason }) => this.#socket === socket && this.#closed(code, reason);
  }

  /** Closes for good. */
  close() {
    clearTimeout(this.#retry);
    this.#drop();
    this.#on.state('disconnected');
  }

  #drop() {
    clearTimeout(this.#silence);
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket instanceof WebSocket) socket.close();
  }

  #send(event, data) {
    this.#socket.send(JSON.stringify({ event, data }));
  }

  #frame(text) {
    const { event, channel, data: raw } = JSON.parse(text);
    const data = typeof raw === 'string' && raw ? parsed(raw) : raw ?? {};
    this.#listen();
    switch (event) {
      case 'pusher:connection_established':
        this.#activityMs = (data.activity_timeout ?? 120) * 1000;
        this.#listen();
        this.#failures = 0;
        for (const name of this.#channels) this.#send('pusher:subscribe', { channel: name });
        this.#on.state('connected');
        this.#on.ready();
        break;
      case 'pusher:ping': this.#send('pusher:pong', {}); break;
      case 'pusher:pong': break;
      case 'pusher:error': this.#error = data; break;
      default: this.#on.event(event, data, channel);
    }
  }

  // A silent connection may be dead: ask, and if nothing comes, connect anew.
  #listen() {
    clearTimeout(this.#silence);
    if (!this.#activityMs) return;
    this.#silence = setTimeout(() => {
      this.#send('pusher:ping', {});
      this.#silence = setTimeout(() => this.#closed(1006, 'no answer to a ping'), PONG_TIMEOUT_MS);
    }, this.#activityMs);
  }

  #closed(code, reason) {
    this.#drop();
    const error = this.#error ?? {};
    this.#error = undefined;
    const number = code >= 4000 ? code : error.code ?? code;
    const why = reason || error.message || `closed with ${code}`;
    // 4000 to 4099: the same again would be refused again (Pusher's WebSocket protocol).
    if (number >= 4000 && number < 4100) {
      this.#on.state('disconnected', why);
      this.#on.refused(number, why);
    } else {
      this.#again(why);
    }
  }

  #again(why) {
    this.#failures += 1;
    const pause = Math.min(FIRST_PAUSE_MS * 2 ** (this.#failures - 1), LONGEST_PAUSE_MS);
    this.#on.state('unavailable', why);
    // Half fixed, half random: pages that lost the same server do not come back all at once.
    this.#retry = setTimeout(() => this.connect(), pause / 2 + (Math.random() * pause) / 2);
  }
}

function parsed(text) {
  try { return JSON.parse(text); } catch { return text; }
}
