import { expect, test } from 'vitest';
import { conditional, obstacle, PasskeyFailure, prove, reasonOf, register, supported, type Browser, type Json } from './passkey';

const bytes = (...values: number[]) => Uint8Array.from(values).buffer;
const numbers = (buffer: unknown) => [...new Uint8Array(buffer as ArrayBuffer)];

/** A browser before `toJSON` and its kin; `asked` is what it was asked. */
function old(response: object | null, wrong?: Error) {
  const asked: { publicKey: Record<string, unknown>; mediation?: string; signal?: AbortSignal }[] = [];
  const give = (options: unknown) => {
    asked.push(options as (typeof asked)[number]);
    if (wrong) return Promise.reject(wrong);
    return Promise.resolve(response && ({ id: '-_8', rawId: bytes(251, 255), type: 'public-key', response } as unknown as Credential));
  };
  const browser: Browser = { isSecureContext: true, credentials: { create: give, get: give }, PublicKeyCredential: {} };
  return { browser, asked };
}
const creation: Json = {
  rp: { id: 'valmont.be', name: 'Valmont' },
  user: { id: 'AQID', name: 'a@valmont.be', displayName: 'A' },
  challenge: '-_8',
  excludeCredentials: [{ type: 'public-key', id: 'Cg', transports: ['usb'] }],
};
const failure = (promise: Promise<unknown>) => promise.then(() => null, (cause: unknown) => (cause instanceof PasskeyFailure ? cause.reason : cause));

test('an older browser gets bytes and gives base64url', async () => {
  const { browser, asked } = old({ clientDataJSON: bytes(123, 125), attestationObject: bytes(160), getTransports: () => ['usb'] });
  const answer = await register(creation, {}, browser);
  const [{ publicKey }] = asked as [(typeof asked)[number]];
  expect(numbers(publicKey['challenge'])).toEqual([251, 255]);
  expect(numbers((publicKey['user'] as { id: unknown }).id)).toEqual([1, 2, 3]);
  expect(publicKey['excludeCredentials']).toMatchObject([{ type: 'public-key', transports: ['usb'] }]);
  expect(answer).toEqual({
    id: '-_8',
    rawId: '-_8',
    type: 'public-key',
    clientExtensionResults: {},
    response: { clientDataJSON: 'e30', attestationObject: 'oA', transports: ['usb'] },
  });
});

test('a proof names its account when the device does, and waits in a field when asked', async () => {
  const response = { clientDataJSON: bytes(1), authenticatorData: bytes(2), signature: bytes(3) };
  const { browser, asked } = old({ ...response, userHandle: bytes(4) });
  const signal = new AbortController().signal;
  const answer = await prove({ challenge: 'AQ', allowCredentials: [] }, { conditional: true, signal }, browser);
  expect(asked[0]).toMatchObject({ mediation: 'conditional', signal });
  expect(answer['response']).toEqual({ clientDataJSON: 'AQ', authenticatorData: 'Ag', signature: 'Aw', userHandle: 'BA' });
  const silent = await prove({ challenge: 'AQ' }, {}, old({ ...response, userHandle: null }).browser);
  expect(silent['response']).not.toHaveProperty('userHandle');
});

test('a newer browser reads and writes by itself', async () => {
  const { browser, asked } = old(null);
  const parsed = { challenge: bytes(9) } as unknown as PublicKeyCredentialCreationOptions;
  browser.PublicKeyCredential = { parseCreationOptionsFromJSON: () => parsed };
  browser.credentials!.create = (options) => {
    asked.push(options as never);
    return Promise.resolve({ toJSON: () => ({ id: 'its own' }) } as unknown as Credential);
  };
  expect(await register(creation, {}, browser)).toEqual({ id: 'its own' });
  expect(asked[0]?.publicKey).toBe(parsed);
});

test('every way to fail has its reason', async () => {
  const reasons = Object.entries({
    NotAllowedError: 'cancelled',
    AbortError: 'stopped',
    InvalidStateError: 'already-registered',
    NotSupportedError: 'unsupported',
    ConstraintError: 'unsupported',
    SecurityError: 'wrong-address',
    OperationError: 'busy',
    UnknownError: 'failed',
  });
  for (const [name, reason] of reasons) {
    expect(reasonOf(new DOMException('', name)), name).toBe(reason);
    expect(await failure(prove({ challenge: 'AQ' }, {}, old(null, new DOMException('', name)).browser)), name).toBe(reason);
  }
  expect(await failure(prove({ challenge: 'AQ' }, {}, old(null).browser))).toBe('cancelled');
  expect(await failure(prove({ challenge: '%' }, {}, old(null).browser))).toBe('failed');
});

test('no passkeys on a page in clear, and none in a browser without', async () => {
  const { browser } = old(null);
  expect([supported(browser), obstacle(browser)]).toEqual([true, null]);
  const clear = { ...browser, isSecureContext: false, credentials: undefined, PublicKeyCredential: undefined };
  expect([supported(clear), obstacle(clear)]).toEqual([false, 'insecure-page']);
  expect(await failure(register(creation, {}, clear))).toBe('insecure-page');
  expect(await failure(prove({}, {}, { ...browser, PublicKeyCredential: undefined }))).toBe('unsupported');
});

test('suggestions in a field are asked for, never assumed', async () => {
  const { browser } = old(null);
  expect(await conditional(browser)).toBe(false);
  const ask = (isConditionalMediationAvailable: () => Promise<boolean>) => conditional({ ...browser, PublicKeyCredential: { isConditionalMediationAvailable } });
  expect(await ask(() => Promise.resolve(true))).toBe(true);
  expect(await ask(() => Promise.reject(new Error('no')))).toBe(false);
});
