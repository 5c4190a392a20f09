import { Problem, type ProblemDocument } from '../core/problem';
import { provable } from '../core/proof';

export type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

/**
 * The HTTP API of docs/protocol.md: JSON in, JSON out, the session cookie, the CSRF token on every
 * change. Rejects with [`Problem`] only.
 */
export class Http {
  /** What `X-CSRF-Token` carries; the session keeps it current. */
  csrf: string | null = null;
  /** What this client is, told with every request: `web/1.4.2`. */
  client: string | null = null;
  /** Called when the server serves only newer clients than this one. */
  onOutdated: () => void = () => {};
  /** Called when the server says that the session is over. */
  onSignedOut: () => void = () => {};
  /** Called when the session turns out to be locked, or before a charter: nothing opens until that is done. */
  onShut: () => void = () => {};
  /** Where the person is, told back with a refusal of what was asked for from there. */
  place: () => number = () => 0;
  /** Called when a proof would lift a refusal; true when it was given, and the request is sent again. */
  onRefused: (problem: Problem, background: boolean, place: number) => Promise<boolean> = () => Promise.resolve(false);
  /** Called when the session has another token than this page knows, since another page proved something; true to send again. */
  onChanged: () => Promise<boolean> = () => Promise.resolve(false);

  constructor(
    private readonly base = '/api',
    private readonly send: typeof fetch = (input, init) => fetch(input, init),
  ) {}

  get<T>(path: string): Promise<T> {
    return this.call<T>('GET', path);
  }
  post<T = void>(path: string, body: unknown = {}): Promise<T> {
    return this.call<T>('POST', path, body);
  }
  /** The bytes of a file, as they are. */
  postFile<T>(path: string, file: Blob, type: string): Promise<T> {
    return this.call<T>('POST', path, new File([file], 'file', { type }));
  }
  patch<T = void>(path: string, body: unknown): Promise<T> {
    return this.call<T>('PATCH', path, body);
  }
  put<T = void>(path: string, body: unknown): Promise<T> {
    return this.call<T>('PUT', path, body);
  }
  /** What is no JSON: text, or bytes of the house's own formats. */
  async bytes(path: string): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await (await this.answered('GET', path)).arrayBuffer());
  }
  delete(path: string): Promise<void> {
    return this.call<void>('DELETE', path);
  }

  /** Headers that every change carries, for those who send bytes themselves (uploads). */
  changeHeaders(): Record<string, string> {
    return this.csrf === null ? {} : { 'X-CSRF-Token': this.csrf };
  }

  url(path: string): string {
    return this.base + path;
  }

  private async call<T>(method: Method, path: string, body?: unknown): Promise<T> {
    const response = await this.answered(method, path, body);
    if (response.status === 204) return undefined as T;
    const text = await response.text();
    return (text === '' ? undefined : JSON.parse(text)) as T;
  }

  /** The answer, once a proof that it takes was given. */
  private async answered(method: Method, path: string, body?: unknown): Promise<Response> {
    const place = this.place();
    try {
      return await this.once(method, path, body);
    } catch (cause) {
      if (!(cause instanceof Problem)) throw cause;
      const again = provable(cause) ? await this.onRefused(cause, method === 'GET', place) : cause.title === 'csrf' && (await this.onChanged());
      if (!again) throw cause;
      return this.once(method, path, body);
    }
  }

  private async once(method: Method, path: string, body?: unknown): Promise<Response> {
    const headers: Record<string, string> = { Accept: 'application/json' };
    const init: RequestInit = { method, headers, credentials: 'same-origin', cache: 'no-store' };
    if (this.client !== null) headers['X-Beffroi-Client'] = this.client;
    if (method !== 'GET') Object.assign(headers, this.changeHeaders());
    if (body instanceof File) {
      headers['Content-Type'] = body.type;
      init.body = body;
    } else if (body !== undefined) {
      headers['Content-Type'] = 'application/json';
      init.body = JSON.stringify(body);
    }
    let response: Response;
    try {
      response = await this.send(this.url(path), init);
    } catch {
      throw Problem.unreachable();
    }
    if (!response.ok) throw await this.problem(response, path);
    return response;
  }

  private async problem(response: Response, path: string): Promise<Problem> {
    const problem = problemOf(response.status, await response.text().catch(() => ''));
    if (problem.title === 'locked' || problem.rule === 'charter') this.onShut();
    if (problem.rule === 'client-version') this.onOutdated();
    if (problem.title === 'signed-out' && !path.startsWith('/session')) this.onSignedOut();
    return problem;
  }
}

/** Reads an error body; anything that is not problem+json (a proxy's page) is `internal`. */
export function problemOf(status: number, text: string): Problem {
  try {
    const document = JSON.parse(text) as Partial<ProblemDocument>;
    if (typeof document.title === 'string') {
      return new Problem({ ...document, status, title: document.title, detail: document.detail ?? '' });
    }
  } catch {
    // Not JSON: falls through.
  }
  const title = status === 401 ? 'signed-out' : status === 404 ? 'not-found' : status === 429 ? 'wait' : 'internal';
  return new Problem({ status, title, detail: '' });
}
