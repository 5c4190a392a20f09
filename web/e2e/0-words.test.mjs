// How the English run reads the French of the journeys: what a sentence becomes, what stays, what is refused.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Words } from './house/words.mjs';

const words = new Words(
  {
    close: 'Fermer',
    disable: 'Fermer',
    accept: (what) => `Accepter : ${what}`,
    erase: (days, label) => `Effacer après ${days === 1 ? '1 jour' : `${days} jours`} ce qui porte « ${label} »`,
    left: (left) => (left === 1 ? 'Plus qu’un essai.' : `Il reste ${left} essais avant la fin de la session.`),
    where: (place) => `depuis ${place}`,
    none: 'Aucun appareil n’est enrôlé.',
    account: (name) => `Le compte de ${name}`,
    ...Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`many${n}`, `Le salon est fermé, cas ${'abcdefgh'[n]}.`])),
  },
  {
    close: 'Close',
    disable: 'Disable',
    accept: (what) => `Approve: ${what}`,
    erase: (days, label) => `Erase what carries “${label}” after ${days === 1 ? '1 day' : `${days} days`}`,
    left: (left) => (left === 1 ? 'One try is left.' : `${left} tries are left before your session ends.`),
    where: (place) => `from ${place}`,
    none: 'No device is enrolled.',
    account: (name) => `The account of ${name}`,
    ...Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`many${n}`, `The room is closed, case ${'abcdefgh'[n]}.`])),
  },
);
const finds = (french, options) => String(words.find(french, options));

test('a whole sentence, with what it takes in, and a sentence inside another', () => {
  assert.equal(finds('Aucun appareil n’est enrôlé.'), '/No device is enrolled\\./iu');
  assert.equal(finds('Le compte de Bob Lambert', { exact: true }), '/^\\s*The account of Bob Lambert\\s*$/u');
  assert.equal(finds('Accepter : Effacer après 30 jours ce qui porte « Interne »'), '/Approve: Erase what carries “Interne” after 30 days/iu');
  assert.equal(finds('Accepter : Effacer après 1 jour ce qui porte « Interne »'), '/Approve: Erase what carries “Interne” after 1 day/iu');
});

test('a part of a sentence finds the whole, with what is not known left open', () => {
  assert.equal(finds('Aucun appareil'), '/No device is enrolled\\./iu');
  assert.equal(finds('Il reste 9 essais'), '/9 tries are left before your session ends\\./iu');
  assert.equal(finds(/^Le compte de/), '/^The account of .*?|^The account of/iu');
});

test('spaces are all alike', () => {
  assert.equal(finds('Accepter\u202f: Effacer  après 30\u00a0jours ce qui porte «\u202fInterne\u202f»'), finds('Accepter : Effacer après 30 jours ce qui porte « Interne »'));
});

test('homonyms are all looked for, but what is expected must be one', () => {
  assert.equal(finds('Fermer'), '/(?:Close|Disable)/iu');
  assert.throws(() => words.say('Fermer'), /2 counterparts: close, disable/);
  assert.equal(words.say('Le compte de Bob Lambert'), 'The account of Bob Lambert');
});

test('what no table says stays, names above all', () => {
  for (const name of ['Bob Lambert', 'Accueil', 'Téléphone de service', 'bob@demo.localhost', 'Ordre du jour relu.']) assert.equal(words.find(name), name);
});

test('a part of too many sentences is refused', () => {
  assert.throws(() => words.find('Le salon est fermé'), /a part of 8 sentences/);
});
