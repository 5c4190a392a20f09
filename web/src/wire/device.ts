/**
 * The key of this device: made by WebCrypto, kept in IndexedDB, and never readable by any script. One for each
 * person who enrolled this browser.
 */

/** What this browser keeps of one person's enrolment. */
export interface Held {
  address: string;
  /** Its id at the server. */
  device: string;
  key: CryptoKey;
}
/** A key that no server knows yet. */
export interface Fresh {
  key: CryptoKey;
  /** The public half, in base64url. */
  shared: string;
}

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256' } as const;
const SHELF = 'devices';

/** Whether this page can make such a key at all. */
export function possible(): boolean {
  return globalThis.isSecureContext && typeof indexedDB !== 'undefined' && typeof crypto.subtle !== 'undefined';
}

export async function make(): Promise<Fresh> {
  const pair = await crypto.subtle.generateKey(ECDSA, false, ['sign']);
  const shared = base64url(await crypto.subtle.exportKey('raw', pair.publicKey));
  return { key: pair.privateKey, shared };
}

/** What a new device signs: the code that enrols it, here. */
export const signEnrolment = (key: CryptoKey, domain: string, code: string) => sign(key, ['beffroi-enrol', domain, code]);
/** What a device signs for a session. */
export const signProof = (held: Held, domain: string, challenge: string) => sign(held.key, ['beffroi-device', domain, held.device, challenge]);

async function sign(key: CryptoKey, parts: string[]): Promise<string> {
  const said = new TextEncoder().encode(parts.join('\0'));
  return base64url(await crypto.subtle.sign({ name: 'ECDSA', hash: 'SHA-256' }, key, said));
}

/** The key of this person in this browser, or null. */
export async function held(address: string): Promise<Held | null> {
  if (!possible()) return null;
  const found: unknown = await asked('readonly', (shelf) => shelf.get(address));
  return (found as Held | undefined) ?? null;
}
export async function keep(one: Held): Promise<void> {
  await asked('readwrite', (shelf) => shelf.put(one));
}
export async function forget(address: string): Promise<void> {
  await asked('readwrite', (shelf) => shelf.delete(address));
}

async function asked(mode: IDBTransactionMode, ask: (shelf: IDBObjectStore) => IDBRequest): Promise<unknown> {
  const opening = indexedDB.open('beffroi', 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(SHELF, { keyPath: 'address' });
  const base = await answer(opening);
  try {
    return await answer(ask(base.transaction(SHELF, mode).objectStore(SHELF)));
  } finally {
    base.close();
  }
}

function answer<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error ?? new Error('IndexedDB'));
  });
}

function base64url(bytes: ArrayBuffer): string {
  const text = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join('');
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}
