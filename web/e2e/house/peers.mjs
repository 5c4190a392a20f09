// What a page really receives and sends, read with getStats from every connection that it made.

/** Runs in the page before its own scripts: keeps every RTCPeerConnection, and every WebSocket so that a journey can cut it. */
export function watchPeers() {
  const Native = globalThis.RTCPeerConnection;
  if (!Native) return;
  globalThis.__peers = [];
  const Socket = globalThis.WebSocket;
  globalThis.__sockets = [];
  globalThis.WebSocket = class extends Socket {
    constructor(...values) {
      super(...values);
      globalThis.__sockets.push(this);
    }
  };
  globalThis.RTCPeerConnection = class extends Native {
    constructor(...values) {
      super(...values);
      globalThis.__peers.push(this);
    }
  };
}

/** Sums over the open connections: frames decoded, audio energy, bytes in and out, and how many streams carry something. */
export function received(page) {
  return page.evaluate(async () => {
    const sum = { open: 0, frames: 0, energy: 0, level: 0, bytesIn: 0, bytesOut: 0, videoIn: 0, audioIn: 0, widths: [] };
    for (const peer of globalThis.__peers ?? []) {
      if (peer.connectionState === 'closed') continue;
      sum.open += 1;
      for (const report of (await peer.getStats()).values()) {
        if (report.type === 'outbound-rtp') sum.bytesOut += report.bytesSent ?? 0;
        if (report.type !== 'inbound-rtp') continue;
        sum.bytesIn += report.bytesReceived ?? 0;
        if (report.kind === 'video') {
          sum.frames += report.framesDecoded ?? 0;
          if ((report.framesDecoded ?? 0) > 0) {
            sum.videoIn += 1;
            sum.widths.push(report.frameWidth ?? 0);
          }
        } else {
          sum.energy += report.totalAudioEnergy ?? 0;
          sum.level = Math.max(sum.level, report.audioLevel ?? 0);
          if ((report.bytesReceived ?? 0) > 0) sum.audioIn += 1;
        }
      }
    }
    return sum;
  });
}
