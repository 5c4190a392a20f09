import type { Call as CoreCall } from '../core/meeting';

/** Receive slots that the client offers, as docs/protocol.md fixes them. */
const AUDIO_SLOTS = 11;
const VIDEO_SLOTS = 13;
const SETTLE_WITHIN = 8_000; // ms a broken path may take to heal by itself

export type Kind = 'audio' | 'video' | 'screen';

/** Bits per second that one sender may use; a town hall's uplink carries a dozen of them. */
const CEILING: Record<Kind, number> = { audio: 48_000, video: 900_000, screen: 2_500_000 };

/**
 * One peer connection with everything that will ever travel on it, offered once: sending starts and
 * stops by `replaceTrack`, nothing is negotiated again (docs/protocol.md "Media").
 */
export class Call implements CoreCall {
  readonly #peer = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  readonly #senders: Record<Kind, RTCRtpTransceiver>;
  readonly #streams = new Map<string, MediaStream>();
  #settling: ReturnType<typeof setTimeout> | null = null;
  #closed = false;

  constructor(lost: () => void) {
    const opus = codecs('audio', ['audio/opus']);
    const vp8 = codecs('video', ['video/VP8', 'video/rtx']);
    const add = (kind: 'audio' | 'video', direction: RTCRtpTransceiverDirection) => {
      const transceiver = this.#peer.addTransceiver(kind, { direction });
      transceiver.setCodecPreferences(kind === 'audio' ? opus : vp8);
      return transceiver;
    };
    this.#senders = { audio: add('audio', 'sendonly'), video: add('video', 'sendonly'), screen: add('video', 'sendonly') };
    for (let slot = 0; slot < AUDIO_SLOTS; slot += 1) add('audio', 'recvonly');
    for (let slot = 0; slot < VIDEO_SLOTS; slot += 1) add('video', 'recvonly');

    this.#peer.addEventListener('connectionstatechange', () => {
      const state = this.#peer.connectionState;
      if (this.#settling !== null) clearTimeout(this.#settling);
      this.#settling = null;
      if (this.#closed) return;
      if (state === 'failed') lost();
      else if (state === 'disconnected') this.#settling = setTimeout(lost, SETTLE_WITHIN);
    });
  }

  async offer(): Promise<string> {
    await this.#peer.setLocalDescription(await this.#peer.createOffer());
    return this.#peer.localDescription?.sdp ?? '';
  }

  async accept(answer: string): Promise<void> {
    await this.#peer.setRemoteDescription({ type: 'answer', sdp: answer });
    for (const kind of ['audio', 'video', 'screen'] as const) await this.#limit(kind);
  }

  async send(kind: Kind, track: MediaStreamTrack | null): Promise<void> {
    if (!this.#closed) await this.#senders[kind].sender.replaceTrack(track);
  }

  /** What arrives on the receive slot `mid`, as a stream that an element can play; always the same one. */
  stream(mid: string): MediaStream | null {
    const known = this.#streams.get(mid);
    if (known) return known;
    const transceiver = this.#peer.getTransceivers().find((one) => one.mid === mid);
    if (!transceiver) return null;
    const stream = new MediaStream([transceiver.receiver.track]);
    this.#streams.set(mid, stream);
    return stream;
  }

  close(): void {
    this.#closed = true;
    if (this.#settling !== null) clearTimeout(this.#settling);
    this.#peer.close();
  }

  async #limit(kind: Kind): Promise<void> {
    const { sender } = this.#senders[kind];
    const parameters = sender.getParameters();
    for (const encoding of parameters.encodings) encoding.maxBitrate = CEILING[kind];
    if (kind === 'screen') parameters.degradationPreference = 'maintain-resolution';
    try {
      await sender.setParameters(parameters);
    } catch {
      // The browser keeps its own limits; the call works all the same.
    }
  }
}

function codecs(kind: 'audio' | 'video', wanted: string[]): RTCRtpCodec[] {
  const known = RTCRtpReceiver.getCapabilities(kind)?.codecs ?? [];
  return known.filter((codec) => wanted.includes(codec.mimeType));
}
