// A visitor without a mouse: every click, field and choice of a journey is reached with Tab, seen to have the focus, and
// used with the keys that a person would press. What cannot be reached, or does not show its focus, fails the journey.

/** So many stops that a page of fifty people passes, and a trap does not. */
const MOST = 400;
const SHORTLY = 20_000;

/** What a click on the element would work on: the link or button around it, the field of its label. */
function marked(element) {
  const usable = 'a[href], button, summary, input, select, textarea, [tabindex]';
  const around = element.closest(usable) ?? element.closest('label')?.control ?? element.querySelector(usable);
  if (!around) throw new Error(`nothing to focus: ${element.outerHTML.slice(0, 200)}`);
  for (const one of document.querySelectorAll('[data-wanted]')) one.removeAttribute('data-wanted');
  around.setAttribute('data-wanted', '');
}

/** Where the focus is, seen from what is wanted. */
function whereabouts() {
  const wanted = document.querySelector('[data-wanted]');
  if (!wanted) return { gone: true };
  const at = document.activeElement;
  if (at === wanted) return { there: true };
  const holder = '[role=toolbar], [role=tablist], [role=menu], [role=listbox], [role=radiogroup], [role=grid]';
  const group = wanted.closest(holder);
  const together = (group?.contains(at) && at !== group) || (wanted.type === 'radio' && at?.type === 'radio' && at.name === wanted.name && at.form === wanted.form);
  const place = at ? at.compareDocumentPosition(wanted) : 0;
  return { nowhere: !at || at === document.body, together: together && wanted.tabIndex < 0 ? 'arrows' : together && wanted.type === 'radio' ? 'arrows' : null, before: (place & Node.DOCUMENT_POSITION_PRECEDING) !== 0, vertical: wanted.type === 'radio' };
}

/** Whether somebody sees which element has the focus, and the element itself (WCAG 2.4.7, 2.4.11). */
function unseen() {
  const at = document.activeElement;
  const box = at.getBoundingClientRect();
  // What is drawn for a hidden native field is beside it, in its label.
  const drawn = [at, at.nextElementSibling, at.parentElement, at.closest('label'), at.closest('form')].filter(Boolean);
  const rings = drawn.some((one) => {
    const style = getComputedStyle(one);
    return style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2;
  });
  if (!rings) return 'shows no focus';
  const inside = box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
  if (!inside) return `is outside the window (${Math.round(box.top)} of ${innerHeight})`;
  const above = document.elementFromPoint(Math.max(0, Math.min(innerWidth - 1, box.left + box.width / 2)), Math.max(0, Math.min(innerHeight - 1, box.top + box.height / 2)));
  if (above && above !== at && !at.contains(above) && !above.contains(at) && !at.labels?.[0]?.contains(above)) return `is covered by ${above.outerHTML.slice(0, 120)}`;
  return null;
}

/**
 * The focus is still somewhere after what was done before on this page: whoever pressed a button that is gone since
 * would otherwise begin again at the top (WCAG 2.4.3). A page that was just loaded has none yet.
 */
async function held(visitor, page, locator) {
  const lost = await page.evaluate((now) => {
    const before = window.lastReached;
    window.lastReached = now;
    return before && (!document.activeElement || document.activeElement === document.body) ? before : null;
  }, String(locator));
  if (lost) visitor.faults.push(`${visitor.name}: by keyboard, the focus is nowhere before ${locator}; the last was ${lost}`);
}

