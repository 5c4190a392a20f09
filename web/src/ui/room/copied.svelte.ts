/** Copies a text and says so for a moment. */
export function copied() {
  let done = $state(false);
  return {
    get done() {
      return done;
    },
    async copy(text: string): Promise<void> {
      await navigator.clipboard.writeText(text);
      done = true;
      setTimeout(() => (done = false), 2500);
    },
  };
}
