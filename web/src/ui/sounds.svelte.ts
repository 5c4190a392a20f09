const KEPT_AS = 'beffroi.sounds';
let on = $state(kept());
let context: AudioContext | null = null;

function kept(): boolean {
  try {
    return localStorage.getItem(KEPT_AS) !== 'off';
  } catch {
    return true; // storage refused: the choice lasts as long as the page
  }
}

export function sounds(): boolean {
  return on;
}

export function setSounds(value: boolean): void {
  on = value;
  try {
    localStorage.setItem(KEPT_AS, value ? 'on' : 'off');
  } catch {
    // See kept().
  }
}

/** Partials of a small bronze bell: frequency ratio, loudness, seconds to fade. */
const BELL: readonly [number, number, number][] = [
  [0.5, 0.25, 2.2],
  [1, 0.5, 1.8],
  [1.19, 0.3, 1.4],
  [1.5, 0.2, 1],
  [2, 0.3, 0.9],
  [2.74, 0.12, 0.5],
];

function strike(frequency: number, partials: readonly [number, number, number][], loudness: number): void {
  if (!on) return;
  // Before the first click on the page the browser keeps the context suspended: silence, no error.
  context ??= new AudioContext();
  const start = context.currentTime;
  for (const [ratio, level, fades] of partials) {
    const tone = context.createOscillator();
    const gain = context.createGain();
    tone.frequency.value = frequency * ratio;
    gain.gain.setValueAtTime(level * loudness, start);
    gain.gain.exponentialRampToValueAtTime(0.0001, start + fades);
    tone.connect(gain).connect(context.destination);
    tone.start(start);
    tone.stop(start + fades);
  }
}

/** A meeting rings, or someone waits at the door. */
export function ringBell(): void {
  strike(523, BELL, 0.22);
}

/** A call: the same bell, half as loud, twice. */
export function ringCall(): void {
  strike(523, BELL, 0.12);
  setTimeout(() => strike(659, BELL, 0.12), 350);
}

/** A message. */
export function tick(): void {
  strike(880, [[1, 0.4, 0.09]], 0.12);
}
