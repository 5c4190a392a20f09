// Journeys are written in French sentences. In the English run each sentence is carried over through the product's
// own tables: the key that says it in French says it in English. A sentence may be whole, or a part of one; what a
// sentence takes in (names, numbers, other sentences) is found in it and carried over too. What no table says (a
// name, a message, a label of the body) stays as it is; what two tables would say differently fails.
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';

export const ENGLISH = process.env.BEFFROI_E2E_LANGUAGE === 'en';

const source = async (path) => (await runnerImport(fileURLToPath(new URL(`../../src/words/${path}.ts`, import.meta.url)), { configFile: false, logLevel: 'error' })).module;
/** The table of a language; the acts of the log, which are one sentence of many shapes, each as its own. */
async function table(language) {
  const all = (await source(`${language}/index`))[language];
  const { acts } = await source('fr/administration');
  return { ...all, ...Object.fromEntries(acts.map((act) => [`act ${act}`, all['act.name'](act)])) };
}

/** Spaces are all alike, as they are to whoever looks for a text on the page. */
const plain = (text) => text.replace(/[\s\u200b]+/gu, ' ').trim();
const letters = (text) => text.match(/\p{L}/gu)?.length ?? 0;
const escaped = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

// What stands for a value while it is not known which: a word, and a number that no sentence writes itself.
const WORD = (at) => `⟦${at}⟧`;
const NUMBER = (at) => 731_000 + at;
const HOLE = /⟦\d⟧|731\D?00\d/gu;

/** The values that make a sentence take all its shapes: one, then none (which French says alike), several, with and without. */
function* arguments_(count, at = 0) {
  if (at === count) return yield [];
  for (const rest of arguments_(count, at + 1)) for (const first of [WORD(at), NUMBER(at), 1, 0, 2, true, false, '', [WORD(at)]]) yield [first, ...rest];
}

const said = (entry, values) => {
  if (typeof entry === 'string') return plain(entry);
  try {
    const text = entry(...values);
    return typeof text === 'string' ? plain(text) : null;
  } catch {
    return null; // a value of another kind than this sentence takes
  }
};

/** A rendering as what is written and what is left open: `['Le compte de ', 0, '']`. */
function parts(text) {
  const found = [];
  let from = 0;
  for (const hole of text.matchAll(HOLE)) {
    found.push(text.slice(from, hole.index), Number(hole[0].startsWith('⟦') ? hole[0][1] : hole[0].at(-1)));
    from = hole.index + hole[0].length;
  }
  return [...found, text.slice(from)];
}

