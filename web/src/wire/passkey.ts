/**
 * Passkeys, the browser's half: the only place that touches `navigator.credentials`. Options come from the
 * server as JSON and answers go back as JSON; nothing of them is looked at here.
 */

/** Why there is no answer. A screen words them; none of them says anything about the passkey itself. */
export type PasskeyReason =
  /** Closed, refused, or nobody came in time: browsers do not tell these apart, on purpose. */
  | 'cancelled'
  /** We stopped it ourselves, by the signal. */
  | 'stopped'
  /** This device already holds a passkey of this account. */
  | 'already-registered'
  /** No such thing here: an old browser, or a device without PIN, fingerprint or face. */
  | 'unsupported'
  /** Not `https://` and not this machine itself: browsers offer no passkeys here. */
  | 'insecure-page'
  /** The page's address is not one that the passkey may serve. */
  | 'wrong-address'
  /** Another request is open in this page already. */
  | 'busy'
  /** Anything else. */
  | 'failed';

export class PasskeyFailure extends Error {
  constructor(
    readonly reason: PasskeyReason,
    cause?: unknown,
  ) {
    super(reason, { cause });
    this.name = 'PasskeyFailure';
  }
}

/** What the browser has; the tests give another. */
export interface Browser {
  isSecureContext: boolean;
  credentials?: Pick<CredentialsContainer, 'create' | 'get'> | undefined;
  PublicKeyCredential?: PasskeyClass | undefined;
}
/** The static half of `PublicKeyCredential`, of which older browsers have less. */
export interface PasskeyClass {
  isConditionalMediationAvailable?: () => Promise<boolean>;
  parseCreationOptionsFromJSON?: (options: PublicKeyCredentialCreationOptionsJSON) => PublicKeyCredentialCreationOptions;
  parseRequestOptionsFromJSON?: (options: PublicKeyCredentialRequestOptionsJSON) => PublicKeyCredentialRequestOptions;
}
export type Json = Record<string, unknown>;

const here = (): Browser => ({
  isSecureContext: globalThis.isSecureContext,
  credentials: globalThis.navigator?.credentials,
  PublicKeyCredential: globalThis.PublicKeyCredential as PasskeyClass | undefined,
});

/** Whether passkeys can be made and used on this page at all. */
export function supported(browser = here()): boolean {
  return obstacle(browser) === null;
}

/** Why not, or null. */
export function obstacle(browser = here()): 'insecure-page' | 'unsupported' | null {
  if (!browser.isSecureContext) return 'insecure-page';
  return browser.PublicKeyCredential && browser.credentials ? null : 'unsupported';
}

/** Whether the browser can suggest passkeys in a field with `autocomplete="username webauthn"`. */
export async function conditional(browser = here()): Promise<boolean> {
  if (!supported(browser)) return false;
  return (await browser.PublicKeyCredential?.isConditionalMediationAvailable?.().catch(() => false)) ?? false;
}

/** Makes a passkey on this device or a key. Rejects with [`PasskeyFailure`] only. */
export function register(options: Json, { signal }: { signal?: AbortSignal } = {}, browser = here()): Promise<Json> {
  return asked(browser, async (credentials, kind) => {
    const json = options as unknown as PublicKeyCredentialCreationOptionsJSON;
    const publicKey = kind.parseCreationOptionsFromJSON?.(json) ?? creationOptions(json);
    return answer(await credentials.create({ publicKey, ...(signal && { signal }) }));
  });
}

/**
 * Proves a passkey. `conditional`: waits silently until one is chosen among a field's suggestions; start it
 * once when the page opens, and stop it by `signal` before asking in any other way.
 */
export function prove(
  options: Json,
  { conditional = false, signal }: { conditional?: boolean; signal?: AbortSignal } = {},
  browser = here(),
): Promise<Json> {
  return asked(browser, async (credentials, kind) => {
    const json = options as unknown as PublicKeyCredentialRequestOptionsJSON;
    const publicKey = kind.parseRequestOptionsFromJSON?.(json) ?? requestOptions(json);
    return answer(await credentials.get({ publicKey, ...(conditional && { mediation: 'conditional' }), ...(signal && { signal }) }));
  });
}

