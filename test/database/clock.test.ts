import { expect, test } from 'vitest';
import { dataOf, startApp } from '../app.ts';
import { createParticipant } from '../factories.ts';
import { png } from '../fakes/images.ts';
import { upload } from '../uploads.ts';

const hourMs = 3_600_000;

test('the service signs by the clock that its database tells', async () => {
  const service = await startApp({}, (connection) =>
    Object.create(connection, { clockOffsetMs: { value: 10 * hourMs } }),
  );
  const participantId = await createParticipant(service.tenant);
  dataOf(await upload(service, service.tenant, participantId, await png()));
  const { participant } = dataOf(
    await service.tenant.graphql('query ($id: ID!) { participant(id: $id) { avatarUrl } }', { id: participantId }),
  );
  const url = new URL(participant.avatarUrl);
  expect(Number(url.searchParams.get('expires')) * 1_000).toBeGreaterThan(Date.now() + 10.9 * hourMs);
  const response = await service.app.fetch(new Request(url));
  expect(response.status).toBe(200);
  const [, seconds] = /max-age=(\d+)/.exec(response.headers.get('cache-control') ?? '') ?? [];
  expect(Number(seconds)).toBeLessThanOrEqual(7_200);
  await service.close();
});
