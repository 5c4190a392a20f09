import type { MeetingState } from '../core/events';
import { Problem } from '../core/problem';
import type { MeetingWire } from '../core/wire';
import { readMeeting } from './read';
import { child, NS, x, type Xml } from './xml';

/** The meeting's requests, `urn:beffroi:meeting:0` in docs/protocol.md. */
export class Meetings implements MeetingWire {
  constructor(private readonly ask: (type: 'get' | 'set', to: string, payload: Xml) => Promise<Element>) {}

  async ring(room: string): Promise<string> {
    const result = await this.#set(room, 'ring');
    return child(result, 'meeting', NS.meeting)?.getAttribute('id') ?? '';
  }
  async join(room: string, offer: string): Promise<{ participant: string; answer: string }> {
    const result = await this.ask('set', room, x('join', { xmlns: NS.meeting }, x('sdp', {}, offer)));
    const joined = child(result, 'joined', NS.meeting);
    const answer = joined && child(joined, 'sdp', NS.meeting)?.textContent;
    if (!joined || !answer) throw new Problem({ status: 0, title: 'internal', detail: '' });
    // XML turns CRLF into LF on the way; SDP wants it back (RFC 8866 §5).
    return { participant: joined.getAttribute('participant') ?? '', answer: answer.trim().replace(/\r?\n/g, '\r\n') + '\r\n' };
  }
  knock = (room: string) => this.#do(room, 'knock');
  decline = (room: string) => this.#do(room, 'decline');
  leave = (room: string) => this.#do(room, 'leave');
  hand = (room: string, raised: boolean) => this.#do(room, 'hand', { raised: String(raised) });
  lower = (room: string, participant: string) => this.#do(room, 'lower', { participant });
  admit = (room: string, guest: string) => this.#do(room, 'admit', { guest });
  refuse = (room: string, guest: string) => this.#do(room, 'refuse', { guest });
  remove = (room: string, participant: string) => this.#do(room, 'remove', { participant });
  end = (room: string) => this.#do(room, 'end');
  media = (room: string, sends: { audio: boolean; video: boolean; screen: boolean }) =>
    this.#do(room, 'media', { audio: String(sends.audio), video: String(sends.video), screen: String(sends.screen) });

  async state(room: string): Promise<MeetingState | null> {
    try {
      const result = await this.ask('get', room, x('state', { xmlns: NS.meeting }));
      const meeting = child(result, 'meeting', NS.meeting);
      return meeting ? readMeeting(meeting) : null;
    } catch (cause) {
      if (Problem.from(cause).title === 'not-found') return null;
      throw cause;
    }
  }

  async #do(room: string, name: string, attributes: Record<string, string> = {}): Promise<void> {
    await this.#set(room, name, attributes);
  }
  #set(room: string, name: string, attributes: Record<string, string> = {}): Promise<Element> {
    return this.ask('set', room, x(name, { xmlns: NS.meeting, ...attributes }));
  }
}
