import { expect, test } from 'vitest';
import { createFileUrls } from '../../src/avatars/file-urls.ts';
import { createClock } from '../../src/database/clock.ts';
import { dataOf, startApp } from '../app.ts';
import { createParticipant } from '../factories.ts';
import { png } from '../fakes/images.ts';
import { upload } from '../uploads.ts';

const hourMs = 3_600_000;
const id = '0198f000-0000-7000-8000-000000000000';

/** A database whose clock says that, and a machine whose clock is off by so much. */
const clockOf = (machineIsAhead: number, database: () => Promise<number>) =>
  createClock({ query: async () => [{ now: await database() }] }, () => Date.now() + machineIsAhead);

test.each([-hourMs, hourMs, 90_000, 0])('a machine that is %d ms ahead goes by the database’s clock', async (ahead) => {
  const clock = clockOf(ahead, async () => Date.now());
  await clock.measure();
  expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1_000);
  expect(Math.abs(clock.offsetMs() + ahead)).toBeLessThan(1_000);
});

test('a database that is away changes nothing, before it was asked or after', async () => {
  let away = true;
  const clock = clockOf(-hourMs, async () => {
    if (away) throw new Error('Connection terminated');
    return Date.now();
  });
  await clock.measure();
  expect(clock.offsetMs()).toBe(0);
  away = false;
  await clock.measure();
  const known = clock.offsetMs();
  expect(known).toBeGreaterThan(hourMs - 1_000);
  away = true;
  await clock.measure();
  expect(clock.offsetMs()).toBe(known);
});

test('URLs that an hour-late replica signs are good for as long as the others’, and verify there', async () => {
  const late = clockOf(-hourMs, async () => Date.now());
  const right = clockOf(0, async () => Date.now());
  await Promise.all([late.measure(), right.measure()]);
  const [ofLate, ofRight] = [late, right].map(({ now }) => createFileUrls('s'.repeat(32), () => '', now));
  const query = (text = '') => new URL(text, 'http://localhost').searchParams;
  const signed = query(ofLate?.sign(id, 64));
  expect(Number(signed.get('expires')) * 1_000).toBeGreaterThanOrEqual(Date.now() + hourMs - 1_000);
  expect(ofRight?.verify(id, signed)).toBe(64);
  expect(ofLate?.verify(id, query(ofRight?.sign(id, 64)))).toBe(64);
});

test('the service signs by the clock that its database tells', async () => {
  const service = await startApp({}, (connection) => ({
    ...connection,
    query: async (statement, values) =>
      statement.text.includes('clock_timestamp()')
        ? [{ now: Date.now() + 10 * hourMs }]
        : connection.query(statement, values),
  }));
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
