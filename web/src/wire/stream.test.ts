import { expect, test } from 'vitest';
import { Stream } from './stream';
import { x } from './xml';

function open() {
  const sent: string[] = [];
  const said: string[] = [];
  const stream = new Stream('demo.localhost', 'web-1', {
    send: (text) => sent.push(text),
    close: () => said.push('close'),
    ready: (jid) => said.push(`ready ${jid}`),
    stanza: (stanza) => said.push(`stanza ${stanza.localName}`),
    ended: (why) => said.push(`ended ${why}`),
  });
  return { stream, sent, said };
}
const OPEN = `<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' from='demo.localhost' version='1.0'/>`;
const features = (inside: string) => `<stream:features xmlns:stream='http://etherx.jabber.org/streams'>${inside}</stream:features>`;
const SASL = features(`<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'><mechanism>EXTERNAL</mechanism></mechanisms>`);
const BIND = features(`<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>`);

test('opens, signs in by the cookie, opens again, binds, then stanzas travel', () => {
  const { stream, sent, said } = open();
  stream.handleConnected();
  for (const text of [OPEN, SASL, `<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>`, OPEN, BIND]) stream.handleMessage(text);
  expect(stream.send(x('presence'))).toBe(false);
  stream.handleMessage(`<iq xmlns='jabber:client' type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>alice@demo.localhost/web-1</jid></bind></iq>`);
  expect(sent).toEqual([
    `<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='demo.localhost' version='1.0'/>`,
    `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='EXTERNAL'>=</auth>`,
    `<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='demo.localhost' version='1.0'/>`,
    `<iq xmlns='jabber:client' type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>web-1</resource></bind></iq>`,
  ]);
  stream.handleMessage(`<message xmlns='jabber:client'/>`);
  expect(said).toEqual(['ready alice@demo.localhost/web-1', 'stanza message']);
  expect(stream.send(x('presence'))).toBe(true);
});

test('a stream error is told by its condition, once', () => {
  const { stream, said } = open();
  stream.handleConnected();
  stream.handleMessage(`<stream:error xmlns:stream='http://etherx.jabber.org/streams'><not-authorized xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>`);
  stream.handleMessage(`<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>`);
  stream.handleClosed();
  expect(said).toEqual(['close', 'ended not-authorized']);
});

test.each([
  ['a server without EXTERNAL', features(''), 'not-authorized'],
  ['what is not XML', '<a', 'not-well-formed'],
])('%s ends the stream', (_, text, why) => {
  const { stream, said } = open();
  stream.handleConnected();
  stream.handleMessage(text);
  expect(said).toEqual(['close', `ended ${why}`]);
});

test('a socket that closes is a loss', () => {
  const { stream, said } = open();
  stream.handleConnected();
  stream.handleClosed();
  expect(said).toEqual(['ended lost']);
});
