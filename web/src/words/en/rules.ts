import type { rules as source } from '../fr/rules';
import type { Translation } from '../types';

export const rules: Translation<typeof source> = {
  'problem.tooFast': 'Too many tries in a row.',
  'problem.invalid': 'The server does not accept what was written. Correct it, then try again.',
  'problem.conflict': 'It contradicts what is already there. Nothing has changed.',
  'problem.unconfirmed': 'This would erase something for good. Look at what would be erased, then confirm.',
  'problem.tooLarge': 'It is more than this room accepts.',
  'problem.diskFull': 'The disk of the server is full. Nothing that was recorded is lost; tell your administrator.',
  'problem.serverSays': (detail) => `(${detail})`,

  'rule.credentials': 'Wrong address or password.',
  'rule.tenant': 'There is no such thing here.',
  'rule.label-reserved': 'This protective mark is reserved: it stays closed until your organisation declares the accreditation that it asks for. Ask your security officer.',
  'rule.clearance': 'This room is classified above what you are cleared for. Ask your security officer.',
  'rule.label-second-factor': 'The label of this room asks for a second factor. Sign in again with yours.',
  'rule.label-managed-device': 'The label of this room opens only on a device that your organisation manages.',
  'rule.membership': 'You are not a member of this room. Ask one of its owners to add you.',
  'rule.rank': 'Your rank in this room does not allow it. Ask one of its owners.',
  'rule.role': 'Your role does not allow it. Ask an administrator.',
  'rule.guest': 'Guests may not do this.',
  'rule.label-guests': 'The label of this room does not let guests this far.',
  'rule.label-download': 'The label of this room forbids downloading its files.',
  'rule.mark-floor': 'A protective mark may demand more than the law makes it demand, never less.',
  'rule.label-not-reserved': 'This label is not reserved: there is nothing to declare.',
  'rule.oneself': 'Nobody sets their own clearance. Ask another security officer.',
  'rule.label-end-to-end': 'The label of this room asks for meetings encrypted end to end, which this server does not offer yet.',

  'weak.too-short': (minimum) => (minimum === undefined ? 'It is too short: a few more words are enough.' : `It is too short: at least ${minimum} characters are needed.`),
  'weak.too-long': 'It is too long: shorten it.',
  'weak.control-character': 'It holds a tab or another invisible character: type it without.',
  'weak.too-plain': 'Mix three kinds of signs (lower case, upper case, figures, others), or take seven different words.',
  'weak.common': 'It is one of the passwords that everyone tries first: choose another, not a variant.',
  'weak.predictable': 'It is made of common words, dates or series: add words that do not go together.',
  'weak.contains-address': 'It holds a part of your address: leave that part out.',
  'weak.contains-name': 'It holds a part of your name: leave that part out.',
};
