import { child, children, NS, parseXml, x, type Xml } from './xml';

/** What a stream asks to be done: the socket is someone else's. */
export interface StreamOutput {
  send(text: string): void;
  close(): void;
  /** Bound: stanzas may travel. `jid` is my full address. */
  ready(jid: string): void;
  stanza(stanza: Element): void;
  /** The stream is over; `why` is the condition, `lost` when nothing was said. */
  ended(why: string): void;
}

type Stage = 'opening' | 'authenticating' | 'reopening' | 'binding' | 'bound' | 'ended';

/**
 * One XMPP stream in a WebSocket (RFC 7395): open, SASL EXTERNAL by the session's cookie
 * (RFC 6120 §6.4, XEP-0178), open again, bind. Text in, text out; it knows no socket.
 */
export class Stream {
  #stage: Stage = 'opening';

  constructor(
    private readonly domain: string,
    private readonly resource: string,
    private readonly out: StreamOutput,
  ) {}

  handleConnected(): void {
    this.#open();
  }

  handleMessage(text: string): void {
    if (this.#stage === 'ended') return;
    const element = parseXml(text);
    if (!element) return this.#end('not-well-formed');
    if (element.namespaceURI === NS.framing && element.localName === 'open') return;
    if (element.namespaceURI === NS.framing && element.localName === 'close') return this.#end('closed');
    if (element.namespaceURI === NS.streams && element.localName === 'error') {
      const condition = [...element.children].find((one) => one.namespaceURI === NS.streamErrors && one.localName !== 'text');
      return this.#end(condition?.localName ?? 'undefined-condition');
    }
    switch (this.#stage) {
      case 'opening':
        if (isFeatures(element)) this.#authenticate(element);
        return;
      case 'authenticating':
        if (element.namespaceURI !== NS.sasl) return;
        if (element.localName !== 'success') return this.#end('not-authorized');
        this.#stage = 'reopening';
        return this.#open();
      case 'reopening':
        if (!isFeatures(element)) return;
        this.#stage = 'binding';
        return this.out.send(
          x('iq', { xmlns: NS.client, type: 'set', id: 'bind' }, x('bind', { xmlns: NS.bind }, x('resource', {}, this.resource))).text,
        );
      case 'binding': {
        if (element.localName !== 'iq' || element.getAttribute('id') !== 'bind') return;
        const bound = child(element, 'bind', NS.bind);
        const jid = bound && child(bound, 'jid', NS.bind)?.textContent;
        if (element.getAttribute('type') !== 'result' || !jid) return this.#end('not-bound');
        this.#stage = 'bound';
        return this.out.ready(jid);
      }
      case 'bound':
        return this.out.stanza(element);
    }
  }

  handleClosed(): void {
    if (this.#stage === 'ended') return;
    this.#stage = 'ended';
    this.out.ended('lost');
  }

  send(stanza: Xml): boolean {
    if (this.#stage !== 'bound') return false;
    this.out.send(stanza.text);
    return true;
  }

  /** Ends the stream politely. */
  close(): void {
    if (this.#stage === 'ended') return;
    this.out.send(x('close', { xmlns: NS.framing }).text);
    this.#end('closed-by-me');
  }

  #open(): void {
    this.out.send(x('open', { xmlns: NS.framing, to: this.domain, version: '1.0' }).text);
  }

  #authenticate(features: Element): void {
    const offered = child(features, 'mechanisms', NS.sasl);
    const mechanisms = offered ? children(offered, 'mechanism').map((one) => one.textContent) : [];
    if (!mechanisms.includes('EXTERNAL')) return this.#end('not-authorized');
    this.#stage = 'authenticating';
    this.out.send(x('auth', { xmlns: NS.sasl, mechanism: 'EXTERNAL' }, '=').text);
  }

  #end(why: string): void {
    this.#stage = 'ended';
    this.out.close();
    this.out.ended(why);
  }
}

function isFeatures(element: Element): boolean {
  return element.localName === 'features' && element.namespaceURI === NS.streams;
}
