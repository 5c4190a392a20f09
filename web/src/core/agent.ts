/** What a `User-Agent` header names, for a person who looks for their own devices. */
export interface Agent {
  /** `Firefox`, `Chrome`…; null when none is known. */
  browser: string | null;
  /** `Windows`, `Android`…; null when none is known. */
  system: string | null;
}

// The first match wins: every Chromium says Safari and Chrome, Edge says Chrome too.
const BROWSERS: readonly [RegExp, string][] = [
  [/\bEdg(?:A|iOS)?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bVivaldi\//, 'Vivaldi'],
  [/\b(?:Firefox|FxiOS)\//, 'Firefox'],
  [/\b(?:HeadlessChrome|Chrome|CriOS)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
];
const SYSTEMS: readonly [RegExp, string][] = [
  [/\bAndroid\b/, 'Android'],
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bWindows\b/, 'Windows'],
  [/\bMac OS X\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b/, 'Linux'],
];

/** Reads a `User-Agent` header (RFC 9110 §10.1.5). It is a claim: shown, never trusted. */
export function agentOf(header: string): Agent {
  const named = (known: readonly [RegExp, string][]) => known.find(([shape]) => shape.test(header))?.[1] ?? null;
  return { browser: named(BROWSERS), system: named(SYSTEMS) };
}