/** Brings the focus to what the locator means, with Tab and, inside a group that takes them, the arrows. */
async function reach(visitor, locator, original) {
  const page = locator.page();
  await original.waitFor.call(locator, { state: 'visible' });
  const until = performance.now() + SHORTLY;
  while (await locator.evaluate((one) => one.matches(':disabled, :disabled *'))) {
    if (performance.now() > until) throw new Error(`${locator} stays disabled`);
    await page.evaluate(() => new Promise((frame) => requestAnimationFrame(frame)));
  }
  await held(visitor, page, locator);
  await locator.evaluate(marked);
  const passed = [];
  let back = null;
  for (let stops = 0; stops < MOST; stops += 1) {
    const at = await page.evaluate(whereabouts);
    if (at.there) {
      const why = await page.evaluate(unseen);
      if (why) visitor.faults.push(`${visitor.name}: by keyboard, ${locator} ${why}`);
      return;
    }
    if (at.gone) {
      await locator.evaluate(marked); // drawn again meanwhile
      continue;
    }
    // Whoever looks for something goes towards it.
    back ??= at.before;
    const key = at.together ? (at.before ? 'ArrowUp' : 'ArrowDown') : back ? 'Shift+Tab' : 'Tab';
    await page.keyboard.press(at.together && !at.vertical ? key.replace('Up', 'Left').replace('Down', 'Right') : key);
    if (stops > MOST - 12) passed.push(await page.evaluate(() => document.activeElement?.outerHTML.slice(0, 80)));
  }
  throw new Error(`${locator} cannot be reached with Tab; the last stops: ${passed.join(' | ')}`);
}

/** From now on the pages of this process are used without a mouse. `of(page)` is whose page that is. */
export function withoutMouse(page, of) {
  const kind = Object.getPrototypeOf(page.locator('body'));
  const original = Object.fromEntries(['click', 'fill', 'check', 'uncheck', 'focus', 'press', 'pressSequentially', 'selectOption', 'setInputFiles', 'waitFor'].map((name) => [name, kind[name]]));
  const reached = (locator) => reach(of(locator.page()), locator, original);
  const keys = (locator) => locator.page().keyboard;

  kind.click = async function () {
    await reached(this);
    const ticks = await this.page().evaluate(() => document.activeElement.matches('[type=checkbox], [type=radio]'));
    await keys(this).press(ticks ? 'Space' : 'Enter');
  };
  kind.focus = function () {
    return reached(this);
  };
  kind.press = async function (key) {
    await reached(this);
    await keys(this).press(key);
  };
  kind.fill = async function (text, options) {
    await reached(this);
    // A day or a colour is written in the browser's own way; that it is reached is what matters here.
    if (await this.evaluate((one) => ['date', 'time', 'color', 'range'].includes(one.type))) return original.fill.call(this, text, options);
    await keys(this).press('Control+a');
    if (text === '') await keys(this).press('Delete');
    else await keys(this).insertText(text);
  };
  kind.pressSequentially = async function (text) {
    await reached(this);
    await keys(this).type(text);
  };
  for (const [name, wanted] of [['check', true], ['uncheck', false]]) {
    kind[name] = async function () {
      await reached(this);
      if ((await this.isChecked()) !== wanted) await keys(this).press('Space');
      if ((await this.isChecked()) !== wanted) throw new Error(`${this} does not change with Space`);
    };
  }
  kind.selectOption = async function (chosen) {
    await reached(this);
    const label = (text) => text.replace(/\s+/gu, ' ').trim();
    const steps = await this.evaluate((one, { label, value }) => {
      const plain = (text) => text.replace(/\s+/gu, ' ').trim();
      const options = [...one.options].filter((option) => !option.disabled);
      const to = options.findIndex((option) => (label === undefined ? option.value === value : plain(option.label) === label));
      return to === -1 ? null : to - options.indexOf(one.selectedOptions[0]);
    }, typeof chosen === 'string' ? { value: chosen } : { ...chosen, ...(chosen.label === undefined ? {} : { label: label(chosen.label) }) });
    if (steps === null) throw new Error(`${this} has no ${JSON.stringify(chosen)}`);
    for (let step = 0; step < Math.abs(steps); step += 1) await keys(this).press(steps < 0 ? 'ArrowUp' : 'ArrowDown');
  };
  kind.setInputFiles = async function (...given) {
    await reached(this);
    const choosing = this.page().waitForEvent('filechooser');
    await keys(this).press('Enter');
    await (await choosing).setFiles(...given);
  };
}
