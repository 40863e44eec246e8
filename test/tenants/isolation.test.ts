import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { catalogue } from '../../src/errors/catalogue.ts';
import { buildSchema } from '../../src/schema/schema.ts';
import { dataOf, problemOf, startApp, type TestApp } from '../app.ts';
import { createAgent } from '../factories.ts';
import { png } from '../fakes/images.ts';
import { type Stream, subscribe } from '../streams.ts';
import { upload } from '../uploads.ts';
import type { Call } from './call.ts';
import { calledElsewhere, calls } from './calls.ts';
import { documentOf, idPaths, rootFields, saysNothing, valuesAt } from './documents.ts';
import { createWorld, type World, writtenRowsOf } from './world.ts';

const schema = buildSchema();
const fields = rootFields(schema);

let service: TestApp;
let mine: World;
let theirs: World;
beforeAll(async () => {
  service = await startApp();
  theirs = await createWorld(service, 'theirs', '+14155550102');
});
// One of its own for each test: some calls change it.
beforeEach(async () => {
  mine = await createWorld(service, 'ours', '+14155550101');
});
afterAll(() => service.close());

const theirIds = () => [
  theirs.tenant.id,
  theirs.participant,
  theirs.config,
  theirs.binding,
  theirs.channel,
  theirs.conversation,
  theirs.externalUser,
  theirs.member,
  theirs.contactMember,
  theirs.key,
  theirs.webhookKey,
  theirs.unknownSender,
  theirs.batch,
  theirs.failedSync,
  theirs.file,
];

/**
 * What the other tenant is and has, none of which may be in an answer: its ids, and its names where the call doesn't
 * say them itself.
 */
function isTheirs(answer: unknown, given: unknown): string[] {
  const text = JSON.stringify(answer);
  const said = JSON.stringify(given);
  return [
    ...theirIds(),
    'Person of theirs',
    'label of theirs',
    'Conversation of theirs',
    theirs.address,
    theirs.email,
  ].filter((secret) => text.includes(secret) && !said.includes(secret));
}

describe('the list of calls', () => {
  test('knows every field of the graph', () => {
    const unknown = fields
      .map(({ field }) => field.name)
      .filter((name) => !(name in calls) && !calledElsewhere.has(name));
    expect(unknown).toEqual([]);
  });

  test('gives each id that a field takes as the other tenant’s', () => {
    const world = (of: string) => new Proxy({}, { get: (_, name) => `${of}'s ${String(name)}` }) as World;
    const missing = fields
      .filter(({ field }) => !calledElsewhere.has(field.name))
      .flatMap(({ field }) => {
        const given = calls[field.name]?.map(({ args }) => args(world('mine'), world('theirs'))) ?? [];
        return idPaths(field)
          .filter((path) => !given.some((args) => valuesAt(args, path).some((id) => String(id).startsWith('theirs'))))
          .map((path) => `${field.name}(${path})`);
      });
    expect(missing).toEqual([]);
  });
});

describe('another tenant’s things', () => {
  const known = fields.filter(
    ({ field, operation }) => operation !== 'Subscription' && !calledElsewhere.has(field.name),
  );

  test.each(known.map(({ operation, field }) => [field.name, operation, field] as const))(
    '%s',
    async (name, operation, field) => {
      for (const { args, outcome } of calls[name] as readonly Call[]) {
        const variables = args(mine, theirs);
        const before = await writtenRowsOf(service.app.database, theirs.tenant.id);

        const answer = await mine.tenant.graphql(documentOf(operation, field), variables);

        const about = `${name}(${JSON.stringify(variables)})`;
        if (outcome === 'nothing') {
          const found = dataOf(answer)[name];
          expect(saysNothing(found, field.type), `${about} found ${JSON.stringify(found)}`).toBe(true);
        } else if (outcome === 'own') {
          expect(isTheirs(dataOf(answer), variables), about).toEqual([]);
        } else {
          expect(problemOf(answer), about).toEqual({ code: outcome, status: catalogue[outcome].status });
          expect(isTheirs(answer.errors, variables), about).toEqual([]);
        }
        expect(await writtenRowsOf(service.app.database, theirs.tenant.id), about).toEqual(before);
      }
    },
  );

  test('are no more use to mutations than things that do not exist', async () => {
    const nobody = new Proxy(
      {},
      { get: (_, name) => (name === 'address' ? 'UNOBODY' : '0198f000-0000-7000-8000-000000000000') },
    );
    for (const { operation, field } of known.filter(({ operation }) => operation === 'Mutation')) {
      for (const { args, outcome } of calls[field.name] as readonly Call[]) {
        if (outcome === 'own' || outcome === 'nothing') continue;
        const document = documentOf(operation, field, 1);
        const [foreign, absent] = [
          await mine.tenant.graphql(document, args(mine, theirs)),
          await mine.tenant.graphql(document, args(mine, nobody as World)),
        ];
        expect(problemOf(absent), field.name).toEqual(problemOf(foreign));
      }
    }
  });

  test('uploadParticipantAvatar', async () => {
    const before = await writtenRowsOf(service.app.database, theirs.tenant.id);
    const answer = await upload(service, mine.tenant, theirs.participant, await png());
    expect(problemOf(answer)).toEqual({ code: 'PARTICIPANT_NOT_FOUND', status: 404 });
    expect(await writtenRowsOf(service.app.database, theirs.tenant.id)).toEqual(before);
  });
});

