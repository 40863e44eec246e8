/** Draws a symmetrical pattern in two colours as a PNG. The same number gives the same pattern. */
export async function pattern(seed: number): Promise<Uint8Array<ArrayBuffer>> {
  const { default: sharp } = await import('sharp');
  const cells = 6;
  const hue = (seed * 47) % 360;
  const colour = (lightness: number) =>
    [0, 8, 4].map((n) => {
      const k = (n + hue / 30) % 12;
      return Math.round(
        255 * (lightness - 0.5 * Math.min(lightness, 1 - lightness) * Math.max(-1, Math.min(k - 3, 9 - k, 1))),
      );
    });
  const [ground, figure] = [colour(0.9), colour(0.45)];
  const bits = Math.imul(seed + 1, 0x9e3779b1) >>> 0;
  const pixels = Uint8Array.from(
    Array.from({ length: cells * cells }, (_, cell) => {
      const column = Math.min(cell % cells, cells - 1 - (cell % cells));
      const on = (bits >> (((cell / cells) | 0) * 3 + column)) & 1;
      return (on ? figure : ground) as number[];
    }).flat(),
  );
  const png = await sharp(pixels, { raw: { width: cells, height: cells, channels: 3 } })
    .resize(512, 512, { kernel: 'nearest' })
    .png()
    .toBuffer();
  return new Uint8Array(png);
}