async function asked(browser: Browser, ask: (credentials: NonNullable<Browser['credentials']>, kind: PasskeyClass) => Promise<Json>): Promise<Json> {
  const { credentials, PublicKeyCredential: kind } = browser;
  const why = obstacle(browser);
  if (why || !credentials || !kind) throw new PasskeyFailure(why ?? 'unsupported');
  try {
    return await ask(credentials, kind);
  } catch (cause) {
    throw cause instanceof PasskeyFailure ? cause : new PasskeyFailure(reasonOf(cause), cause);
  }
}

/** What a browser's exception means (WebAuthn §5.1.3, §5.1.4). */
export function reasonOf(cause: unknown): PasskeyReason {
  switch (cause instanceof Error || cause instanceof DOMException ? cause.name : '') {
    case 'NotAllowedError':
      return 'cancelled';
    case 'AbortError':
      return 'stopped';
    case 'InvalidStateError':
      return 'already-registered';
    case 'NotSupportedError':
    case 'ConstraintError':
      return 'unsupported';
    case 'SecurityError':
      return 'wrong-address';
    case 'OperationError':
      return 'busy';
    default:
      return 'failed';
  }
}

function answer(credential: Credential | null): Json {
  if (!credential) throw new PasskeyFailure('cancelled');
  const key = credential as PublicKeyCredential;
  try {
    return key.toJSON() as unknown as Json;
  } catch {
    // Absent in older browsers; some password safes put an object of theirs here whose toJSON throws.
    return plain(key);
  }
}

/** `toJSON()` of a credential, for browsers and password safes that have none that works. */
export function plain(key: PublicKeyCredential): Json {
  const response = key.response as AuthenticatorAttestationResponse & AuthenticatorAssertionResponse;
  const said: Json = { clientDataJSON: encode(response.clientDataJSON) };
  if (response.attestationObject) {
    said.attestationObject = encode(response.attestationObject);
    said.transports = response.getTransports?.() ?? [];
  } else {
    said.authenticatorData = encode(response.authenticatorData);
    said.signature = encode(response.signature);
    if (response.userHandle) said.userHandle = encode(response.userHandle);
  }
  return {
    id: key.id,
    rawId: encode(key.rawId),
    type: key.type,
    response: said,
    clientExtensionResults: {},
    ...(key.authenticatorAttachment && { authenticatorAttachment: key.authenticatorAttachment }),
  };
}

/** `parseCreationOptionsFromJSON` of what our server sends. */
export function creationOptions(json: PublicKeyCredentialCreationOptionsJSON): PublicKeyCredentialCreationOptions {
  return {
    ...(json as unknown as PublicKeyCredentialCreationOptions),
    challenge: decode(json.challenge),
    user: { ...json.user, id: decode(json.user.id) },
    excludeCredentials: (json.excludeCredentials ?? []).map(descriptor),
  };
}

/** `parseRequestOptionsFromJSON` of what our server sends. */
export function requestOptions(json: PublicKeyCredentialRequestOptionsJSON): PublicKeyCredentialRequestOptions {
  return {
    ...(json as unknown as PublicKeyCredentialRequestOptions),
    challenge: decode(json.challenge),
    allowCredentials: (json.allowCredentials ?? []).map(descriptor),
  };
}

const descriptor = (json: PublicKeyCredentialDescriptorJSON) =>
  ({ ...json, id: decode(json.id) }) as PublicKeyCredentialDescriptor;

function encode(bytes: ArrayBuffer): string {
  const text = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join('');
  return btoa(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function decode(text: string): ArrayBuffer {
  const bytes = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(bytes, (letter) => letter.charCodeAt(0)).buffer;
}
