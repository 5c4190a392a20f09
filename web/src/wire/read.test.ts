import { describe, expect, test } from 'vitest';
import { readArchiveResult, readMeeting, readStanza } from './read';
import { parseXml } from './xml';

const me = { address: 'alice@demo.localhost', name: 'Alice Martin' };
const room = 'accueil@rooms.demo.localhost';

function element(text: string): Element {
  const parsed = parseXml(text);
  if (!parsed) throw new Error(`not well-formed: ${text}`);
  return parsed;
}
const read = (text: string) => readStanza(element(text), me);

describe('messages of a room', () => {
  test('speech has its author, its number, its label and the id of its sender', () => {
    const [incoming] = read(`<message xmlns='jabber:client' type='groupchat' from='${room}/Bob Lambert' to='alice@demo.localhost/w' id='m1'>
      <body>Bonjour &lt;b&gt;</body><thread>meet1</thread><origin-id xmlns='urn:xmpp:sid:0' id='m1'/>
      <author xmlns='urn:beffroi:room:0' address='bob@demo.localhost' name='Bob Lambert' kind='account'/>
      <stanza-id xmlns='urn:xmpp:sid:0' by='${room}' id='42'/>
      <securitylabel xmlns='urn:xmpp:sec-label:0'><displaymarking>Sensible</displaymarking><label><label xmlns='urn:beffroi:room:0' slug='sensitive'/></label></securitylabel>
    </message>`);
    expect(incoming).toMatchObject({
      kind: 'event',
      room,
      label: 'sensitive',
      event: { type: 'speech', seq: 42, id: 'm1', body: 'Bonjour <b>', thread: 'meet1', author: { address: 'bob@demo.localhost', name: 'Bob Lambert', kind: 'account' } },
    });
  });

  test('a file and a change of label are events of their own', () => {
    const [file] = read(`<message xmlns='jabber:client' type='groupchat' from='${room}'><body>x</body>
      <file xmlns='urn:beffroi:room:0' id='f1' name='budget.ods' size='209715200' media-type='application/x' sha256='ab' author='bob@demo.localhost' author-name='Bob Lambert'/>
      <stanza-id xmlns='urn:xmpp:sid:0' by='${room}' id='43'/></message>`);
    expect(file).toMatchObject({ event: { type: 'file', seq: 43, file: { id: 'f1', size: 209715200 }, author: { name: 'Bob Lambert' } } });
    const [label] = read(`<message xmlns='jabber:client' type='groupchat' from='${room}'><body>x</body>
      <label-changed xmlns='urn:beffroi:room:0' from='internal' to='sensitive' by='bob@demo.localhost' by-name='Bob Lambert'/>
      <stanza-id xmlns='urn:xmpp:sid:0' by='${room}' id='44'/></message>`);
    expect(label).toMatchObject({ event: { type: 'label-changed', by: 'Bob Lambert', detail: { to: 'sensitive' } } });
  });

  test('typing and reading are not events', () => {
    expect(read(`<message xmlns='jabber:client' type='groupchat' from='${room}/Bob Lambert'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>`)).toEqual([
      { kind: 'typing', room, name: 'Bob Lambert', address: '', composing: true },
    ]);
    expect(read(`<message xmlns='jabber:client' type='groupchat' from='${room}/Bob Lambert'><displayed xmlns='urn:xmpp:chat-markers:0' id='42'/></message>`)).toEqual([
      { kind: 'read', room, name: 'Bob Lambert', address: '', seq: 42 },
    ]);
    // Two people of one name: the nick is numbered, the server says who it is.
    const author = `<author xmlns='urn:beffroi:room:0' address='bob2@demo.localhost' name='Bob Lambert' kind='account'/>`;
    expect(read(`<message xmlns='jabber:client' type='groupchat' from='${room}/Bob Lambert (2)'><displayed xmlns='urn:xmpp:chat-markers:0' id='42'/>${author}</message>`)).toEqual([
      { kind: 'read', room, name: 'Bob Lambert', address: 'bob2@demo.localhost', seq: 42 },
    ]);
  });

  test('a refusal names the message that it refuses', () => {
    const refused = read(`<message xmlns='jabber:client' type='error' from='${room}' id='m9'><error type='auth'><forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>Vous n’êtes pas membre.</text></error></message>`);
    expect(refused).toEqual([{ kind: 'refused', room, id: 'm9', condition: 'forbidden', text: 'Vous n’êtes pas membre.', rule: null }]);
  });
});

describe('one-to-one', () => {
  const inner = (from: string, to: string) =>
    `<forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' type='chat' from='${from}' to='${to}' id='d1'><body>Salut</body><stanza-id xmlns='urn:xmpp:sid:0' by='alice@demo.localhost' id='7'/></message></forwarded>`;

  test('my own words come back as a carbon and belong to the other’s conversation', () => {
    const carbon = read(`<message xmlns='jabber:client' from='alice@demo.localhost' to='alice@demo.localhost/w'><sent xmlns='urn:xmpp:carbons:2'>${inner('alice@demo.localhost', 'bob@demo.localhost')}</sent></message>`);
    expect(carbon).toMatchObject([{ kind: 'event', room: 'bob@demo.localhost', event: { seq: 7, id: 'd1', author: { address: 'alice@demo.localhost', name: 'Alice Martin' } } }]);
  });

  test('a carbon from anybody else is a forgery and is dropped', () => {
    expect(read(`<message xmlns='jabber:client' from='eve@demo.localhost' to='alice@demo.localhost/w'><sent xmlns='urn:xmpp:carbons:2'>${inner('alice@demo.localhost', 'bob@demo.localhost')}</sent></message>`)).toEqual([]);
  });
});

