import { Problem } from './problem';
import type { AccountSession, Device, DeviceChallenge, Session } from './types';

/** What the desk of devices needs of the HTTP API. */
export interface DeviceDoor {
  askDevice(): Promise<DeviceChallenge>;
  answerDevice(device: string, challenge: string, signature: string): Promise<AccountSession>;
  enrolDevice(code: string, name: string, key: string, signature: string): Promise<Device>;
}
/** The keys that this browser holds. */
export interface Keys<Held extends { device: string }, Key> {
  held(address: string): Promise<Held | null>;
  make(): Promise<{ key: Key; shared: string }>;
  keep(one: { address: string; device: string; key: Key }): Promise<void>;
  forget(address: string): Promise<void>;
  signEnrolment(key: Key, domain: string, code: string): Promise<string>;
  signProof(held: Held, domain: string, challenge: string): Promise<string>;
}

/** Proofs are renewed well before their hour is over. */
const RENEW = 20 * 60_000;

/** This browser as a device: enrolled with a code, recognised by its key whenever somebody comes in. */
export class ThisDevice<Held extends { device: string }, Key> {
  #proved = 0;

  constructor(
    private readonly door: DeviceDoor,
    private readonly keys: Keys<Held, Key>,
    private readonly csrf: (token: string) => void,
    private readonly now: () => number = Date.now,
  ) {}

  /** The session, carrying this device where its person enrolled it. What fails here opens nothing, and shuts nothing. */
  async recognise(session: Session): Promise<Session> {
    if (session.kind !== 'account' || session.device) return session;
    // Behind a lock or before the charter nothing else opens, and who helps has no device of that person's.
    if (session.locked || session.charter || session.helper) return session;
    return (await this.prove(session)) ?? session;
  }

  /** The session after another proof, when one is due; null when none is, or none is possible. */
  async renew(session: Session): Promise<Session | null> {
    if (session.kind !== 'account' || !session.device || this.now() - this.#proved < RENEW) return null;
    return this.prove(session);
  }

  /** Proves the key of this browser to a session of its person; null when it has none that holds. */
  async prove(session: AccountSession): Promise<Session | null> {
    try {
      const held = await this.keys.held(session.address);
      if (!held) return null;
      this.csrf(session.csrf);
      const { challenge } = await this.door.askDevice();
      const signature = await this.keys.signProof(held, session.tenant.domain, challenge);
      const proved = await this.door.answerDevice(held.device, challenge, signature);
      this.#proved = this.now();
      return proved;
    } catch (cause) {
      const problem = Problem.from(cause);
      // Lost, or a year old: the key is of no use any more. Whatever else is refused may be taken the next time.
      if (problem.rule === 'device-lost' || problem.rule === 'device-expired') await this.keys.forget(session.address).catch(() => {});
      return null;
    }
  }

  /** This browser is none of this person's devices any more. */
  forget(address: string): Promise<void> {
    return this.keys.forget(address);
  }

  /** Makes a key, and enrols this browser by it. */
  async enrol(shown: { code: string; address: string; tenant: { domain: string } }, name: string): Promise<void> {
    const { key, shared } = await this.keys.make();
    const signature = await this.keys.signEnrolment(key, shown.tenant.domain, shown.code);
    const made = await this.door.enrolDevice(shown.code, name, shared, signature);
    await this.keys.keep({ address: shown.address, device: made.id, key });
  }
}
