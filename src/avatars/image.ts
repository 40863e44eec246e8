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

const acceptedTypes = new Set(['image/png', 'image/jpeg', 'image/webp', 'image/gif', 'image/avif']);
const minSide = 8;
const maxSide = 8_192;
const maxPixels = 24_000_000;
// An AVIF of a few hundred bytes can hold as many pixels as any, and each takes several times as long as those of other types.
const maxAvifPixels = 8_000_000;
const decodeSeconds = 10;

// Every image is another one: a cache would only hold memory. One thread each, because the turns below share out the cores.
sharp.cache(false);
sharp.concurrency(1);
// A second wall behind the look at the first bytes: libvips opens nothing but these, whatever it takes a file for.
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
 * Turns any acceptable image into square WebP avatars: upright, cropped at the centre, sRGB, nothing in them but pixels.
 * Throws AVATAR_INVALID for everything else: other types, damaged, animated, CMYK, too small or too large.
 */
export async function renderAvatar(bytes: Uint8Array): Promise<RenderedAvatar> {
  if (bytes.length === 0) throw new Problem('AVATAR_INVALID', 'The image is empty.');
  // The recogniser parses what it is given too; should it stumble, the file is none of these.
  const type = await fileTypeFromBuffer(bytes).catch(() => undefined);
  if (type?.mime === 'image/apng') throw animated();
  if (!type || !acceptedTypes.has(type.mime)) {
    throw new Problem('AVATAR_INVALID', 'The file is not a PNG, JPEG, WebP, GIF or AVIF image.');
  }
  return inTurn(async () => {
    checkHeader(await readable(sharp(bytes, { limitInputPixels: false }).metadata()));
    const square = await readable(decodeSquare(bytes));
    const images = new Map<AvatarSize, Uint8Array>();
    for (const size of avatarSizes) images.set(size, await encode(square, size));
    return { contentHash: createHash('sha256').update(images.get(512)!).digest('hex'), images };
  });
}

function checkHeader(header: Metadata): void {
  const { width, height } = header;
  if ((header.pages ?? 1) > 1) throw animated();
  if (width < minSide || height < minSide)
    throw new Problem('AVATAR_INVALID', 'The image is smaller than 8 × 8 pixels.');
  if (width > maxSide || height > maxSide || width * height > maxPixels) {
    throw new Problem('AVATAR_INVALID', 'The image has a side over 8,192 pixels, or more than 24 megapixels.');
  }
  if (header.format === 'heif' && width * height > maxAvifPixels)
    throw new Problem('AVATAR_INVALID', 'The image is an AVIF of more than 8 megapixels.');
  if (header.space === 'cmyk')
    throw new Problem('AVATAR_INVALID', 'The image is CMYK; only RGB and greyscale are accepted.');
}

type Pixels = { data: Buffer; info: { width: number; height: number; channels: 1 | 2 | 3 | 4 } };

// Decoded once, to the largest size; the smaller ones are made from it.
function decodeSquare(bytes: Uint8Array): Promise<Pixels> {
  return (
    // A JPEG that lacks data is filled up with grey unless warnings count as failures.
    sharp(bytes, { limitInputPixels: maxPixels, failOn: 'warning' })
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
    throw new Problem('AVATAR_INVALID', 'The image cannot be decoded: it is damaged, incomplete or too complex.', {
      cause,
    });
  }
}

function animated(): Problem {
  return new Problem('AVATAR_INVALID', 'Animated images are not accepted.');
}

let freeTurns = availableParallelism();
const waiting: (() => void)[] = [];

// A decoded image takes up to a hundred megabytes, so no more than one a core is open at a time.
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
