import { Readable } from '../core/readable';
import { Stream } from './stream';
import { child, NS, refusalOf, x, type Xml } from './xml';

export type Link = 'connecting' | 'online' | 'offline';

/** An IQ that was answered with an error, or not at all (`condition` is then `lost`). */
export class StanzaError extends Error {
  constructor(
    readonly condition: string,
    /** A sentence of the server for a person, when it gave one. */
    readonly text: string,
    /** The rule of the policy that refused, when one did. */
    readonly rule: string | null = null,
  ) {
    super(`${condition}${text === '' ? '' : `: ${text}`}`);
    this.name = 'StanzaError';
  }
}

interface Waiting {
  answer: (result: Element) => void;
  fail: (error: StanzaError) => void;
  timer: ReturnType<typeof setTimeout>;
}

export interface ConnectionHandler {
  /** A new stream is bound: join rooms, catch up. */
  ready(jid: string): void;
  stanza(stanza: Element): void;
  /** The server says that this session is over. */
  signedOut(): void;
}

const FIRST_WAIT = 500; // ms
const LONGEST_WAIT = 15_000;
/** From dialling to being bound. */
const BOUND_WITHIN = 15_000;
const ANSWER_WITHIN = 30_000;
const PING_EVERY = 25_000;
const PING_WITHIN = 10_000;
const SUSPECT_WITHIN = 4_000;

/** Keeps one stream alive: reconnects with growing, jittered waits, pings, and matches IQs with answers. */
export class Connection extends Readable<Link> {
  #stream: Stream | null = null;
  #socket: WebSocket | null = null;
  #waiting = new Map<string, Waiting>();
  #tries = 0;
  #next: ReturnType<typeof setTimeout> | null = null;
  #ping: ReturnType<typeof setInterval> | null = null;
  #ids = 0;
  #wanted = false;
  readonly #resource = `web-${randomId()}`;

  constructor(
    private readonly url: string,
    private readonly domain: string,
    private readonly handler: ConnectionHandler,
    private readonly dial: (url: string, protocol: string) => WebSocket = (url, protocol) => new WebSocket(url, protocol),
  ) {
    super('connecting');
  }

  open(): void {
    this.#wanted = true;
    this.#connect();
  }

  close(): void {
    this.#wanted = false;
    this.#stopTimers();
    this.#stream?.close();
    this.set('offline');
  }

  /** The network may be back: try now instead of at the end of the wait. */
  hurry(): void {
    if (!this.#wanted || this.#next === null) return;
    clearTimeout(this.#next);
    this.#connect();
  }

  /** Ends this stream and opens another soon: what the session is worth has changed. */
  again(): void {
    this.#tries = 0;
    this.#stream?.close();
  }

  /** Whether it left; false while offline (nothing is queued here). */
  send(stanza: Xml): boolean {
    return this.#stream?.send(stanza) ?? false;
  }

  nextId(): string {
    this.#ids += 1;
    return `q${this.#ids}`;
  }

  /** Sends an IQ and gives the answer's element. Rejects with [`StanzaError`] only. */
  ask(type: 'get' | 'set', to: string | null, payload: Xml, within = ANSWER_WITHIN): Promise<Element> {
    return new Promise((answer, fail) => {
      const id = this.nextId();
      if (!this.send(x('iq', { xmlns: NS.client, type, id, to }, payload))) return fail(new StanzaError('lost', ''));
      const timer = setTimeout(() => {
        this.#waiting.delete(id);
        fail(new StanzaError('lost', ''));
      }, within);
      this.#waiting.set(id, { answer, fail, timer });
    });
  }

  #connect(): void {
    this.#stopTimers();
    this.set('connecting');
    const socket = this.dial(this.url, 'xmpp');
    const stream = new Stream(this.domain, this.#resource, {
      send: (text) => {
        if (socket.readyState === socket.OPEN) socket.send(text);
      },
      close: () => socket.close(),
      ready: (jid) => {
        clearTimeout(late);
        this.#tries = 0;
        this.#ping = setInterval(() => this.#checkAlive(), PING_EVERY);
        this.set('online');
        this.handler.ready(jid);
      },
      stanza: (stanza) => this.#handle(stanza),
      ended: (why) => {
        clearTimeout(late);
        this.#handleEnd(why);
      },
    });
    const late = setTimeout(() => {
      socket.close();
      stream.handleClosed();
    }, BOUND_WITHIN);
    this.#socket = socket;
    this.#stream = stream;
    socket.addEventListener('open', () => stream.handleConnected());
    socket.addEventListener('message', (event: MessageEvent<unknown>) => {
      if (typeof event.data === 'string') stream.handleMessage(event.data);
    });
    socket.addEventListener('close', () => stream.handleClosed());
  }

  #handle(stanza: Element): void {
    if (stanza.localName !== 'iq') return this.handler.stanza(stanza);
    const id = stanza.getAttribute('id') ?? '';
    const type = stanza.getAttribute('type');
    if (type === 'get' || type === 'set') return this.#reply(stanza, id);
    const waiting = this.#waiting.get(id);
    if (!waiting) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    if (type === 'result') return waiting.answer(stanza);
    const { condition, text, rule } = refusalOf(stanza);
    waiting.fail(new StanzaError(condition, text, rule));
  }

  /** RFC 6120 §8.2.3: every get and set is answered; a ping (XEP-0199) is the only one that means something here. */
  #reply(stanza: Element, id: string): void {
    const to = stanza.getAttribute('from');
    const ping = stanza.getAttribute('type') === 'get' && child(stanza, 'ping', NS.ping);
    const refusal = x('error', { type: 'cancel' }, x('service-unavailable', { xmlns: NS.stanzas }));
    this.send(ping ? x('iq', { xmlns: NS.client, type: 'result', id, to }) : x('iq', { xmlns: NS.client, type: 'error', id, to }, refusal));
  }

  /** Asks now, and with less patience, whether the link is alive. */
  suspect(): void {
    if (this.value === 'online') this.#checkAlive(SUSPECT_WITHIN);
  }

  #checkAlive(within = PING_WITHIN): void {
    const socket = this.#socket;
    this.ask('get', null, x('ping', { xmlns: NS.ping }), within).catch((error: unknown) => {
      // An error stanza is an answer too; only silence means that the path is dead.
      if (error instanceof StanzaError && error.condition === 'lost' && socket === this.#socket) {
        socket?.close();
        this.#stream?.handleClosed();
      }
    });
  }

  #handleEnd(why: string): void {
    this.#stopTimers();
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const one of waiting) {
      clearTimeout(one.timer);
      one.fail(new StanzaError('lost', ''));
    }
    if (!this.#wanted) return;
    this.set('offline');
    if (why === 'not-authorized') this.handler.signedOut();
    const ceiling = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#tries);
    this.#tries += 1;
    this.#next = setTimeout(() => this.#connect(), ceiling * (0.5 + Math.random() / 2));
  }

  #stopTimers(): void {
    if (this.#next !== null) clearTimeout(this.#next);
    if (this.#ping !== null) clearInterval(this.#ping);
    this.#next = this.#ping = null;
  }
}

export function randomId(): string {
  return [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(36).padStart(2, '0')).join('');
}
