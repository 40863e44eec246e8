import { crc32, deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';

type Colour = { r: number; g: number; b: number };

/** Red, the colour of an image that was not asked for another. */
export const red: Colour = { r: 220, g: 30, b: 40 };
export const blue: Colour = { r: 20, g: 60, b: 210 };

function plain(width: number, height: number, background: Colour): Sharp {
  return sharp({ create: { width, height, channels: 3, background } });
}

async function bytesOf(image: Sharp): Promise<Uint8Array> {
  return new Uint8Array(await image.toBuffer());
}

/** A PNG of one colour. */
export function png(width = 300, height = 200, colour = red): Promise<Uint8Array> {
  return bytesOf(plain(width, height, colour).png());
}

/** A JPEG of one colour. */
export function jpeg(width = 300, height = 200, colour = red): Promise<Uint8Array> {
  return bytesOf(plain(width, height, colour).jpeg());
}

/** A WebP of one colour. */
export function webp(width = 300, height = 200, colour = red): Promise<Uint8Array> {
  return bytesOf(plain(width, height, colour).webp());
}

/** A GIF of one colour, one frame. */
export function gif(width = 300, height = 200, colour = red): Promise<Uint8Array> {
  return bytesOf(plain(width, height, colour).gif());
}

/** An AVIF of one colour. */
export function avif(width = 64, height = 48, colour = red): Promise<Uint8Array> {
  return bytesOf(plain(width, height, colour).avif({ effort: 0 }));
}

/** Three vertical stripes, blue, red, blue; the red one is the square in the middle. */
export function striped(): Promise<Uint8Array> {
  const stripe = { create: { width: 100, height: 100, channels: 3 as const, background: red } };
  return bytesOf(
    plain(300, 100, blue)
      .composite([{ input: stripe, left: 100, top: 0 }])
      .png(),
  );
}

/**
 * A JPEG as a telephone makes it: stored lying on its side with EXIF orientation 6 (turn right to see it upright), GPS
 * position and an ICC profile. Upright, its top half is red and its bottom half blue.
 */
export async function photograph(): Promise<Uint8Array> {
  const half = { create: { width: 100, height: 200, channels: 3 as const, background: red } };
  return bytesOf(
    plain(200, 200, blue)
      .composite([{ input: half, left: 0, top: 0 }])
      .jpeg({ quality: 95 })
      .withIccProfile('p3')
      .withExif({ IFD0: { Make: 'Testphone' }, IFD3: { GPSLatitudeRef: 'N', GPSLatitude: '52/1 31/1 0/1' } })
      .withMetadata({ orientation: 6 }),
  );
}

/** Two frames. */
export async function animated(format: 'gif' | 'webp'): Promise<Uint8Array> {
  const frames = Buffer.concat([Buffer.alloc(32 * 32 * 3, 10), Buffer.alloc(32 * 32 * 3, 200)]);
  return bytesOf(sharp(frames, { raw: { width: 32, height: 64, channels: 3, pageHeight: 32 } }).toFormat(format));
}

/** A JPEG in print colours. */
export function cmyk(): Promise<Uint8Array> {
  return bytesOf(plain(64, 64, red).toColourspace('cmyk').jpeg());
}

/** A valid JPEG that ends after the given part of its bytes. */
export async function truncated(part = 0.6): Promise<Uint8Array> {
  // Of one colour it would be nearly all header.
  const noise = Buffer.from(Array.from({ length: 100 * 100 * 3 }, (_, index) => (index * 7919) % 251));
  const whole = await bytesOf(sharp(noise, { raw: { width: 100, height: 100, channels: 3 } }).jpeg());
  return whole.slice(0, Math.floor(whole.length * part));
}

/** A whole JPEG with what some cameras and scanners put in it, which every browser shows all the same. */
export async function oddJpeg(oddity: 'scanParameters' | 'strayBytes' | 'trailer'): Promise<Uint8Array> {
  const bytes = Buffer.from(await jpeg(64, 64));
  const scan = bytes.indexOf(Buffer.from([0xff, 0xda]));
  if (oddity === 'trailer') return new Uint8Array(Buffer.concat([bytes, Buffer.alloc(2_000, 7)]));
  if (oddity === 'strayBytes')
    return new Uint8Array(Buffer.concat([bytes.subarray(0, scan), Buffer.from([1, 2, 3]), bytes.subarray(scan)]));
  // Samsung's: the spectral selection of a sequential scan must be 0 to 63.
  bytes.set([0, 0, 0], scan + 2 + bytes.readUInt16BE(scan + 2) - 3);
  return new Uint8Array(bytes);
}

/** A PNG with 16 bits a colour. */
export function deepPng({ alpha = false } = {}): Promise<Uint8Array> {
  const image = plain(60, 40, red).toColourspace('rgb16');
  return bytesOf((alpha ? image.ensureAlpha(0.5) : image).png());
}

/** An interlaced PNG. */
export function interlaced(width: number, height: number): Promise<Uint8Array> {
  return bytesOf(plain(width, height, red).png({ progressive: true, compressionLevel: 1 }));
}

/** An AVIF whose first brand is another one: of a sequence (`avis`), or of the container (`mif1`). */
export async function branded(brand: string): Promise<Uint8Array> {
  const bytes = Buffer.from(await avif());
  bytes.write(brand, 8, 'latin1');
  return new Uint8Array(bytes);
}

/** The beginning of a HEIC, as an iPhone's photograph begins, or of another file in the same container. */
export function heic(brand = 'heic'): Uint8Array {
  const box = Buffer.from(`\0\0\0\x18ftyp${brand}\0\0\0\0mif1${brand}`, 'latin1');
  return new Uint8Array(Buffer.concat([box, Buffer.alloc(200)]));
}

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8);
  frame.writeUInt32BE(data.length, 0);
  frame.writeUInt32BE(crc32(body), 4);
  return Buffer.concat([frame.subarray(0, 4), body, frame.subarray(4)]);
}

function blackPng(width: number, height: number, extra: readonly Buffer[] = []): Uint8Array {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.writeUInt8(1, 8);
  const rows = deflateSync(Buffer.alloc(height * (1 + Math.ceil(width / 8))), { level: 1 });
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return new Uint8Array(
    Buffer.concat([signature, chunk('IHDR', header), ...extra, chunk('IDAT', rows), chunk('IEND', Buffer.alloc(0))]),
  );
}

/** A valid black PNG of very many pixels in few bytes. */
export function bomb(width = 20_000, height = 20_000): Uint8Array {
  return blackPng(width, height);
}

/** A PNG that declares itself an animation of two frames. */
export function animatedPng(): Uint8Array {
  const control = Buffer.alloc(8);
  control.writeUInt32BE(2, 0);
  return blackPng(32, 32, [chunk('acTL', control)]);
}

/** A drawing, which is a programme rather than an image. */
export function svg(): Uint8Array {
  return new TextEncoder().encode(
    '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><rect width="64" height="64" fill="red"/></svg>',
  );
}

/** No image at all. */
export function text(): Uint8Array {
  return new TextEncoder().encode('This is a text and not an image, however it is called.');
}
