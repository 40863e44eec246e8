import { createHash } from 'node:crypto';
import { availableParallelism } from 'node:os';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, test } from 'vitest';
import { renderAvatar } from '../../src/avatars/image.ts';
import { avatarSizes } from '../../src/avatars/sizes.ts';
import { Problem } from '../../src/errors/catalogue.ts';
import * as fake from '../fakes/images.ts';

async function refusal(bytes: Uint8Array): Promise<Problem> {
  const error: unknown = await renderAvatar(bytes).catch((thrown: unknown) => thrown);
  if (!(error instanceof Problem)) throw new Error(`expected a Problem, not ${String(error)}`);
  expect(error.code).toBe('AVATAR_INVALID');
  return error;
}

// The colour at a point given in parts of the side.
async function colourAt(image: Uint8Array, x: number, y: number): Promise<'red' | 'blue' | 'other'> {
  const { data, info } = await sharp(image).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const offset = (Math.floor(y * info.height) * info.width + Math.floor(x * info.width)) * info.channels;
  const [r = 0, g = 0, b = 0] = data.subarray(offset, offset + 3);
  if (r > 170 && g < 90 && b < 100) return 'red';
  return b > 170 && r < 90 ? 'blue' : 'other';
}

describe('an acceptable image', () => {
  test.each([fake.png, fake.jpeg, fake.webp, fake.gif, fake.avif])(
    'of type $name becomes a WebP square of each size',
    async (make) => {
      const { images } = await renderAvatar(await make());
      expect([...images.keys()]).toEqual([...avatarSizes]);
      for (const [size, image] of images) {
        const { format: written, width, height, space } = await sharp(image).metadata();
        expect({ written, width, height, space }).toEqual({
          written: 'webp',
          width: size,
          height: size,
          space: 'srgb',
        });
        expect(await colourAt(image, 0.5, 0.5)).toBe('red');
      }
    },
  );

  test.each(['scanParameters', 'strayBytes', 'trailer'] as const)(
    'with odd %s is what browsers show',
    async (oddity) => {
      const { images } = await renderAvatar(await fake.oddJpeg(oddity));
      expect(await colourAt(images.get(128)!, 0.5, 0.5)).toBe('red');
    },
  );

  test.each(['gif', 'webp'] as const)('that is an animated %s gives its first frame', async (format) => {
    const { images } = await renderAvatar(await fake.animated(format));
    const { data } = await sharp(images.get(64)!).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    // The first frame is dark, the second light.
    expect(Math.max(...data)).toBeLessThan(60);
    const { images: still } = await renderAvatar(fake.animatedPng());
    expect([...still.keys()]).toEqual([...avatarSizes]);
  });

  test('is cropped to the square in its middle', async () => {
    const { images } = await renderAvatar(await fake.striped());
    for (const at of [0.1, 0.5, 0.9]) expect(await colourAt(images.get(128)!, at, 0.5)).toBe('red');
  });

  test('is set upright, and nothing is left of where and with what it was taken', async () => {
    const source = await fake.photograph();
    const before = await sharp(source).metadata();
    expect(before.orientation).toBe(6);
    expect(before.exif?.includes('Testphone')).toBe(true);
    expect(before.icc).toBeDefined();

    const { images } = await renderAvatar(source);
    for (const image of images.values()) {
      const { exif, icc, xmp, iptc, orientation } = await sharp(image).metadata();
      expect({ exif, icc, xmp, iptc, orientation }).toEqual({});
      expect(Buffer.from(image).includes('Testphone')).toBe(false);
    }
    expect(await colourAt(images.get(512)!, 0.5, 0.1)).toBe('red');
    expect(await colourAt(images.get(512)!, 0.5, 0.9)).toBe('blue');
  });

  test('is translated to sRGB by its own profile', async () => {
    // The same numbers mean a stronger red in Display P3 than in sRGB.
    const numbers = { create: { width: 64, height: 64, channels: 3 as const, background: { r: 200, g: 60, b: 60 } } };
    const tagged = await sharp(await sharp(numbers).png().toBuffer())
      .withIccProfile('p3', { attach: true })
      .png()
      .toBuffer();
    const [stored = 0] = await sharp(tagged, { ignoreIcc: true }).raw().toBuffer();
    const { images } = await renderAvatar(new Uint8Array(tagged));
    const [shown = 0] = await sharp(images.get(512)!).raw().toBuffer();
    expect(Math.abs(shown - 200)).toBeLessThanOrEqual(3);
    expect(Math.abs(stored - 200)).toBeGreaterThan(3);
  });

  test('in greyscale, with 16 bits or with transparency is accepted', async () => {
    const background = { r: 220, g: 30, b: 40, alpha: 0.5 };
    const clear = sharp({ create: { width: 40, height: 40, channels: 4, background } });
    const transparent = await renderAvatar(new Uint8Array(await clear.clone().png().toBuffer()));
    expect((await sharp(transparent.images.get(64)!).metadata()).hasAlpha).toBe(true);
    const deep = await renderAvatar(
      new Uint8Array(await clear.clone().removeAlpha().toColourspace('rgb16').png().toBuffer()),
    );
    expect(await colourAt(deep.images.get(512)!, 0.5, 0.5)).toBe('red');
    const grey = await renderAvatar(
      new Uint8Array(await clear.clone().removeAlpha().greyscale().toColourspace('b-w').png().toBuffer()),
    );
    expect((await sharp(grey.images.get(512)!).metadata()).space).toBe('srgb');
  });

  test('may be as small as 8 × 8 and as large as 8,192 a side or 24 megapixels', async () => {
    await renderAvatar(fake.bomb(8, 8));
    await renderAvatar(fake.bomb(8_192, 8));
    await renderAvatar(fake.bomb(6_000, 4_000));
  });

  test('is named by the SHA-256 of its largest form, the same every time', async () => {
    const first = await renderAvatar(await fake.png());
    const again = await renderAvatar(await fake.png());
    const other = await renderAvatar(await fake.png(300, 200, fake.blue));
    expect(first.contentHash).toBe(createHash('sha256').update(first.images.get(512)!).digest('hex'));
    expect(again.contentHash).toBe(first.contentHash);
    expect(other.contentHash).not.toBe(first.contentHash);
  });
});

