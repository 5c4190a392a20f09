import { ThisDevice } from './core/device';
import { Prover } from './core/proof';
import { Readable } from './core/readable';
import { SessionKeeper, type SessionDoor, type SessionState } from './core/session';
import type { SecondStep, Session } from './core/types';
import { Uploads } from './core/uploads';
import { Workspace } from './core/workspace';
import { Api } from './wire/api';
import * as keys from './wire/device';
import { randomId, type Link } from './wire/connection';
import { Http } from './wire/http';
import { Meetings } from './wire/meetings';
import { UploadHttp } from './wire/uploads';
import { forgetEverything, Windows } from './wire/windows';
import { Xmpp } from './wire/xmpp';

/** The objects that every page shares, made once: the only place where `core` meets `wire`. */
const http = new Http();
export const api = new Api(http);
http.client = `web/${__VERSION__}`;
/** This client is older than what the server serves: only the page loaded again goes on. */
class Outdated extends Readable<boolean> {
  tell(): void {
    this.set(true);
  }
}
export const outdated = new Outdated(false);
http.onOutdated = () => outdated.tell();
/** This browser as one of its person's devices. */
export const thisDevice = new ThisDevice(api, keys, (token) => {
  http.csrf = token;
});
// Before a session is anybody's on screen, the device proved its key to it: the token that was seen before is
// worth nothing afterwards.
const recognised = async <T extends Session | SecondStep>(coming: Promise<T>): Promise<T> => {
  const found = await coming;
  return found.kind === 'second-step' ? found : ((await thisDevice.recognise(found)) as T);
};
const door: SessionDoor = {
  ...api,
  session: () => recognised(api.session()),
  signIn: (address, password) => recognised(api.signIn(address, password)),
  secondStep: (token, proof) => recognised(api.secondStep(token, proof)),
  passkeySignIn: (token, answer) => recognised(api.passkeySignIn(token, answer)),
  unlock: (pin) => recognised(api.unlock(pin)),
  prove: (proof) => recognised(api.prove(proof)),
  passkeyProof: (token, answer) => recognised(api.passkeyProof(token, answer)),
};
export const session = new SessionKeeper(door, (token) => {
  http.csrf = token;
});
/** The device proves its key again before its hour is over, and when somebody comes back to the page. */
async function renew(): Promise<void> {
  const mine = session.session;
  const again = mine && (await thisDevice.renew(mine));
  if (again && session.session?.address === mine.address) session.accept(again);
}
setInterval(() => void renew(), 5 * 60_000);
addEventListener('focus', () => void renew());
// One refusal may be of a token that another page just replaced: the session itself says whether it is over.
http.onSignedOut = () => void session.check();
http.onShut = () => void session.check();
/** Whoever locks, opens or leaves in one window does so in all of this browser. */
const windows = new Windows((status) => {
  if (session.session === null || status === session.value.status) return;
  void (status === 'locked' ? session.lock() : session.check());
});
let standing = session.value.status;
session.subscribe((state) => {
  if (state.status === 'signed-out' && state.wiped) void forgetEverything();
  if (state.status === standing) return;
  const before = standing;
  standing = state.status;
  if (before !== 'unknown') windows.tell(state.status);
});
/** Who is asked for a proof in the middle of something. */
export const prover = new Prover();
http.place = () => prover.place;
http.onRefused = (problem, background, place) => prover.ask(problem, background, place);
// Another page of this browser proved something, or somebody else signed in there: what one person asked for
// is never sent again as another.
http.onChanged = async () => {
  const before = session.session?.address;
  await session.check();
  return before !== undefined && session.session?.address === before;
};
// The page says once what it is on; before it did, the server counts it a phone, which locks sooner.
const screen = matchMedia('(pointer: coarse), (max-width: 40rem)').matches ? 'phone' : 'desk';
let said = '';
session.subscribe((state) => {
  if (state.status !== 'signed-in' || state.session.kind !== 'account') return;
  if (state.session.screen === screen || said === state.session.csrf) return;
  said = state.session.csrf;
  api.setScreen(screen).then(
    () => session.check(),
    () => {}, // it stays the stricter
  );
});
let asking = session.session?.address;
session.subscribe((state) => {
  const now = 'session' in state ? state.session.address : undefined;
  if (asking !== undefined && now !== asking) prover.answer(false);
  asking = now;
});
export const uploads = new Uploads(new UploadHttp(api));

/** Everything of the person who is signed in; null before and after. */
class Desk extends Readable<Workspace | null> {
  #xmpp: Xmpp | null = null;
  #proved = '';

  constructor() {
    super(null);
    session.subscribe((state) => this.#follow(state));
    addEventListener('online', () => this.hurry());
    addEventListener('focus', () => this.hurry());
    addEventListener('offline', () => this.#xmpp?.suspect());
    addEventListener('pagehide', () => this.#xmpp?.close());
    addEventListener('pageshow', (event) => {
      if (!event.persisted) return;
      this.#xmpp?.open(); // out of the back/forward cache
      void session.check(); // which may have been locked meanwhile
    });
  }

  hurry(): void {
    this.#xmpp?.hurry();
    uploads.hurry();
  }

  present(away: boolean): void {
    this.#xmpp?.present(away);
  }

  #follow(state: SessionState): void {
    if (state.status !== 'signed-in') {
      if (!this.#xmpp) return;
      this.#xmpp.close();
      this.#xmpp = null;
      uploads.clear();
      this.set(null);
      return;
    }
    const { session: mine } = state;
    const proved = mine.kind === 'account' ? `${mine.factor} ${mine.identified_us}` : '';
    if (this.value?.session.address === mine.address) {
      // A stream is worth what the session was worth when it was opened, and enters again where it was put out
      // because its person had not proved for too long who they are.
      // In a meeting it waits: a new stream now would cut it.
      if (proved === this.#proved || this.value.currentMeeting) return;
      this.#proved = proved;
      this.#xmpp?.again();
      return;
    }
    this.#proved = proved;
    this.#xmpp?.close();
    const url = new URL('/xmpp-websocket', location.href);
    url.searchParams.set('client', http.client ?? '');
    url.protocol = url.protocol === 'http:' ? 'ws:' : 'wss:';
    const xmpp: Xmpp = new Xmpp(url.href, mine.tenant.domain, mine, {
      ready: () => void this.value?.handleReady(),
      incoming: (incoming) => {
        this.value?.handle(incoming);
        // The body's name and colour stand in the session.
        // Whether somebody acts in this name, too.
        if (incoming.kind === 'changed' && (incoming.what === 'organisation' || incoming.what === 'help')) void session.check();
      },
      signedOut: () => void session.check(),
    });
    this.#xmpp = xmpp;
    const meetings = new Meetings((type, to, payload) => xmpp.ask(type, to, payload));
    this.set(new Workspace(mine, api, xmpp, meetings, randomId));
    xmpp.subscribe((value) => {
      link.tell(value);
      if (value === 'offline') this.value?.handleLinkLost();
    });
    xmpp.open();
  }
}

class LinkState extends Readable<Link> {
  constructor() {
    super('connecting');
  }
  tell(value: Link): void {
    if (value !== this.value) this.set(value);
  }
}

/** The state of the WebSocket. */
export const link = new LinkState();
export const desk = new Desk();