describe('another tenant’s events', () => {
  const sync = (world: World) =>
    world.tenant.graphql(
      `mutation ($input: SyncParticipantAvatarFromChannelInput!) { syncParticipantAvatarFromChannel(input: $input) { participant { id } } }`,
      { input: { participantId: world.participant, integrationConfigId: world.config, address: 'UNOT0THERE' } },
    );

  test.each(['all', 'by id'])('participantAvatarSynced (%s)', async (which) => {
    const participantIds = which === 'all' ? null : [theirs.participant, mine.participant];
    const stream: Stream = await subscribe(
      service.app,
      await mine.tenant.token(),
      'subscription ($participantIds: [ID!]) { participantAvatarSynced(participantIds: $participantIds) { participant { id } } }',
      { participantIds },
    );
    const first = stream.next();
    await sync(theirs);
    await sync(mine);
    expect((await first)?.data.participantAvatarSynced.participant.id).toBe(mine.participant);
    await stream.leave();
  });

  test('participantChanged', async () => {
    const disable = (world: World) =>
      world.tenant.graphql(
        'mutation ($id: ID!) { disableParticipant(input: { participantId: $id }) { participant { id } } }',
        {
          id: world.participant,
        },
      );
    const open = async (agentId: string): Promise<Stream> =>
      subscribe(
        service.app,
        await mine.tenant.token(),
        'subscription ($agentId: ID!) { participantChanged(agentId: $agentId) { removedIds participants { id } } }',
        { agentId },
      );
    // Agents’ ids are the tenants’ own choice.
    await createAgent(mine.tenant, theirs.agent);
    const [own, foreign] = [await open(mine.agent), await open(theirs.agent)];
    const [heard, nothing] = [own.next(), foreign.next()];
    await disable(theirs);
    await disable(mine);
    expect((await heard)?.data.participantChanged).toEqual({
      removedIds: [],
      participants: [{ id: mine.participant }],
    });
    expect(await Promise.race([nothing, 'silence'])).toBe('silence');
    await own.leave();
    await foreign.leave();
  });

  test('unknownSenderChanged', async () => {
    const reject = (world: World) =>
      world.tenant.graphql('mutation ($id: ID!) { rejectUnknownSender(input: { id: $id }) { unknownSender { id } } }', {
        id: world.unknownSender,
      });
    const document =
      'subscription ($agentId: ID) { unknownSenderChanged(agentId: $agentId) { unknownSender { id status } } }';
    const streams = [];
    for (const agentId of [null, mine.agent])
      streams.push(await subscribe(service.app, await mine.tenant.token(), document, { agentId }));
    const heard = streams.map((stream) => stream.next());
    await reject(theirs);
    await reject(mine);
    for (const event of await Promise.all(heard))
      expect(event?.data.unknownSenderChanged.unknownSender).toEqual({ id: mine.unknownSender, status: 'REJECTED' });
    for (const stream of streams) await stream.leave();
  });

  test('conversationParticipantChanged', async () => {
    const stream = await subscribe(
      service.app,
      await mine.tenant.token(),
      'subscription ($id: ID!) { conversationParticipantChanged(conversationId: $id) { __typename } }',
      { id: theirs.conversation },
    );
    const first = await stream.next();
    expect(first?.errors?.[0]?.extensions.code).toBe('CONVERSATION_NOT_FOUND');
    await stream.leave();
  });

  test('avatarSyncBatchProgress', async () => {
    const stream = await subscribe(
      service.app,
      await mine.tenant.token(),
      'subscription ($id: ID!) { avatarSyncBatchProgress(batchId: $id) { total } }',
      { id: theirs.batch },
    );
    expect((await stream.next())?.errors?.[0]?.extensions.code).toBe('AVATAR_SYNC_NOT_FOUND');
    await stream.leave();
  });
});