describe('refused', () => {
  test('an empty file', async () => {
    expect((await refusal(new Uint8Array())).message).toBe('The image is empty.');
  });

  test.each([
    ['a drawing', fake.svg()],
    ['a text', fake.text()],
    ['a web page', new TextEncoder().encode('<!doctype html><html><body><script>alert(1)</script></body></html>')],
    ['a PDF', new TextEncoder().encode('%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF')],
    ['a TIFF', new Uint8Array([0x49, 0x49, 0x2a, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0])],
    ['a few bytes', new Uint8Array([0x89, 0x50])],
  ])('%s, under any name', async (_, bytes) => {
    expect((await refusal(bytes)).message).toMatch(/not a PNG/);
  });

  test('what is not accepted, by the decoder too', async () => {
    await expect(sharp(fake.svg()).metadata()).rejects.toThrow(/unsupported/);
    const tiff = sharp({ create: { width: 8, height: 8, channels: 3, background: fake.red } }).tiff();
    await expect(sharp(await tiff.toBuffer()).metadata()).rejects.toThrow(/unsupported/);
  });

  test.each([0.02, 0.5, 0.9, 0.99])('a JPEG of which only %d is there', async (part) => {
    expect((await refusal(await fake.truncated(part))).message).toMatch(/damaged/);
  });

  test.each([fake.png, fake.webp, fake.gif, fake.avif])('half of a $name', async (make) => {
    const whole = await make();
    expect((await refusal(whole.slice(0, Math.floor(whole.length / 2)))).message).toMatch(/damaged/);
  });

  test('a file that only begins like an image', async () => {
    const corrupt = await fake.png();
    corrupt.fill(0xaa, Math.floor(corrupt.length / 2));
    expect((await refusal(corrupt)).message).toMatch(/damaged/);
  });

  test('anything else that is wrong, and never with another error', async () => {
    const sources = await Promise.all([
      fake.png(16, 16),
      fake.jpeg(16, 16),
      fake.webp(16, 16),
      fake.gif(16, 16),
      fake.avif(16, 16),
    ]);
    const damage = fc.array(fc.tuple(fc.nat({ max: 2_000 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...sources), damage, async (source, changes) => {
        const bytes = source.slice();
        for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
        const error: unknown = await renderAvatar(bytes).then(
          () => null,
          (thrown: unknown) => thrown,
        );
        expect(
          error === null || (error instanceof Problem && error.code === 'AVATAR_INVALID') ? null : error,
        ).toBeNull();
      }),
      { numRuns: 100 },
    );
  });

  test('a HEIC, by its name', async () => {
    expect((await refusal(fake.heic())).message).toMatch(/HEIC/);
  });

  test('a PNG without its end', async () => {
    const whole = await fake.png();
    expect((await refusal(whole.slice(0, -12))).message).toMatch(/incomplete/);
  });

  test('print colours', async () => {
    expect((await refusal(await fake.cmyk())).message).toMatch(/CMYK/);
  });

  test.each([
    [1, 1],
    [7, 8],
    [8, 7],
  ])('%d × %d pixels', async (width, height) => {
    expect((await refusal(await fake.png(width, height))).message).toMatch(/smaller than 8 × 8/);
  });

  test.each([
    [20_000, 20_000],
    [8_193, 8],
    [8, 8_193],
    [6_000, 4_001],
  ])('%d × %d pixels, without decoding them', async (width, height) => {
    const bytes = fake.bomb(width, height);
    const queue: number[] = [];
    const look = (length: number) => queue.push(length);
    sharp.queue.on('change', look);
    expect((await refusal(bytes)).message).toMatch(/24 megapixels/);
    sharp.queue.off('change', look);
    expect(queue).toEqual([]);
  });

  test('without a word about libraries or paths', async () => {
    for (const bytes of [await fake.truncated(), fake.svg(), fake.bomb(), (await fake.gif()).slice(0, 60)]) {
      expect((await refusal(bytes)).message).not.toMatch(/vips|sharp|libpng|buffer|node_modules|\//i);
    }
  });
});

test('no more images are decoded at a time than there are cores', async () => {
  const source = await fake.jpeg(1_000, 1_000);
  const damaged = await fake.truncated();
  let max = 0;
  const look = (queued: number) => {
    max = Math.max(max, queued);
  };
  sharp.queue.on('change', look);
  const rendered = await Promise.allSettled([
    ...Array.from({ length: availableParallelism() * 4 }, () => renderAvatar(source)),
    // Failures hand their turn on as well.
    ...Array.from({ length: availableParallelism() * 2 }, () => renderAvatar(damaged)),
    ...Array.from({ length: availableParallelism() * 2 }, () => renderAvatar(source)),
  ]);
  sharp.queue.off('change', look);
  expect(rendered.filter(({ status }) => status === 'fulfilled')).toHaveLength(availableParallelism() * 6);
  expect(max).toBeGreaterThan(0);
  expect(max).toBeLessThanOrEqual(availableParallelism());
});
