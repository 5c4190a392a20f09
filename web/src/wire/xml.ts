/**
 * XML out as text, XML in through the browser's own parser. Every WebSocket message is one whole
 * element with its namespaces on it (RFC 7395 §3.3.3).
 */

/** A piece of XML already escaped. */
export class Xml {
  constructor(readonly text: string) {}
  toString(): string {
    return this.text;
  }
}

type Child = Xml | string | null | undefined;

/** An element: `null` and `undefined` attributes are left out, string children are escaped. */
export function x(name: string, attributes: Record<string, string | null | undefined> = {}, ...children: Child[]): Xml {
  const written = Object.entries(attributes)
    .filter((pair): pair is [string, string] => pair[1] !== null && pair[1] !== undefined)
    .map(([key, value]) => ` ${key}='${escape(value)}'`)
    .join('');
  const inside = children.map((child) => (child instanceof Xml ? child.text : escape(child ?? ''))).join('');
  return new Xml(inside === '' ? `<${name}${written}/>` : `<${name}${written}>${inside}</${name}>`);
}

const MEANING: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', "'": '&apos;', '"': '&quot;', '\r': '&#13;' };

/** Escapes text, and drops what XML 1.0 §2.2 cannot carry: control characters and lone surrogates. */
export function escape(text: string): string {
  return text
    .toWellFormed()
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
    // A bare carriage return would be read back as a line feed (XML 1.0 §2.11); SDP needs it.
    .replace(/[&<>'"\r]/g, (character) => MEANING[character] ?? character);
}

interface TrustedTypes {
  createPolicy(name: string, rules: { createHTML: (text: string) => string }): { createHTML(text: string): string };
}

/**
 * The page's Content-Security-Policy hands text to parsers through named policies only (Trusted Types).
 * This one serves a document of `text/xml` that is read and thrown away: nothing of it runs or shows.
 */
const policy = (globalThis as { trustedTypes?: TrustedTypes }).trustedTypes?.createPolicy('beffroi-xml', { createHTML: (text) => text });

/** The element in a WebSocket message, or null when it is not well-formed. */
export function parseXml(text: string): Element | null {
  const document = new DOMParser().parseFromString(policy?.createHTML(text) ?? text, 'text/xml');
  return document.getElementsByTagName('parsererror').length > 0 ? null : document.documentElement;
}

/** The first child of that name and namespace. */
export function child(of: Element, name: string, namespace: string): Element | null {
  for (const one of of.children) if (one.localName === name && one.namespaceURI === namespace) return one;
  return null;
}

/** The children of that name, in order, in the namespace of their parent unless told. */
export function children(of: Element, name: string, namespace: string | null = of.namespaceURI): Element[] {
  return [...of.children].filter((one) => one.localName === name && one.namespaceURI === namespace);
}

/** The first child in that namespace, whatever its name. */
export function childIn(of: Element, namespace: string): Element | null {
  for (const one of of.children) if (one.namespaceURI === namespace) return one;
  return null;
}

export function bare(jid: string): string {
  const slash = jid.indexOf('/');
  return slash < 0 ? jid : jid.slice(0, slash);
}

export function resource(jid: string): string {
  const slash = jid.indexOf('/');
  return slash < 0 ? '' : jid.slice(slash + 1);
}

export const NS = {
  bind: 'urn:ietf:params:xml:ns:xmpp-bind',
  carbons: 'urn:xmpp:carbons:2',
  chatstates: 'http://jabber.org/protocol/chatstates',
  client: 'jabber:client',
  data: 'jabber:x:data',
  delay: 'urn:xmpp:delay',
  forward: 'urn:xmpp:forward:0',
  framing: 'urn:ietf:params:xml:ns:xmpp-framing',
  mam: 'urn:xmpp:mam:2',
  markers: 'urn:xmpp:chat-markers:0',
  meeting: 'urn:beffroi:meeting:0',
  muc: 'http://jabber.org/protocol/muc',
  mucUser: 'http://jabber.org/protocol/muc#user',
  ping: 'urn:xmpp:ping',
  policy: 'urn:beffroi:policy:0',
  room: 'urn:beffroi:room:0',
  roster: 'jabber:iq:roster',
  rsm: 'http://jabber.org/protocol/rsm',
  sasl: 'urn:ietf:params:xml:ns:xmpp-sasl',
  label: 'urn:xmpp:sec-label:0',
  stanzas: 'urn:ietf:params:xml:ns:xmpp-stanzas',
  streams: 'http://etherx.jabber.org/streams',
  streamErrors: 'urn:ietf:params:xml:ns:xmpp-streams',
  stanzaId: 'urn:xmpp:sid:0',
} as const;

/** Why a stanza came back: a condition, the server's sentence, and the rule of the policy behind it. */
export interface Refusal {
  condition: string;
  text: string;
  rule: string | null;
}

export function refusalOf(stanza: Element): Refusal {
  const error = child(stanza, 'error', NS.client);
  const condition = [...(error?.children ?? [])].find((one) => one.namespaceURI === NS.stanzas && one.localName !== 'text');
  return {
    condition: condition?.localName ?? 'undefined-condition',
    text: (error && child(error, 'text', NS.stanzas)?.textContent) ?? '',
    rule: (error && child(error, 'denied', NS.policy)?.getAttribute('rule')) ?? null,
  };
}
