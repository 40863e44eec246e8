import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import {
  applyContactChange,
  type ContactFragment,
  ContactsChangedDocument,
  ContactsDocument,
  type Followed,
  follow,
  request,
} from '../../packages/client/src/index.ts';
import { dataOf } from '../app.ts';
import { until } from '../events/trigger.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';
import { useApp } from '../use-app.ts';

const service = useApp({ PORT: '0' });
let left: Followed[] = [];
afterEach(() => {
  for (const { stop } of left) stop();
  left = [];
});

/** Follows an agent's contacts as a page does; `shown` has them after the last event. */
async function page(agentId: string) {
  const { url } = await service.app.listen();
  const headers = { authorization: `Bearer ${await service.tenant.token()}` };
  const endpoint = { url: `${url}/graphql`, headers: () => headers };
  const read = async (signal?: AbortSignal) =>
    (await request(endpoint, ContactsDocument, { agentId }, signal)).participants as ContactFragment[];
  const on = { shown: null as ContactFragment[] | null, refreshed: 0, read };
  const followed = follow({
    endpoint,
    subscription: ContactsChangedDocument,
    variables: { agentId },
    current: read,
    onCurrent(current) {
      on.shown = current;
    },
    onEvent({ participantChanged }) {
      on.shown = applyContactChange(on.shown ?? [], participantChanged);
      if (!participantChanged.everything) return;
      on.refreshed += 1;
      followed.refresh();
    },
  });
  left.push(followed);
  await until(() => on.shown !== null);
  return on;
}

const mutate = async (name: string, type: string, input: object) =>
  dataOf(
    await service.tenant.graphql(`mutation ($input: ${type}!) { ${name}(input: $input) { __typename } }`, { input }),
  );

const names = [
  'a b',
  'a-b',
  'Ábel',
  'Ada',
  'ada',
  'Åse',
  'Bob',
  'Łukasz',
  'lz',
  'Øre',
  'zoë',
  'Æsa',
  'ßen',
  'Þór',
  'thor b',
];

test('a list with the changes of its events is the list that is read anew, after any changes', async () => {
  const agentId = await createAgent(service.tenant);
  const on = await page(agentId);
  const people: string[] = [];
  for (const displayName of names)
    people.push(await createParticipant(service.tenant, { displayName, agentIds: [agentId] }));
  const change = fc.oneof(
    fc.record({ kind: fc.constant('add' as const), displayName: fc.constantFrom(...names) }),
    fc.record({ kind: fc.constantFrom('rename' as const, 'leave' as const, 'return' as const, 'delete' as const) }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(change, fc.nat()), { minLength: 1, maxLength: 6 }), async (changes) => {
      for (const [made, number] of changes) {
        const at = number % Math.max(people.length, 1);
        const participantId = people[at];
        if ('displayName' in made)
          people.push(await createParticipant(service.tenant, { displayName: made.displayName, agentIds: [agentId] }));
        else if (!participantId) continue;
        else if (made.kind === 'delete') {
          people.splice(at, 1);
          await mutate('deleteParticipant', 'DeleteParticipantInput', { participantId });
        } else {
          const to = { rename: { displayName: `${number}` }, leave: { agentIds: [] }, return: { agentIds: [agentId] } };
          await mutate('updateParticipant', 'UpdateParticipantInput', { participantId, ...to[made.kind] });
        }
      }
      const brief = (list: ContactFragment[] | null) => list?.map(({ displayName, id }) => `${displayName} ${id}`);
      await expect.poll(() => brief(on.shown), { timeout: 5_000 }).toEqual(brief(await on.read()));
    }),
    { numRuns: 15 },
  );
});

test('an event about everything makes the page read its list anew', async () => {
  const agentId = await createAgent(service.tenant);
  const integrationConfigId = await createConfig(service.tenant, 'slack', 'xoxb-good');
  const number = 102;
  for (const first of [0, 51]) {
    const creates = Array.from({ length: 51 }, (_, n) => {
      const channel = `{ integrationConfigId: "${integrationConfigId}", address: "U0${first + n}A" }`;
      const input = `kind: PERSON, displayName: "Ada", agentIds: ["${agentId}"], channels: [${channel}]`;
      return `c${n}: createParticipant(input: { ${input} }) { participant { id } }`;
    });
    dataOf(await service.tenant.graphql(`mutation { ${creates.join(' ')} }`));
  }
  const on = await page(agentId);
  const reachable = () => on.shown?.filter((contact) => contact.reachable).length;
  expect([on.shown?.length, reachable()]).toEqual([number, number]);
  await mutate('deleteIntegrationConfig', 'DeleteIntegrationConfigInput', { integrationConfigId, force: true });
  await expect.poll(() => [on.refreshed, on.shown?.length, reachable()]).toEqual([1, number, 0]);
});
