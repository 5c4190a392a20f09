/** Copies a text and says so for a moment. */
export function copied() {
  let done = $state(false);
  return {
    get done() {
      return done;
    },
    async copy(text: string): Promise<void> {
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        return; // refused by the browser: the text stands beside the button, to be selected
      }
      done = true;
      setTimeout(() => (done = false), 2500);
    },
  };
}
