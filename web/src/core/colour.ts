/** Colours as `#rrggbb`, and what WCAG 2.2 asks of them. Source: WCAG 2.2, relative luminance and contrast ratio. */
type Rgb = [number, number, number];

function parse(hex: string): Rgb | null {
  const match = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(hex);
  return match ? [1, 2, 3].map((i) => parseInt(match[i] ?? '0', 16)) as Rgb : null;
}

function text(rgb: Rgb): string {
  return `#${rgb.map((c) => Math.round(c).toString(16).padStart(2, '0')).join('')}`;
}

function luminance(rgb: Rgb): number {
  const [r, g, b] = rgb.map((c) => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4)) as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** The colour with another lightness, its hue kept and its saturation strengthened: a pastel of a strong colour looks faded. */
function lit(rgb: Rgb, lightness: number): Rgb {
  const [r, g, b] = rgb.map((c) => c / 255) as Rgb;
  const [high, low] = [Math.max(r, g, b), Math.min(r, g, b)];
  const own = (high + low) / 2;
  const spread = high - low;
  if (spread === 0) return [lightness * 255, lightness * 255, lightness * 255];
  const saturation = Math.min(1, (spread / (1 - Math.abs(2 * own - 1))) * (lightness > own ? 1.25 : 1));
  const hue = high === r ? ((g - b) / spread + 6) % 6 : high === g ? (b - r) / spread + 2 : (r - g) / spread + 4;
  const chroma = (1 - Math.abs(2 * lightness - 1)) * saturation;
  const channel = (offset: number) => {
    const k = (hue + offset) % 6;
    return (lightness - chroma / 2 + chroma * Math.max(0, Math.min(1, Math.abs(k - 3) - 1))) * 255;
  };
  return [channel(0), channel(4), channel(2)];
}

function mix(a: Rgb, b: Rgb, share: number): Rgb {
  return a.map((c, i) => c * (1 - share) + (b[i] ?? 0) * share) as Rgb;
}

/** Contrast ratio of two colours, 1 to 21; 1 when one of them is not a colour. */
export function contrast(a: string, b: string): number {
  const [x, y] = [parse(a), parse(b)];
  if (!x || !y) return 1;
  const [low, high] = [luminance(x), luminance(y)].sort((p, q) => p - q) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

export interface Accent {
  accent: string;
  ink: string;
  wash: string;
}

/**
 * The tenant's colour made readable on a theme: moved towards black (light theme) or white (dark)
 * until it holds 4.5:1 on every surface (the first is the one selections lie on), with a text colour for buttons and a wash for selection.
 */
export function accentFor(colour: string, theme: { surfaces: readonly string[]; dark: boolean; ink: string }): Accent | null {
  const start = parse(colour);
  const surfaces = theme.surfaces.map(parse).filter((one) => one !== null);
  const page = surfaces[0];
  if (!start || !page) return null;
  const own = (Math.max(...start) + Math.min(...start)) / 510;
  for (let step = 0; step <= 1; step += 0.02) {
    const lightness = theme.dark ? Math.max(own, 0.68) + step * (1 - Math.max(own, 0.68)) : own * (1 - step);
    const accent = step === 0 && !theme.dark ? start : lit(start, lightness);
    const wash = mix(page, accent, theme.dark ? 0.2 : 0.11);
    const weakest = Math.min(...[...surfaces, wash].map((surface) => contrast(text(accent), text(surface))));
    if (weakest < 4.5 || contrast(theme.ink, text(wash)) < 4.5) continue;
    const inks = ['#ffffff', '#0e1a2b'].sort((a, b) => contrast(b, text(accent)) - contrast(a, text(accent)));
    return { accent: text(accent), ink: inks[0] ?? '#ffffff', wash: text(wash) };
  }
  return null;
}
