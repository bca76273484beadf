// Small test pictures as red, green and blue bytes, drawn pixel by pixel.

/** 100x100 pixels. */
export function picture(draw: (x: number, y: number) => readonly [number, number, number]): {
  readonly rgb: Buffer;
  readonly widthPixels: number;
  readonly heightPixels: number;
} {
  const rgb = Buffer.alloc(100 * 100 * 3);
  for (let index = 0; index < 100 * 100; index++) {
    const color = draw(index % 100, Math.floor(index / 100));
    for (const [channel, value] of color.entries()) {
      rgb[index * 3 + channel] = Math.min(255, Math.max(0, Math.round(value)));
    }
  }
  return { rgb, widthPixels: 100, heightPixels: 100 };
}

/** Repeatable noise, -amount..amount. */
export function noise(x: number, y: number, amount: number): number {
  const mixed = Math.sin(x * 12.9898 + y * 78.233) * 43758.5453;
  return (mixed - Math.floor(mixed) - 0.5) * 2 * amount;
}

const BARS = [
  [191, 191, 191],
  [191, 191, 0],
  [0, 191, 191],
  [0, 191, 0],
  [191, 0, 191],
  [191, 0, 0],
  [0, 0, 191],
] as const;

/** Pictures of capture devices. */
export const PICTURES = {
  black: picture(() => [2, 2, 2]),
  grey: picture((x, y) => [128 + noise(x, y, 4), 128, 128]),
  greyNoise: picture((x, y) => {
    const value = 128 + noise(x, y, 100);
    return [value, value, value];
  }),
  blueCard: picture((x, y) => [noise(x, y, 5), noise(y, x, 5), 200 + noise(x, y, 5)]),
  /** White strokes with soft edges over a quarter of the card. */
  blueCardWithText: picture((x, y) => {
    const inText = y > 35 && y < 65 && x > 15 && x < 85;
    const white = inText ? Math.max(0, Math.sin(x) * Math.sin(y / 3)) : 0;
    return [255 * white, 255 * white, 200 + 55 * white];
  }),
  blackWithLogo: picture((x, y) => (x < 15 && y < 15 ? [230, 120, 10] : [3, 3, 3])),
  colorBars: picture((x) => BARS[Math.min(6, Math.floor(x / 14.3))] ?? [0, 0, 0]),
  gradient: picture((x, y) => [x * 2.5, y * 2.5, 255 - x * 2.5]),
  /** Reddish, lit from the middle, inside a black circle, as endoscopes show it. */
  tissue: picture((x, y) => {
    const distance = Math.hypot(x - 50, y - 50);
    if (distance > 46) return [4, 4, 4];
    const light = 1.1 - distance / 90 + noise(x, y, 0.08);
    return [190 * light, 95 * light, 80 * light];
  }),
};
