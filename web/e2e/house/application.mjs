// A messaging application that we did not write: Strophe.js over a WebSocket, outside any browser, with no cookie
// and no origin.
import { $msg, $pres, Strophe } from 'strophe.js';
import { until } from './until.mjs';

Strophe.setLogLevel(Strophe.LogLevel.FATAL); // a refusal that was asked for is no news in the output of a test

const NAMES = Object.fromEntries(Object.entries(Strophe.Status).map(([name, number]) => [number, name]));

export class Application {
  /** Every status that it went through, by Strophe's names. */
  statuses = [];
  heard = [];
  #connection;

  constructor(house) {
    // As the application is told on the screen; *.localhost is this machine.
    this.#connection = new Strophe.Connection(`ws://localhost:${house.port}/xmpp-websocket`);
    this.#connection.addHandler((stanza) => (this.heard.push(stanza), true));
  }

  get last() {
    return this.statuses.at(-1);
  }

  /** Signs in, or is refused; gives the status in which it came to rest. */
  async signIn(address, password) {
    this.#connection.connect(address, password, (status) => void this.statuses.push(NAMES[status]));
    return until('an answer to signing in', () => ['CONNECTED', 'AUTHFAIL', 'CONNFAIL', 'DISCONNECTED'].includes(this.last) && this.last);
  }

  get mechanism() {
    return this.#connection._sasl_mechanism?.mechname;
  }

  async enter(room, nick) {
    this.#connection.send($pres({ to: `${room}/${nick}` }).c('x', { xmlns: 'http://jabber.org/protocol/muc' }).c('history', { maxstanzas: '0' }));
    await until('its own presence', () => this.heard.find((one) => one.tagName === 'presence' && Strophe.serialize(one).includes("code=\"110\"")));
  }

  say(room, text) {
    this.#connection.send($msg({ to: room, type: 'groupchat', id: this.#connection.getUniqueId() }).c('body').t(text));
  }

  hears(text) {
    return until(`« ${text} » is heard`, () => this.heard.find((one) => one.tagName === 'message' && one.getElementsByTagName('body')[0]?.textContent === text));
  }

  ended() {
    return until('the stream is over', () => this.last === 'DISCONNECTED');
  }

  close() {
    this.#connection.disconnect();
  }
}
