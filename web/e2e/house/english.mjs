// In the English run every sentence by which a journey finds something on a page is carried over, here, for all journeys.
import { words } from './words.mjs';

const FINDS = ['getByText', 'getByLabel', 'getByPlaceholder', 'getByTitle', 'getByAltText'];

/** From now on the pages and locators of this process look for English where French is written. */
export function lookInEnglish(page) {
  const locator = Object.getPrototypeOf(page.locator('body'));
  for (const kind of [Object.getPrototypeOf(page), locator]) {
    for (const name of FINDS) carry(kind, name, (text, options) => [words.find(text, options), options]);
    carry(kind, 'getByRole', (role, options) => [role, options && 'name' in options ? { ...options, name: words.find(options.name, options) } : options]);
    carry(kind, 'locator', (selector, options) => [selector, inside(options)]);
  }
  carry(locator, 'filter', (options) => [inside(options)]);
  carry(locator, 'selectOption', (chosen, options) => [chosen?.label ? { ...chosen, label: words.say(chosen.label) } : chosen, options]);
}

const inside = (options) => {
  if (!options) return options;
  const carried = { ...options };
  for (const key of ['hasText', 'hasNotText']) if (key in carried) carried[key] = words.find(carried[key]);
  return carried;
};

function carry(kind, name, over) {
  const before = kind[name];
  kind[name] = function (...given) {
    return before.apply(this, over(...given));
  };
}
