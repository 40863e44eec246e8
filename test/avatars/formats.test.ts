import sharp from 'sharp';
import { beforeEach, expect, test } from 'vitest';
import { dataOf, problemOf } from '../app.ts';
import { createConfig, createParticipant } from '../factories.ts';
import * as fake from '../fakes/images.ts';
import { rowsOf } from '../tenants/world.ts';
import { upload } from '../uploads.ts';
import { useApp, useSlack } from '../use-app.ts';

const slack = useSlack();
// Read when the service starts: after the fake.
const environment = {
  get SLACK_API_URL() {
    return slack.apiUrl;
  },
  get EGRESS_ALLOW() {
    return slack.host;
  },
};
const service = useApp(environment);
const address = 'U0ADA';

let participant: string;
let config: string;
beforeEach(async () => {
  config = await createConfig(service.tenant, 'slack', 'xoxb-good');
  participant = await createParticipant(service.tenant, { channels: [{ integrationConfigId: config, address }] });
});

/** Uploads an image, or takes it from a channel. */
const ways = {
  upload: (image: Uint8Array) => upload(service, service.tenant, participant, image),
  sync: (image: Uint8Array) => {
    slack.users.set(address, { image });
    return service.tenant.graphql(
      'mutation ($input: SyncParticipantAvatarFromChannelInput!) { syncParticipantAvatarFromChannel(input: $input) { participant { id } } }',
      { input: { participantId: participant, integrationConfigId: config, address } },
    );
  },
};
const each = Object.entries(ways);

async function stored(): Promise<Buffer> {
  const query = 'query ($id: ID!) { participant(id: $id) { avatarUrl(size: 128) } }';
  const { avatarUrl } = dataOf(await service.tenant.graphql(query, { id: participant })).participant;
  return Buffer.from(await (await service.app.fetch(new Request(avatarUrl))).arrayBuffer());
}

/** The colour in the middle of an image, each part from 0 to 255. */
async function middleOf(image: Buffer): Promise<number[]> {
  const { data, info } = await sharp(image).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const at = (Math.floor(info.height / 2) * info.width + Math.floor(info.width / 2)) * info.channels;
  return [...data.subarray(at, at + 3)];
}

const red = [fake.red.r, fake.red.g, fake.red.b];
const dark = [10, 10, 10];
test.each([
  ['a PNG of 16 bits', () => fake.deepPng(), red],
  ['a PNG of 16 bits with transparency', () => fake.deepPng({ alpha: true }), red],
  ['an animated GIF', () => fake.animated('gif'), dark],
  ['an animated WebP', () => fake.animated('webp'), dark],
  ['an animated PNG', () => fake.animatedPng(), [0, 0, 0]],
  ['an AVIF sequence with a still image', () => fake.branded('avis'), red],
  ['an AVIF that names the container first', () => fake.branded('mif1'), red],
])('%s gives the same picture, uploaded or synced', async (_, make, colour) => {
  const image = await make();
  for (const [way, take] of each) {
    dataOf(await take(image));
    for (const [index, part] of (await middleOf(await stored())).entries())
      expect(Math.abs(part - (colour[index] ?? 0)), `${way}: ${part}`).toBeLessThan(12);
  }
});

test.each([
  ['a HEIC', () => fake.heic(), /HEIC/],
  ['a HEIC sequence', () => fake.heic('hevc'), /HEIC/],
  ['a JPEG in print colours', fake.cmyk, /CMYK/],
  ['an AVIF sequence without a still image', () => fake.heic('avis'), /damaged/],
  ['a HEIC that says it is an AVIF', () => fake.heic('avif'), /damaged/],
  ['an AVIF of 9 megapixels', () => fake.avif(3_000, 3_000), /8 megapixels/],
  ['an interlaced PNG of 13 megapixels', () => fake.interlaced(3_700, 3_600), /12 megapixels/],
])('%s is refused in words, uploaded or synced', async (_, make, words) => {
  const image = await make();
  const before = await rowsOf(service.app.database, service.tenant.id);
  for (const [, take] of each) {
    const answer = await take(image);
    expect(problemOf(answer)).toEqual({ code: 'AVATAR_INVALID', status: 422 });
    expect(answer.errors?.[0]?.message).toMatch(words);
  }
  expect(await rowsOf(service.app.database, service.tenant.id)).toEqual(before);
});
