import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { largestImage } from '../../src/avatars/sync.ts';
import { dataOf, problemOf, startApp, type TestApp } from '../app.ts';
import { createParticipant } from '../factories.ts';
import { avif, bomb, cmyk, gif, jpeg, png, svg, text, truncated, webp } from '../fakes/images.ts';
import { rowsOf } from '../tenants/world.ts';
import { sendForm, upload, uploadForm, uploadMutation } from '../uploads.ts';

let service: TestApp;
let participant: string;
beforeAll(async () => {
  service = await startApp();
  participant = await createParticipant(service.tenant);
});
afterAll(() => service.close());

const send = (bytes: Uint8Array, type?: string) => upload(service, service.tenant, participant, bytes, type);

describe('an upload', () => {
  test.each([
    ['PNG', png],
    ['JPEG', jpeg],
    ['WebP', webp],
    ['GIF', gif],
    ['AVIF', avif],
  ] as const)('of a %s is taken under any name', async (_, image) => {
    const id = await createParticipant(service.tenant);
    const answer = await upload(service, service.tenant, id, await image(), 'text/html');
    expect(dataOf(answer).uploadParticipantAvatar.participant).toMatchObject({ id, avatarSource: 'UPLOADED' });
    const { participant: shown } = dataOf(
      await service.tenant.graphql(
        'query ($id: ID!) { participant(id: $id) { avatarUrl(size: 512) avatarSyncedAt } }',
        { id },
      ),
    );
    expect(shown.avatarSyncedAt).toBeNull();
    const response = await service.app.fetch(new Request(shown.avatarUrl));
    expect(await sharp(Buffer.from(await response.arrayBuffer())).metadata()).toMatchObject({
      format: 'webp',
      width: 512,
    });
  });

  test.each([
    ['a drawing', async () => svg()],
    ['a text', async () => text()],
    ['nothing', async () => new Uint8Array()],
    ['half an image', () => truncated()],
    ['a bomb', async () => bomb()],
    ['print colours', cmyk],
    ['a tiny image', () => png(7, 7)],
    ['too many bytes', async () => new Uint8Array([...(await png()), ...new Uint8Array(largestImage)])],
  ] as const)('of %s is refused, and changes nothing', async (_, image) => {
    const before = await rowsOf(service.app.database, service.tenant.id);
    expect(problemOf(await send(await image()))).toEqual({ code: 'AVATAR_INVALID', status: 422 });
    expect(await rowsOf(service.app.database, service.tenant.id)).toEqual(before);
  });

  test('of the largest size is taken', async () => {
    const image = await png();
    const padded = new Uint8Array(largestImage);
    padded.set(image);
    dataOf(await send(padded));
  });

  test('for a participant that is not there is refused before the image is looked at', async () => {
    for (const id of ['x', '0198f000-0000-7000-8000-000000000000']) {
      const answer = await upload(service, service.tenant, id, text());
      expect(problemOf(answer)).toEqual({ code: 'PARTICIPANT_NOT_FOUND', status: 404 });
    }
  });
});

describe('a multipart request', () => {
  const changed = (change: (form: FormData) => void) => {
    const form = uploadForm(participant, text());
    change(form);
    return sendForm(service, service.tenant, form);
  };
  const operations = (file: unknown) =>
    JSON.stringify({ query: uploadMutation, variables: { input: { participantId: participant, file } } });

  test.each([
    ['no map', (form: FormData) => form.delete('map')],
    ['a map that is no JSON', (form: FormData) => form.set('map', '{')],
    ['a map that is null', (form: FormData) => form.set('map', 'null')],
    ['a map that is a number', (form: FormData) => form.set('map', '7')],
    ['a map of no lists', (form: FormData) => form.set('map', '{"0": 7}')],
    ['a map of lists of no paths', (form: FormData) => form.set('map', '{"0": [7]}')],
    ['a map into nowhere', (form: FormData) => form.set('map', '{"0": ["variables.x.y.z"]}')],
    [
      'a map into an operation of a batch that is not there',
      (form: FormData) => {
        form.set('operations', `[${operations(null)}]`);
        form.set('map', '{"0": ["5.variables.input.file"]}');
      },
    ],
    ['a map into the prototype', (form: FormData) => form.set('map', '{"0": ["__proto__.polluted"]}')],
    ['no file', (form: FormData) => form.delete('0')],
    ['text in place of the file', (form: FormData) => form.set('0', 'text')],
    ['no operations', (form: FormData) => form.delete('operations')],
    ['operations that are no JSON', (form: FormData) => form.set('operations', '{')],
    ['operations that are null', (form: FormData) => form.set('operations', 'null')],
    ['operations that are a number', (form: FormData) => form.set('operations', '7')],
    ['operations that are a file', (form: FormData) => form.set('operations', new File(['{}'], 'x'))],
    [
      'a file that JSON made up',
      (form: FormData) => {
        form.set('operations', operations({ size: 3, arrayBuffer: 'x' }));
        form.set('map', '{}');
      },
    ],
  ])('with %s is the caller’s own fault', async (_, change) => {
    const answer = await changed(change);
    expect(problemOf(answer)).toEqual({ code: 'BAD_USER_INPUT', status: 400 });
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined();
  });

  test('that is not one is the caller’s own fault', async () => {
    const response = await service.app.fetch(
      new Request('http://localhost/graphql', {
        method: 'POST',
        headers: {
          authorization: `Bearer ${await service.tenant.token()}`,
          'content-type': 'multipart/form-data; boundary=x',
        },
        body: 'not multipart',
      }),
    );
    expect(response.status).toBe(400);
    const { errors } = (await response.json()) as { errors: { extensions: { code: string } }[] };
    expect(errors.map(({ extensions }) => extensions.code)).toEqual(['BAD_USER_INPUT']);
  });

  test('is the only way to send a file', async () => {
    const answer = await service.tenant.graphql(uploadMutation, {
      input: { participantId: participant, file: 'data:,x' },
    });
    expect(problemOf(answer)).toEqual({ code: 'BAD_USER_INPUT', status: 400 });
  });
});