test('an archive result has the archive’s number and the time it was said', () => {
  const result = readArchiveResult(
    element(`<message xmlns='jabber:client' from='${room}' to='alice@demo.localhost/w'><result xmlns='urn:xmpp:mam:2' queryid='q1' id='5'><forwarded xmlns='urn:xmpp:forward:0'>
      <delay xmlns='urn:xmpp:delay' stamp='2026-11-23T08:42:00Z'/><message xmlns='jabber:client' type='groupchat' from='${room}/Bob'><body>hier</body></message></forwarded></result></message>`),
    me,
  );
  expect(result).toMatchObject({ query: 'q1', event: { seq: 5, at: Date.UTC(2026, 10, 23, 8, 42), body: 'hier' } });
});

describe('presence', () => {
  test('of a person', () => {
    expect(read(`<presence xmlns='jabber:client' from='bob@demo.localhost/w'><show>away</show></presence>`)).toEqual([{ kind: 'presence', address: 'bob@demo.localhost', resource: 'w', presence: 'away' }]);
    expect(read(`<presence xmlns='jabber:client' type='unavailable' from='bob@demo.localhost/w'/>`)).toMatchObject([{ presence: 'offline' }]);
  });
  test('of an occupant is not a person’s; mine says that I am in, or out', () => {
    const x = (inside: string) => `<x xmlns='http://jabber.org/protocol/muc#user'><item affiliation='member' role='participant'/>${inside}</x>`;
    expect(read(`<presence xmlns='jabber:client' from='${room}/Bob'>${x('')}</presence>`)).toEqual([]);
    expect(read(`<presence xmlns='jabber:client' from='${room}/Alice Martin'>${x("<status code='110'/>")}</presence>`)).toEqual([{ kind: 'joined', room, nick: 'Alice Martin' }]);
    expect(read(`<presence xmlns='jabber:client' type='unavailable' from='${room}/Alice Martin'>${x("<status code='321'/><status code='110'/>")}</presence>`)).toEqual([{ kind: 'left', room, condition: 'removed' }]);
  });
});

test('the state of a meeting is read whole', () => {
  const state = readMeeting(
    element(`<meeting xmlns='urn:beffroi:meeting:0' id='M' version='7' started='2026-11-23T09:00:00Z' ends='2026-11-23T10:00:00Z' me='P2' admitted='true'>
      <participant id='P1' address='alice@demo.localhost' name='Alice Martin' kind='account' role='owner' audio='true' video='true' screen='false'><slot mid='3' kind='audio'/><slot mid='14' kind='video'/></participant>
      <hand participant='P2'/><hand participant='P1'/><waiting guest='g@guests.demo.localhost' name='Mme Petit' since='2026-11-23T09:01:00Z'/></meeting>`),
  );
  expect(state).toMatchObject({
    id: 'M',
    version: 7,
    me: 'P2',
    admitted: true,
    over: null,
    hands: ['P2', 'P1'],
    waiting: [{ guest: 'g@guests.demo.localhost', name: 'Mme Petit' }],
    participants: [{ id: 'P1', audio: true, screen: false, slots: [{ mid: '3', kind: 'audio' }, { mid: '14', kind: 'video' }] }],
  });
  expect(readMeeting(element(`<meeting xmlns='urn:beffroi:meeting:0' id='M' ended='true' reason='removed'/>`)).over).toBe('removed');
});

test('a call is read at the address of the other, with who called', () => {
  const call = (state: string) => read(`<message xmlns='jabber:client' type='headline' from='bob@demo.localhost'><call xmlns='urn:beffroi:meeting:0' id='M' state='${state}' by='bob@demo.localhost' by-name='Bob Lambert'/></message>`);
  expect(call('rings')).toEqual([{ kind: 'call', room: 'bob@demo.localhost', meeting: 'M', state: 'rings', by: 'bob@demo.localhost', name: 'Bob Lambert' }]);
  expect(call('sings')).toEqual([]);
  const calling = readMeeting(element(`<meeting xmlns='urn:beffroi:meeting:0' id='M' version='2'><called address='bob@demo.localhost' name='Bob Lambert' reached='false' until='2026-11-23T09:00:45Z'/></meeting>`));
  expect(calling.called).toEqual({ address: 'bob@demo.localhost', name: 'Bob Lambert', reached: false });
});

test.each([
  `<message xmlns='jabber:client'/>`,
  `<message xmlns='jabber:client' type='groupchat' from=''><body>no number</body></message>`,
  `<message xmlns='jabber:client' type='groupchat' from='${room}/B'><body>x</body><stanza-id xmlns='urn:xmpp:sid:0' id='x'/></message>`,
  `<message xmlns='jabber:client' type='headline'><meeting xmlns='urn:other'/></message>`,
  `<presence xmlns='jabber:client' type='subscribe' from='bob@demo.localhost'/>`,
])('what means nothing is skipped: %s', (text) => {
  expect(read(text)).toEqual([]);
});