/** Every shape of every sentence: `{ key, values, parts, en }`. */
function shapes(fr, en) {
  const all = [];
  for (const [key, entry] of Object.entries(fr)) {
    const seen = new Set();
    const of = [];
    for (const values of typeof entry === 'string' ? [[]] : arguments_(entry.length)) {
      const text = said(entry, values);
      if (!text || /undefined|NaN|\[object/.test(text) || seen.has(text)) continue;
      seen.add(text);
      const shape = { key, values, text, parts: parts(text), en: en[key], fr: entry };
      // « Le compte de 2 » is the account of somebody, and no shape of its own.
      if (!of.some((one) => holds(one, shape))) of.push(shape);
    }
    all.push(...of);
  }
  return all;
}

/** Whether the open shape says what the other does, in both languages. */
function holds(open, other) {
  const english = said(other.en, other.values);
  const filled = ({ took }) => (said(open.en, open.values) ?? '').replace(HOLE, (hole) => took[parts(hole)[1]] ?? hole);
  return open.parts.length > 1 && [...lies(open, other.text, 0, 0)].some((one) => one.ends && filled(one) === english);
}

/**
 * How `text` may lie in the shape, starting in the part `at` at its character `from`: what its holes took, whether it
 * ends where the sentence ends, and how many letters are the sentence's own.
 */
function* lies(shape, text, at, from, took = {}, own = 0) {
  const here = shape.parts[at];
  const last = shape.parts.length - 1;
  if (typeof here === 'number') {
    const next = shape.parts[at + 1];
    // The hole takes all there is, or what stands before the words that follow it.
    if (text !== '') yield { took: { ...took, [here]: text }, ends: next === '' && at + 1 === last, own };
    for (let end = 1; next !== '' && end < text.length; end += 1) {
      if (!text.startsWith(next, end) && !next.startsWith(text.slice(end))) continue;
      yield* lies(shape, text.slice(end), at + 1, 0, { ...took, [here]: text.slice(0, end) }, own);
    }
    return;
  }
  const written = here.slice(from);
  if (text.length <= written.length) {
    if (written.startsWith(text)) yield { took, ends: text.length === written.length && at === last, own: own + letters(text) };
  } else if (text.startsWith(written) && at < last) yield* lies(shape, text.slice(written.length), at + 1, 0, took, own + letters(written));
}

/** Every way in which the text is the sentence, else those in which it is a part of it. */
function found(shape, text) {
  const whole = [...lies(shape, text, 0, 0)].filter((one) => one.ends);
  if (whole.length > 0) return whole.map((one) => ({ ...one, shape, whole: true }));
  const inside = [];
  shape.parts.forEach((part, at) => {
    if (typeof part === 'number') inside.push(...lies(shape, text, at, 0));
    else for (let from = 0; from < part.length; from += 1) if (part[from] === text[0] && !(from > 0 && /\p{L}/u.test(part[from - 1]))) inside.push(...lies(shape, text, at, from));
  });
  return inside.map((one) => ({ ...one, shape, whole: false }));
}

/** What the demonstration calls its rooms and its guests, although an example on the page does too. */
const NAMES = new Set(['Accueil', 'Mme Petit', 'Nadia Verlinden']);

export class Words {
  constructor(fr, en) {
    this.shapes = shapes(fr, en);
    this.kept = new Map();
  }

  /** `{ whole, sentences }`: English sources of regular expressions; null for what no table says. */
  #look(text) {
    const candidates = this.shapes.flatMap((shape) => found(shape, text)).filter((one) => one.own > 0);
    const fixed = candidates.filter((one) => one.whole && one.shape.parts.length === 1);
    // A part of a sentence must be more than a word, and a sentence more than what it takes in, or it would be found by accident.
    const open = candidates.filter((one) => (one.whole ? one.own >= (one.shape.parts.length > 3 ? 6 : 4) : one.own >= 6 && / /.test(text) && one.own * 3 >= letters(text)));
    const tier = fixed.length > 0 ? fixed : open;
    if (tier.length === 0) return null;
    // What it takes in may be a sentence itself (« Accepter : … »).
    for (const one of fixed.length > 0 ? [] : tier.filter((one) => one.whole)) {
      for (const taken of Object.values(one.took)) {
        const inside = taken.length < text.length ? this.#asked(taken) : null;
        if (inside?.whole) one.own += inside.own;
      }
    }
    const most = Math.max(...tier.map((one) => one.own));
    const nearest = tier.filter((one) => one.own === most);
    const whole = nearest.filter((one) => one.whole);
    const sources = new Map((whole.length > 0 ? whole : nearest).map((one) => [this.#english(one), one.shape.key]));
    return { whole: whole.length > 0, own: most, sentences: [...sources.keys()], keys: [...sources.values()] };
  }

  /** The English sentence as the source of a regular expression, what is not known in it left open. */
  #english({ shape, took, whole }) {
    const values = shape.values.map((value, at) => {
      if (!(at in took)) return value;
      const number = Number(took[at].replace(/\s/gu, ''));
      const real = typeof value === 'number' && !Number.isNaN(number) ? number : this.#inside(took[at]);
      return Array.isArray(value) ? [real] : real;
    });
    const counted = shape.values.some((value) => typeof value === 'number');
    // The shape of a number hangs on its value: « 2 lignes » was made with another number.
    const text = (counted && whole && said(shape.fr, values) && said(shape.en, values)) || said(shape.en, values) || said(shape.en, shape.values);
    return escaped(text).replace(HOLE, '.*?');
  }

  /** What a sentence takes in may be another, begun without its capital. */
  #inside(text) {
    const same = this.say(text);
    return same !== text || text === '' ? same : this.say(text[0].toLocaleUpperCase('fr') + text.slice(1)).replace(text[0].toLocaleUpperCase('fr') + text.slice(1), text);
  }

  #asked(text) {
    const key = plain(text);
    if (!this.kept.has(key)) this.kept.set(key, key === '' || NAMES.has(key) ? null : this.#look(key));
    return this.kept.get(key);
  }

  /** The English of a whole sentence, for what is expected or chosen; what no table says stays. */
  say(text) {
    const answer = this.#asked(text);
    if (!answer?.whole) return text;
    if (answer.sentences.length > 1) throw new Error(`« ${text} » has ${answer.sentences.length} counterparts: ${answer.keys.join(', ')}; say more of it`);
    return answer.sentences[0].replace(/\\(.)/g, '$1');
  }

  /** What to look for on an English page instead of `text`, a string or a regular expression. */
  find(text, { exact = false } = {}) {
    if (text instanceof RegExp) return this.#expression(text);
    if (typeof text !== 'string') return text;
    const answer = this.#asked(text);
    if (!answer) return text;
    // Homonyms (« Fermer »), and the sentences that share a part, are all looked for: which of them is there, the page says.
    const keys = new Set(answer.keys);
    if (keys.size > 6) throw new Error(`« ${text} » is a part of ${keys.size} sentences: ${[...keys].join(', ')}; say more of it`);
    const source = answer.sentences.length === 1 ? answer.sentences[0] : `(?:${answer.sentences.join('|')})`;
    return new RegExp(exact ? `^\\s*${source}\\s*$` : source, exact ? 'u' : 'iu');
  }

  /** A regular expression becomes what the sentences that it finds in French are in English. */
  #expression(pattern) {
    const key = String(pattern);
    if (NAMES.has(pattern.source)) return pattern;
    if (!this.kept.has(key)) {
      const sources = new Set(this.shapes.filter((one) => pattern.test(one.text) || pattern.test(one.text.replace(HOLE, '7'))).map((shape) => this.#english({ shape, took: {}, whole: false })));
      const open = (source) => `${pattern.source.startsWith('^') ? '^' : ''}${source}${pattern.source.endsWith('$') ? '$' : ''}`;
      this.kept.set(key, sources.size === 0 ? pattern : new RegExp([...sources].map(open).join('|'), 'iu'));
    }
    return this.kept.get(key);
  }
}

export const words = ENGLISH || process.env.BEFFROI_E2E_WORDS ? new Words(await table('fr'), await table('en')) : null;

/** A whole sentence in the language of this run. */
export const says = (text) => (ENGLISH ? words.say(text) : text);
/** For what no single sentence of the tables holds: both are written. */
export const either = (french, english) => (ENGLISH ? english : french);
