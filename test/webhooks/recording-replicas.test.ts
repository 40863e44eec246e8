import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { startApp, type TestApp } from '../app.ts';
import { createParticipant } from '../factories.ts';
import { slackSecret } from '../fakes/deliveries.ts';
import { prepared } from '../prepared.ts';
import { person, sendTo, slackOf, times } from './recording.ts';
import { countsOf, rotate, unknownSenders } from './webhooks.ts';

const database = inject('database');

describe.skipIf(!('url' in database))('two replicas', () => {
  // Without Redis neither hears the other.
  let here: TestApp;
  let there: TestApp;
  beforeAll(async () => {
    here = await startApp({ SLACK_SIGNING_SECRET: slackSecret });
    there = await startApp({ SLACK_SIGNING_SECRET: slackSecret });
  });
  afterAll(async () => {
    await here.close();
    await there.close();
  });

  test('count each delivery once between them, and none waits for the other for ever', async () => {
    const webhook = await slackOf(here.tenant);
    const people = times(12, (index) => `U0P${index}`);
    const ada = await person(webhook, ...people.slice(0, 6));
    const senders = times(600, (index) => ({ user: people[(index * 7) % 12]!, id: `Ev${newId()}` }));
    const both = [here.app, there.app].flatMap((app, side) => {
      const order = side === 0 ? senders : [...senders].reverse();
      return order.map(({ user, id }) => sendTo(app, webhook.url, user, id));
    });
    expect(new Set(await Promise.all(both))).toEqual(new Set([200]));
    expect(await countsOf(here.tenant, ada)).toEqual(times(6, () => 50));
    const unknown = await unknownSenders(here.tenant);
    expect(unknown.map(({ messageCount }) => messageCount)).toEqual(times(6, () => 50));
  });

  test('take nothing by a key that the other has ended, though they remember it', async () => {
    const webhook = await slackOf(here.tenant);
    const ada = await person(webhook, 'U0ADA');
    expect(await sendTo(there.app, webhook.url, 'U0ADA')).toBe(200);
    const { url } = await rotate(here.tenant, { integrationConfigId: webhook.config });
    expect(await sendTo(there.app, webhook.url, 'U0ADA')).toBe(404);
    expect(await sendTo(there.app, url, 'U0ADA')).toBe(200);
    expect(await countsOf(here.tenant, ada)).toEqual([2]);
  });

  test('wait for nobody who edits the same channels, nor he for them; nobody is known and unknown', async () => {
    const webhook = await slackOf(here.tenant);
    const { config: integrationConfigId } = webhook;
    const channels = (from: number) =>
      times(8, (index) => ({
        integrationConfigId,
        address: `U0S${(from + index * 3) % 30}`,
        priority: (index * 5) % 8,
      }));
    const people = await Promise.all(
      times(6, (index) => createParticipant(here.tenant, { channels: channels(index * 5) })),
    );
    const edit = async (index: number) => {
      const at = index % people.length;
      const change = { participantId: people[at], channels: channels(index * 7).reverse() };
      const update =
        'mutation ($input: UpdateParticipantInput!) { updateParticipant(input: $input) { participant { id } } }';
      if (index % 5 > 0) return here.tenant.graphql(update, { input: change });
      const old = people[at];
      people[at] = await createParticipant(here.tenant, { channels: channels(index * 7) });
      const remove = 'mutation ($input: DeleteParticipantInput!) { deleteParticipant(input: $input) { deletedId } }';
      return here.tenant.graphql(remove, { input: { participantId: old } });
    };
    const [statuses, edits] = await Promise.all([
      Promise.all(
        [here, there].map(async ({ app }) => {
          const found: number[] = [];
          for (let round = 0; round < 20; round += 1)
            found.push(
              ...(await Promise.all(times(20, (index) => sendTo(app, webhook.url, `U0S${(index * 11 + round) % 30}`)))),
            );
          return found;
        }),
      ),
      Promise.all(
        times(4, async (editor) => {
          const found = [];
          for (let round = 0; round < 20; round += 1) found.push(await edit(editor + round * 4));
          return found;
        }),
      ),
    ]);
    expect(new Set(statuses.flat())).toEqual(new Set([200]));
    const codes = edits.flat().flatMap(({ errors }) => errors?.map(({ extensions }) => extensions.code) ?? []);
    // Two editors may have met over one who was deleted.
    expect(codes.filter((code) => code !== 'PARTICIPANT_NOT_FOUND')).toEqual([]);
    const both = await here.app.database.connection.query(
      prepared(`select u.address from unknown_sender u join channel c
         on c.tenant_id = u.tenant_id and c.integration_config_id = u.integration_config_id and c.address = u.address
         where u.status = 'PENDING'`),
      [],
    );
    expect(both).toEqual([]);
  });
});
