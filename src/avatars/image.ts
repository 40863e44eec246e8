import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { fileTypeFromBuffer } from 'file-type';
import sharp, { type Metadata } from 'sharp';
import { Problem } from '../errors/catalogue.ts';
import { type AvatarSize, avatarSizes } from './sizes.ts';

export type RenderedAvatar = {
  /** SHA-256 of the 512 pixel image, in hexadecimal. */
  contentHash: string;
  /** WebP, one of each size, without metadata. */
  images: Map<AvatarSize, Uint8Array>;
};

const acceptedTypes = new Set(['image/png', 'image/apng', 'image/jpeg', 'image/webp', 'image/gif', 'image/avif']);
const heicTypes = new Set(['image/heic', 'image/heif', 'image/heic-sequence', 'image/heif-sequence']);
// This decoder is patented. sharp's builds lack it, but a libvips of the operating system may have it.
const readsHeic = (sharp.format.heif.input.fileSuffix ?? []).includes('.heic');
const minSide = 8;
const maxSide = 8_192;
const maxPixels = 24_000_000;
// A file of a few hundred bytes can hold any number of pixels. With these bounds each image takes at most about 0.4
// seconds of a core: a pixel of an AVIF takes several times as long as in other formats, and of a progressive image
// twice as long.
const maxAvifPixels = 8_000_000;
const maxProgressivePixels = 12_000_000;
const decodeSeconds = 10;

// No two images are the same, so a cache would only use memory. One thread per image, because the turns below divide
// the cores.
sharp.cache(false);
sharp.concurrency(1);
// A second check after that of the first bytes: libvips opens only these formats.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: [
    'VipsForeignLoadPngBuffer',
    'VipsForeignLoadJpegBuffer',
    'VipsForeignLoadWebpBuffer',
    'VipsForeignLoadNsgifBuffer',
    'VipsForeignLoadHeifBuffer',
  ],
});

/**
 * Turns an image into square WebP avatars: upright, cropped at the centre, sRGB, without metadata. Of an animated image
 * it takes the first frame. Throws AVATAR_INVALID for other types, cut files, CMYK, and a size out of bounds.
 */
export async function renderAvatar(given: Uint8Array): Promise<RenderedAvatar> {
  if (given.length === 0) throw new Problem('AVATAR_INVALID', 'The image is empty.');
  const bytes = asAvif(given) ?? given;
  // The type detector parses its input. A file that makes it fail is none of these types.
  const type = await fileTypeFromBuffer(bytes).catch(() => undefined);
  checkType(type?.mime);
  // The decoder needs only the pixels, and would accept a file without its last part.
  if (type?.mime.endsWith('png') && !Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).includes('IEND'))
    throw damaged();
  return inTurn(async () => {
    checkHeader(await readable(sharp(bytes, { limitInputPixels: false }).metadata()));
    const square = await readable(decodeSquare(bytes));
    const images = new Map<AvatarSize, Uint8Array>();
    for (const size of avatarSizes) images.set(size, await encode(square, size));
    return { contentHash: createHash('sha256').update(images.get(512)!).digest('hex'), images };
  });
}

/**
 * Returns a file that says anywhere in its first box that it is an AVIF as one that says so first. Null for any other
 * file. Animations, and files of some cameras, name another brand first, and neither the detector nor the decoder looks
 * at the others.
 */
function asAvif(bytes: Uint8Array): Uint8Array | null {
  const box = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 256));
  if (box.length < 16 || box.toString('latin1', 4, 8) !== 'ftyp' || box.toString('latin1', 8, 12) === 'avif')
    return null;
  const end = Math.min(box.readUInt32BE(0), box.length);
  for (let at = 8; at + 4 <= end; at += 4) {
    const brand = box.toString('latin1', at, at + 4);
    if (at === 12 || (brand !== 'avif' && brand !== 'avis')) continue;
    const renamed = Buffer.from(bytes);
    renamed.write('avif', 8, 'latin1');
    return renamed;
  }
  return null;
}

function checkType(mime: string | undefined): void {
  if (mime && heicTypes.has(mime)) {
    if (readsHeic) return;
    throw new Problem('AVATAR_INVALID', 'The file is a HEIC image, which cannot be read here: send a JPEG or PNG.');
  }
  if (!mime || !acceptedTypes.has(mime))
    throw new Problem('AVATAR_INVALID', 'The file is not a PNG, JPEG, WebP, GIF or AVIF image.');
}

function checkHeader({ width, height, format, isProgressive, space }: Metadata): void {
  if (width < minSide || height < minSide)
    throw new Problem('AVATAR_INVALID', 'The image is smaller than 8 × 8 pixels.');
  const pixels = width * height;
  if (width > maxSide || height > maxSide || pixels > maxPixels)
    throw new Problem('AVATAR_INVALID', 'The image has a side over 8,192 pixels, or more than 24 megapixels.');
  if (format === 'heif' && pixels > maxAvifPixels)
    throw new Problem('AVATAR_INVALID', 'The image is an AVIF or HEIC of more than 8 megapixels.');
  if (isProgressive && pixels > maxProgressivePixels)
    throw new Problem('AVATAR_INVALID', 'The image is progressive or interlaced, and has more than 12 megapixels.');
  if (space === 'cmyk') throw new Problem('AVATAR_INVALID', 'The image is CMYK; only RGB and greyscale are accepted.');
}

type Pixels = { data: Buffer; info: { width: number; height: number; channels: 1 | 2 | 3 | 4 } };

// Decoded once, to the largest size. The smaller ones are made from it.
function decodeSquare(bytes: Uint8Array): Promise<Pixels> {
  return (
    // Browsers show these too: wrong scan parameters and stray bytes are warnings. Missing data is an error.
    sharp(bytes, { limitInputPixels: maxPixels, failOn: 'error' })
      .timeout({ seconds: decodeSeconds })
      .autoOrient()
      .resize(512, 512, { fit: 'cover', position: 'centre' })
      .toColourspace('srgb')
      .raw()
      .toBuffer({ resolveWithObject: true })
  );
}

async function encode({ data, info }: Pixels, size: AvatarSize): Promise<Uint8Array> {
  const raw = { width: info.width, height: info.height, channels: info.channels };
  return new Uint8Array(await sharp(data, { raw }).resize(size, size).webp({ quality: 82 }).toBuffer());
}

async function readable<T>(reading: Promise<T>): Promise<T> {
  try {
    return await reading;
  } catch (cause) {
    throw damaged(cause);
  }
}

function damaged(cause?: unknown): Problem {
  const detail = 'The image cannot be decoded: it is damaged, incomplete or too complex.';
  return new Problem('AVATAR_INVALID', detail, { cause });
}

let freeTurns = availableParallelism();
const waiting: (() => void)[] = [];

// A decoded image takes up to a hundred megabytes, so at most one per core is open at a time.
async function inTurn<T>(work: () => Promise<T>): Promise<T> {
  if (freeTurns > 0) freeTurns -= 1;
  else await new Promise<void>((proceed) => waiting.push(proceed));
  try {
    return await work();
  } finally {
    const next = waiting.shift();
    if (next) next();
    else freeTurns += 1;
  }
}
