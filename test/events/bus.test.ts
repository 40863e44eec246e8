import { expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { createMemoryBus } from '../../src/events/bus.ts';

const synced = (participantId: string) => ({ participantId, error: null, occurredAt: new Date().toISOString() });

test('a burst about others pushes out nothing that a slow consumer waits for', async () => {
  const bus = createMemoryBus();
  const tenantId = newId();
  const events = bus.listen(tenantId, 'avatarSynced', ({ participantId }) => participantId === 'mine');
  const first = events.next();
  for (let count = 0; count < 2; count++) bus.announce(tenantId, 'avatarSynced', synced('mine'));
  for (let count = 0; count < 1_500; count++) bus.announce(tenantId, 'avatarSynced', synced('another’s'));
  expect((await first).value).toMatchObject({ participantId: 'mine' });
  expect((await events.next()).value).toMatchObject({ participantId: 'mine' });
  await events.return();
});
