/** The other windows of this browser, on the same server: they hear of what happened to the session they share. */
export class Windows {
  readonly #channel: BroadcastChannel | null;

  constructor(heard: (status: string) => void) {
    this.#channel = typeof BroadcastChannel === 'undefined' ? null : new BroadcastChannel('beffroi.session');
    if (this.#channel) this.#channel.onmessage = (event: MessageEvent<unknown>) => heard(String(event.data));
  }

  tell(status: string): void {
    this.#channel?.postMessage(status);
  }
}

/** Everything that this browser keeps of this server and that a script can reach; the server's answer asks the same. */
export async function forgetEverything(): Promise<void> {
  const kept = async (): Promise<void> => {
    for (const { name } of await indexedDB.databases()) if (name !== undefined) indexedDB.deleteDatabase(name);
    for (const name of await caches.keys()) await caches.delete(name);
  };
  try {
    localStorage.clear();
    sessionStorage.clear();
    await kept();
  } catch {
    // Storage that the browser refuses holds nothing.
  }
}
