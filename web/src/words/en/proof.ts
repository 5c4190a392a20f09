import type { proof as fr } from '../fr/proof';
import type { Translation } from '../types';

/** Proving who one is, at the door and once more inside. */
export const proof: Translation<typeof fr> = {
  'proof.title': 'Confirm that it is you',
  'proof.whyStale': 'You are about to change how you sign in: a session left open must not be enough for that.',
  'proof.whyLabel': 'This room’s label asks for more than a password. You will come straight back to where you were.',
  'proof.whyAdministration': 'Administration asks for a stronger proof than a password. You will come straight back to where you were.',
  'proof.noFactor': 'Your account has only a password so far. Add a passkey or an authenticator app: it takes a minute.',
  'proof.noPasskey': 'A passkey is needed here, and your account has none yet. Add one: it takes a minute.',
  'proof.toSecurity': 'Open “My security”',
  'proof.passkey': 'Passkey',
  'proof.totp': 'Code from your app',
  'proof.totpHint': 'The six digits that your app shows right now.',
  'proof.recovery': 'Recovery code',
  'proof.recoveryHint': 'One of the ten codes that you kept; each works once.',
  'proof.password': 'Password',
  'proof.missing': 'Type what is asked for.',
  'proof.wrongTotp': 'This code is not right, or was used already. Wait for the next one; if it goes on, check the clock of the phone.',
  'proof.wrongRecovery': 'This code is not right, or was used already. Take another one.',
  'proof.continue': 'Continue',
  'proof.others': 'Other ways',
  'proof.instead': (way) => `Use instead: ${way.toLowerCase()}`,
};
