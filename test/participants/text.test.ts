import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, dataOf, problemOf, startApp, type TestApp } from '../app.ts';
import { createAgent, createConfig, createParticipant } from '../factories.ts';

let service: TestApp;
let config: string;
beforeAll(async () => {
  service = await startApp();
  config = await createConfig(service.tenant, 'custom');
  await createAgent(service.tenant, 'agent');
});
afterAll(() => service.close());

const create = (
  input: object,
): Promise<
  Answer<{
    createParticipant: {
      participant: { displayName: string; email: string; channels: { address: string; label: string }[] };
    };
  }>
> =>
  service.tenant.graphql(
    'mutation ($input: CreateParticipantInput!) { createParticipant(input: $input) { participant { displayName email channels { address label } } } }',
    { input: { kind: 'PERSON', displayName: 'Ada', ...input } },
  );
const stored = async (input: object) => dataOf(await create(input)).createParticipant.participant;
const channel = (address: string, more: object = {}) => ({
  channels: [{ integrationConfigId: config, address, ...more }],
});
const refused = async (input: object) => {
  const answer = await create(input);
  expect(problemOf(answer)).toEqual({ code: 'VALIDATION_FAILED', status: 400 });
  return answer.errors?.[0]?.extensions.errors?.map(({ path, message }) => `${path.slice(1).join('.')} ${message}`);
};

const emoji = '👩‍🚀';
const points = [...emoji].length;
/** Text that no compression makes shorter. */
const noise = (length: number) => randomBytes(length).toString('base64url').slice(0, length);

describe('the length of', () => {
  test('a displayName is counted in characters, without the white space around it', async () => {
    for (const name of ['x'.repeat(150), '😀'.repeat(150), emoji.repeat(150 / points), `  ${'é'.repeat(150)}\n`]) {
      expect((await stored({ displayName: name })).displayName).toBe(name.trim());
    }
    expect(await refused({ displayName: 'x'.repeat(151) })).toEqual(['displayName must be at most 150 characters']);
    expect(await refused({ displayName: '😀'.repeat(151) })).toEqual(['displayName must be at most 150 characters']);
    expect(await refused({ displayName: ' \t\u00a0 ' })).toEqual(['displayName must not be empty']);
  });

  test('an address is at most 4,000 characters, and it is stored as it is', async () => {
    for (const address of [noise(4_000), '😀'.repeat(4_000), ' x ']) {
      expect((await stored(channel(address))).channels).toEqual([{ address, label: null }]);
    }
    expect(await refused(channel(noise(4_001)))).toEqual(['channels.0.address must be at most 4000 characters']);
    expect(await refused(channel('😀'.repeat(4_001)))).toEqual(['channels.0.address must be at most 4000 characters']);
    expect(await refused(channel(''))).toEqual(['channels.0.address must not be empty']);
  });

  test('an e-mail address is at most 4,000 characters, and it is found again in any case', async () => {
    const local = noise(4_000 - '@example.com'.length);
    const email = `${local}@example.com`;
    expect((await stored({ email })).email).toBe(email);
    expect(await refused({ email: `x${email}` })).toEqual(['email must be at most 4000 characters']);
    const { participantsConnection } = dataOf(
      await service.tenant.graphql(
        'query ($email: String) { participantsConnection(filter: { email: $email }) { totalCount nodes { email } } }',
        {
          email: email.toUpperCase(),
        },
      ),
    );
    expect(participantsConnection).toEqual({ totalCount: 1, nodes: [{ email }] });
  });

  test('a label is 1 to 150 characters', async () => {
    expect((await stored(channel('x', { label: ` ${'x'.repeat(150)} ` }))).channels[0]?.label).toBe('x'.repeat(150));
    expect(await refused(channel('x', { label: 'x'.repeat(151) }))).toEqual([
      'channels.0.label must be at most 150 characters',
    ]);
    expect(await refused(channel('x', { label: '' }))).toEqual(['channels.0.label must not be empty']);
  });
});

test.each(['no', 'a@b@c', 'a b@example.com', 'a@', '@example.com', 'a@-x.com', ''])(
  '"%s" is no e-mail address',
  async (email) => {
    expect(await refused({ email })).toHaveLength(1);
  },
);

describe.each([
  ['NUL', 'a\u0000b'],
  ['half a surrogate pair', 'a\ud83d'],
  ['the other half', '\ude00b'],
])('%s in', (_, value) => {
  test.each([
    ['a displayName', { displayName: value }],
    ['an e-mail address', { email: `${value}@example.com` }],
    ['an address', { channels: [{ integrationConfigId: '', address: value }] }],
    ['a label', { channels: [{ integrationConfigId: '', address: 'x', label: value }] }],
  ])('%s is refused', async (__, input) => {
    expect(await refused(input)).toContainEqual(
      expect.stringContaining('must not contain characters that are no text'),
    );
  });

  test('any id finds nothing, or is the caller’s own fault', async () => {
    const id = await createParticipant(service.tenant);
    const answers = [
      await create({ agentIds: [value] }),
      await create({ kind: 'AI_AGENT', relatedAgentId: value }),
      await create({ channels: [{ integrationConfigId: value, address: 'x' }] }),
      await service.tenant.graphql(
        'mutation ($id: ID!, $value: ID!) { bindParticipant(input: { participantId: $id, agentId: $value }) { created } }',
        { id, value },
      ),
      await service.tenant.graphql(
        'mutation ($value: ID!) { deleteParticipant(input: { participantId: $value }) { deletedId } }',
        { value },
      ),
    ];
    for (const answer of answers) expect([400, 404]).toContain(problemOf(answer).status);
    const found = await service.tenant.graphql(
      'query ($value: ID!, $text: String!) { participant(id: $value) { id } participants(agentId: $value) { id } participantsConnection(filter: { email: $text, agentId: $value }) { totalCount } }',
      { value, text: value },
    );
    for (const error of found.errors ?? [])
      expect(error.extensions).toMatchObject({ code: 'BAD_USER_INPUT', status: 400 });
  });
});

describe('an agent’s id', () => {
  test.each(['', 'a b', '-a', 'ä', 'x'.repeat(65), 'a\n', 'a/b'])('is not "%s"', async (id) => {
    const answer = await service.tenant.graphql(
      'mutation ($id: ID!) { createAgent(input: { id: $id, name: "x" }) { agent { id } } }',
      { id },
    );
    expect(problemOf(answer)).toEqual({ code: 'VALIDATION_FAILED', status: 400 });
  });

  test('is kept in its case, and differs by it', async () => {
    for (const id of ['Case', 'case', '0.9_x-Y', 'x'.repeat(64)])
      expect(await createAgent(service.tenant, id)).toBe(id);
    const answer = await service.tenant.graphql(
      'mutation { createAgent(input: { id: "case", name: "x" }) { agent { id } } }',
    );
    expect(problemOf(answer)).toEqual({ code: 'CONFLICT', status: 409 });
    expect(dataOf(await service.tenant.graphql('{ agent(id: "CASE") { id } }')).agent).toBeNull();
  });
});
