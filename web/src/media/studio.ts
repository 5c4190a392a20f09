import type { Sends } from '../core/meeting';
import { Readable } from '../core/readable';
import { Call, type Kind } from './call';

export type Trouble = 'refused' | 'missing' | 'taken' | 'failed';

export interface StudioState {
  audio: MediaStreamTrack | null;
  video: MediaStreamTrack | null;
  screen: MediaStreamTrack | null;
  /** The microphone is open but nothing of it is sent. */
  muted: boolean;
  trouble: Partial<Record<Kind, Trouble>>;
  microphones: readonly MediaDeviceInfo[];
  cameras: readonly MediaDeviceInfo[];
  /** Counts the calls made: who shows remote streams asks again when it grows. */
  calls: number;
}

/**
 * My microphone, camera and screen. Devices open when a person asks for them and close when they are
 * switched off, so that the light on the camera tells the truth; only the microphone stays open while
 * muted, silent, so that speaking again does not cut the first word.
 */
export class Studio extends Readable<StudioState> {
  #call: Call | null = null;
  #own: { video?: MediaStream; screen?: MediaStream } = {};
  /** Told whenever what I send changes. */
  onSends: (sends: Sends) => void = () => {};

  constructor() {
    super({ audio: null, video: null, screen: null, muted: true, trouble: {}, microphones: [], cameras: [], calls: 0 });
  }

  get sends(): Sends {
    return { audio: this.value.audio !== null && !this.value.muted, video: this.value.video !== null, screen: this.value.screen !== null };
  }
  get canShare(): boolean {
    return typeof navigator.mediaDevices?.getDisplayMedia === 'function';
  }

  /** A fresh connection that carries what is on now. */
  call(lost: () => void): Call {
    this.#call = new Call(lost);
    this.#change({ calls: this.value.calls + 1 });
    void this.#sendAll();
    return this.#call;
  }

  stream(mid: string): MediaStream | null {
    return this.#call?.stream(mid) ?? null;
  }

  /** My own picture or screen, for my own eyes. */
  own(kind: 'video' | 'screen'): MediaStream | null {
    const track = this.value[kind];
    if (!track) return null;
    if (this.#own[kind]?.getTracks()[0] !== track) this.#own[kind] = new MediaStream([track]);
    return this.#own[kind] ?? null;
  }

  async microphone(on: boolean): Promise<void> {
    if (on && !this.value.audio) await this.#openMicrophone();
    if (on && !this.value.audio) return;
    this.#change({ muted: !on });
    await this.#send('audio');
  }

  async #openMicrophone(device?: string): Promise<void> {
    const track = await this.#open('audio', {
      audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, ...(device ? { deviceId: { exact: device } } : {}) },
    });
    if (!track) return;
    this.value.audio?.stop();
    this.#change({ audio: track });
  }

  async camera(on: boolean, device?: string): Promise<void> {
    this.value.video?.stop();
    this.#change({ video: null });
    if (on) {
      const size = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 25, max: 30 } };
      const track = await this.#open('video', { video: { ...size, ...(device ? { deviceId: { exact: device } } : { facingMode: 'user' }) } });
      if (track) this.#change({ video: track });
    }
    await this.#send('video');
  }

  async chooseMicrophone(device: string): Promise<void> {
    await this.#openMicrophone(device);
    await this.#send('audio');
  }

  async screen(on: boolean): Promise<void> {
    this.value.screen?.stop();
    this.#change({ screen: null });
    if (on) {
      try {
        const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: { ideal: 12, max: 20 } }, audio: false });
        const track = stream.getVideoTracks()[0] ?? null;
        if (track) {
          track.contentHint = 'detail';
          track.addEventListener('ended', () => void this.screen(false)); // the browser's own « stop sharing »
          this.#change({ screen: track, trouble: without(this.value.trouble, 'screen') });
        }
      } catch (cause) {
        // Closing the browser's picker is a choice, not a trouble.
        if (troubleOf(cause) !== 'refused') this.#change({ trouble: { ...this.value.trouble, screen: troubleOf(cause) } });
      }
    }
    await this.#send('screen');
  }

  /** Everything off, every device closed. */
  close(): void {
    for (const kind of ['audio', 'video', 'screen'] as const) this.value[kind]?.stop();
    this.#call?.close();
    this.#call = null;
    this.#change({ audio: null, video: null, screen: null, muted: true });
  }

  async #open(kind: 'audio' | 'video', wanted: MediaStreamConstraints): Promise<MediaStreamTrack | null> {
    try {
      const stream = await navigator.mediaDevices.getUserMedia(wanted);
      const track = stream.getTracks()[0] ?? null;
      track?.addEventListener('ended', () => this.#gone(kind, track));
      this.#change({ trouble: without(this.value.trouble, kind) });
      await this.#listDevices();
      return track;
    } catch (cause) {
      this.#change({ trouble: { ...this.value.trouble, [kind]: troubleOf(cause) } });
      return null;
    }
  }

  /** The device was pulled out. */
  #gone(kind: 'audio' | 'video', track: MediaStreamTrack): void {
    if (this.value[kind] !== track) return;
    this.#change({ [kind]: null, trouble: { ...this.value.trouble, [kind]: 'missing' } });
    void this.#send(kind);
  }

  async #listDevices(): Promise<void> {
    const devices = await navigator.mediaDevices.enumerateDevices();
    this.#change({
      microphones: devices.filter((device) => device.kind === 'audioinput' && device.deviceId !== ''),
      cameras: devices.filter((device) => device.kind === 'videoinput' && device.deviceId !== ''),
    });
  }

  async #send(kind: Kind): Promise<void> {
    await this.#call?.send(kind, this.#outgoing(kind));
    this.onSends(this.sends);
  }

  async #sendAll(): Promise<void> {
    for (const kind of ['audio', 'video', 'screen'] as const) await this.#call?.send(kind, this.#outgoing(kind));
  }

  #outgoing(kind: Kind): MediaStreamTrack | null {
    return kind === 'audio' && this.value.muted ? null : this.value[kind];
  }

  #change(change: Partial<StudioState>): void {
    this.set({ ...this.value, ...change });
  }
}

function without(trouble: StudioState['trouble'], kind: Kind): StudioState['trouble'] {
  const rest = { ...trouble };
  delete rest[kind];
  return rest;
}

/** Names of DOMException that getUserMedia gives (Media Capture and Streams §10.2.1). */
function troubleOf(cause: unknown): Trouble {
  const name = cause instanceof Error ? cause.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'refused';
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'missing';
  if (name === 'NotReadableError') return 'taken';
  // Without HTTPS (or localhost) the browser has no mediaDevices at all: a TypeError.
  return name === 'TypeError' ? 'refused' : 'failed';
}
