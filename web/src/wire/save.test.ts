import { afterEach, expect, test, vi } from 'vitest';
import { save } from './save';

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

test('what is saved stands in the page when it is clicked, and is there a while longer', () => {
  vi.useFakeTimers();
  URL.createObjectURL = vi.fn(() => 'blob:made');
  URL.revokeObjectURL = vi.fn();
  const clicked: { name: string; attached: boolean }[] = [];
  vi.spyOn(HTMLAnchorElement.prototype, 'click').mockImplementation(function (this: HTMLAnchorElement) {
    clicked.push({ name: this.download, attached: this.isConnected });
  });
  save('journal.zip', ['a'], 'application/zip');
  expect(clicked).toEqual([{ name: 'journal.zip', attached: true }]);
  expect(document.querySelector('a')).toBeNull();
  expect(URL.revokeObjectURL).not.toHaveBeenCalled();
  vi.runAllTimers();
  expect(URL.revokeObjectURL).toHaveBeenCalledWith('blob:made');
});
