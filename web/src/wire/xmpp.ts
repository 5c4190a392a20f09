import type { Incoming, RoomEvent } from '../core/events';
import { Problem } from '../core/problem';
import type { ArchivePage, Place, Wire } from '../core/wire';
import { Connection, StanzaError, type Link } from './connection';
import { conditionOf, readArchiveResult, readStanza, type Me } from './read';
import { bare, child, children, NS, x, type Xml } from './xml';

export interface XmppHandler {
  /** A new stream: what was joined is joined no more, what came meanwhile is in the archive. */
  ready(): void;
  incoming(incoming: Incoming): void;
  signedOut(): void;
}

export interface Contact {
  address: string;
  name: string;
}

/** Speaks XMPP for `core`. A file of requests; reading is in `read.ts`, staying connected in `connection.ts`. */
export class Xmpp implements Wire {
  readonly #connection: Connection;
  readonly #pages = new Map<string, (event: RoomEvent | null, others: Incoming[]) => void>();
  #nicks = new Map<string, number>();

  constructor(
    url: string,
    domain: string,
    private readonly me: Me,
    private readonly handler: XmppHandler,
    dial?: (url: string, protocol: string) => WebSocket,
  ) {
    this.#connection = new Connection(
      url,
      domain,
      {
        ready: () => {
          this.#nicks.clear();
          handler.ready();
        },
        stanza: (stanza) => this.#handle(stanza),
        signedOut: () => handler.signedOut(),
      },
      ...(dial ? [dial] : []),
    );
  }

  subscribe(read: (link: Link) => void): () => void {
    return this.#connection.subscribe(read);
  }
  get online(): boolean {
    return this.#connection.value === 'online';
  }
  open(): void {
    this.#connection.open();
  }
  close(): void {
    this.#connection.close();
  }
  again(): void {
    this.#connection.again();
  }
  suspect(): void {
    this.#connection.suspect();
  }
  hurry(): void {
    this.#connection.hurry();
  }

  // People

  async roster(): Promise<Contact[]> {
    const result = await this.ask('get', null, x('query', { xmlns: NS.roster }));
    const query = child(result, 'query', NS.roster);
    return (query ? children(query, 'item') : []).map((item) => {
      const address = item.getAttribute('jid') ?? '';
      return { address, name: item.getAttribute('name') ?? address };
    });
  }

  /** What I say to somebody comes back to all my windows; to this one too, for the number that it got. */
  async carbons(): Promise<void> {
    await this.ask('set', null, x('enable', { xmlns: NS.carbons }, x('echo', { xmlns: NS.room })));
  }

  present(away: boolean): void {
    this.#connection.send(x('presence', { xmlns: NS.client }, away ? x('show', {}, 'away') : null));
  }

  /** Joins a room's stream of events; its history is asked of the archive. */
  enter(room: string): void {
    const place = this.#nicks.get(room) ?? 1;
    const nick = place === 1 ? this.me.name : `${this.me.name} (${place})`;
    const muc = x('x', { xmlns: NS.muc }, x('history', { maxstanzas: '0' }));
    this.#connection.send(x('presence', { xmlns: NS.client, to: `${room}/${nick}` }, muc));
  }

  // Conversation

  say(place: Place, id: string, body: string, thread: string | null): boolean {
    const left = this.#message(place, id, [
      x('body', {}, body),
      thread === null ? null : x('thread', {}, thread),
      x('origin-id', { xmlns: NS.stanzaId, id }),
      x('active', { xmlns: NS.chatstates }),
      x('markable', { xmlns: NS.markers }),
    ]);
    if (!left) this.hurry(); // someone is here and wants to speak: no more waiting for the next try
    return left;
  }

  typing(place: Place, composing: boolean): void {
    this.#message(place, this.#connection.nextId(), [x(composing ? 'composing' : 'paused', { xmlns: NS.chatstates })]);
  }

  displayed(place: Place, seq: number): void {
    this.#message(place, this.#connection.nextId(), [x('displayed', { xmlns: NS.markers, id: String(seq) })]);
  }

  #message(place: Place, id: string, inside: (Xml | null)[]): boolean {
    const type = place.kind === 'group' ? 'groupchat' : 'chat';
    return this.#connection.send(x('message', { xmlns: NS.client, type, to: place.address, id }, ...inside));
  }

  async archive(place: Place, page: { before?: number; after?: number; max: number }): Promise<ArchivePage> {
    const id = this.#connection.nextId();
    const events: RoomEvent[] = [];
    const others: Incoming[] = [];
    this.#pages.set(id, (event, more) => {
      if (event) events.push(event);
      others.push(...more);
    });
    const field = (name: string, value: string, type?: string) => x('field', { var: name, type }, x('value', {}, value));
    const form = x(
      'x',
      { xmlns: NS.data, type: 'submit' },
      field('FORM_TYPE', NS.mam, 'hidden'),
      place.kind === 'direct' ? field('with', place.address) : null,
    );
    const bounds = [
      x('max', {}, String(page.max)),
      page.after !== undefined ? x('after', {}, String(page.after)) : null,
      page.after === undefined ? x('before', {}, page.before === undefined ? '' : String(page.before)) : null,
    ];
    const query = x('query', { xmlns: NS.mam, queryid: id }, form, x('set', { xmlns: NS.rsm }, ...bounds));
    try {
      const result = await this.ask('set', place.kind === 'group' ? place.address : null, query);
      for (const one of others) this.handler.incoming(one);
      const fin = child(result, 'fin', NS.mam);
      return { events: events.sort((a, b) => a.seq - b.seq), complete: fin?.getAttribute('complete') === 'true' };
    } finally {
      this.#pages.delete(id);
    }
  }

  /** A request to a room (or, with null, to the server). Rejects with [`Problem`] only. */
  async ask(type: 'get' | 'set', to: string | null, payload: Xml): Promise<Element> {
    try {
      return await this.#connection.ask(type, to, payload);
    } catch (cause) {
      throw problemOf(cause);
    }
  }

  #handle(stanza: Element): void {
    const result = readArchiveResult(stanza, this.me);
    if (result) {
      this.#pages.get(result.query)?.(result.event, result.other);
      return;
    }
    if (this.#refusedNick(stanza)) return;
    for (const incoming of readStanza(stanza, this.me)) this.handler.incoming(incoming);
  }

  /** The nick is taken (XEP-0045 §7.2.8): the next one, as docs/protocol.md numbers them. */
  #refusedNick(stanza: Element): boolean {
    if (stanza.localName !== 'presence' || stanza.getAttribute('type') !== 'error') return false;
    const room = bare(stanza.getAttribute('from') ?? '');
    if (conditionOf(stanza) !== 'conflict') return false;
    const place = (this.#nicks.get(room) ?? 1) + 1;
    if (place > 9) return false;
    this.#nicks.set(room, place);
    this.enter(room);
    return true;
  }
}

/** The stanza's refusal in the terms of the HTTP API, so that screens know one kind of error. */
export function problemOf(cause: unknown): Problem {
  if (!(cause instanceof StanzaError)) return Problem.from(cause);
  const titles: Record<string, string> = {
    lost: 'unreachable',
    forbidden: 'denied',
    'not-allowed': 'denied',
    'policy-violation': 'denied',
    'item-not-found': 'not-found',
    'resource-constraint': 'busy',
    'not-authorized': 'signed-out',
    conflict: 'conflict',
    'bad-request': 'invalid',
    'not-acceptable': 'invalid',
  };
  return new Problem({ status: 0, title: titles[cause.condition] ?? 'internal', detail: cause.text, ...(cause.rule ? { rule: cause.rule } : {}) });
}
