// A security key or a phone's passkey for a visitor, kept by Chromium itself (CDP domain WebAuthn).

/** What a USB security key with a PIN is; `{ internal: true }` is the machine's own (fingerprint, face). */
const KEY = {
  protocol: 'ctap2',
  hasResidentKey: true,
  hasUserVerification: true,
  isUserVerified: true,
  automaticPresenceSimulation: true,
};

export class Authenticator {
  constructor(session, id) {
    this.session = session;
    this.id = id;
  }

  /**
   * Plugs one in for the visitor's page; it goes when the page goes. `verified: false` touches without PIN.
   * `copyable: true` is a passkey that its owner's other devices share; `older: true` a key of before 2021,
   * which gives its passkeys to whoever touches it when the page does not ask who that is.
   */
  static async plug(page, { internal = false, verified = true, copyable = false, older = false } = {}) {
    const session = await page.context().newCDPSession(page);
    await session.send('WebAuthn.enable');
    const options = {
      ...KEY,
      ctap2Version: older ? 'ctap2_0' : 'ctap2_1',
      transport: internal ? 'internal' : 'usb',
      isUserVerified: verified,
      defaultBackupEligibility: copyable,
      defaultBackupState: copyable,
    };
    const { authenticatorId } = await session.send('WebAuthn.addVirtualAuthenticator', { options });
    return new Authenticator(session, authenticatorId);
  }

  #send(method, parameters = {}) {
    return this.session.send(`WebAuthn.${method}`, { authenticatorId: this.id, ...parameters });
  }

  /** Whether its owner is recognised from now on. */
  recognises(isUserVerified) {
    return this.#send('setUserVerified', { isUserVerified });
  }

  /** Whether it is touched at once from now on, or waits for ever. */
  isTouched(enabled) {
    return this.#send('setAutomaticPresenceSimulation', { enabled });
  }

  /** The passkeys that it holds: `{ credentialId, rpId, userHandle, userName, signCount, isResidentCredential, … }`. */
  async passkeys() {
    return (await this.#send('getCredentials')).credentials;
  }

  forget(credentialId) {
    return this.#send('removeCredential', { credentialId });
  }

  /** Unplugs it; its passkeys are gone. */
  unplug() {
    return this.#send('removeVirtualAuthenticator');
  }
}
