import {
  type GraphQLField,
  type GraphQLNamedType,
  getNamedType,
  isInterfaceType,
  isObjectType,
  isUnionType,
} from 'graphql';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isScope, type Scope, scopes } from '../../src/auth/scopes.ts';
import { newId } from '../../src/database/ids.ts';
import { buildSchema } from '../../src/schema/schema.ts';
import { startApp, type TestApp } from '../app.ts';
import { createAgentKey, createConfig, createParticipant } from '../factories.ts';
import { calls } from '../tenants/calls.ts';
import { type Operation, rootFields } from '../tenants/documents.ts';
import { nodesOf } from '../tenants/nodes.ts';
import { createWorld, type World } from '../tenants/world.ts';

const schema = buildSchema();
type Field = GraphQLField<unknown, unknown>;

/** The scope that a type is seen with, as its description says; undefined for a type that only leads on to others. */
const seenWith = (type: GraphQLNamedType): Scope | undefined => scopeIn(/Seen with `([a-z:]+)`/, type.description);
/**
 * The scope that a field needs besides its parent's, as its description says. A field of a union or an interface names
 * one for each type that it can answer with.
 */
function neededBy(field: Field, type: GraphQLNamedType): Scope | undefined {
  const named = [...(field.description ?? '').matchAll(/(?:needs?|and without) `([a-z:]+)`/gi)].map(
    ([, scope]) => scope,
  );
  const scope = isObjectType(getNamedType(field.type)) ? named[0] : named.find((each) => each === seenWith(type));
  return scope !== undefined && isScope(scope) ? scope : undefined;
}

function scopeIn(pattern: RegExp, text: string | null | undefined): Scope | undefined {
  const named = pattern.exec(text ?? '')?.[1];
  return named !== undefined && isScope(named) ? named : undefined;
}

/**
 * Types that need no scope by themselves: they hold nothing of the tenant's but its name, or only lead on to other
 * types.
 */
const leadsOn = (name: string) =>
  /(Payload|Connection|Edge)$|^(Query|Mutation|Subscription|PageInfo|Viewer|Tenant|Identity)$/.test(name);
/** Values that are shown with what they belong to. What they lead to is walked like everything else. */
const partsOfOthers = new Set([
  'AvatarSyncError',
  'AvatarSyncEvent',
  'AvatarSyncFailureCount',
  'ChannelHealth',
  'ContactIdentifier',
  'DataJobError',
  'ConversationParticipantEvent',
  'HistoryActor',
  'HistoryChange',
  'HistoryEntry',
  'ParticipantAvatarAutoSync',
  'ParticipantHealth',
]);

/** The one place where a type is shown without its scope: every credential may see which agent it belongs to. */
const exceptions = new Set(['Viewer.agent']);

/** A merge is of users or of participants, and asks for the scopes of these: test/merging/participants.test.ts. */
const ofEitherKind = ({ steps }: Path) => steps[0]?.coordinate === 'Mutation.undoMerge';
const mergeTypes = new Set(['Merge', 'MergeActor', 'MergeConflict', 'MergeParty']);
const ofParticipants = ({ steps }: Path) =>
  steps.some(({ coordinate }) => coordinate === 'Mutation.mergeParticipants' || coordinate === 'Participant.merges') &&
  mergeTypes.has(steps.at(-1)?.type.name ?? '');

/** What a scope lets a path see. A mutation shows what it changed, so its scope covers the payload. */
const covers = (granted: Scope, asked: Scope): boolean =>
  granted === asked ||
  granted === 'admin' ||
  granted === asked.replace(':read', ':write') ||
  (granted === 'integrations:write' && asked === 'participants:read');

/** The object types that a field can answer with. */
function typesOf(field: Field): GraphQLNamedType[] {
  const named = getNamedType(field.type);
  if (isUnionType(named) || isInterfaceType(named)) return [...schema.getPossibleTypes(named)];
  return isObjectType(named) ? [named] : [];
}
const fieldsOf = (type: GraphQLNamedType): Field[] => (isObjectType(type) ? Object.values(type.getFields()) : []);

type Step = { coordinate: string; field: Field; type: GraphQLNamedType };
/** A path, and the scopes that it takes to go along it. */
type Path = { operation: Operation; steps: Step[]; asked: Scope[] };

/** Every path, to each field of each type once from each root field and each set of scopes asked for on the way. */
function* paths(): Iterable<Path> {
  for (const { operation, field } of rootFields(schema)) {
    const seen = new Set<string>();
    const queue: Path[] = [];
    const go = (from: Path | null, parent: string, next: Field) => {
      for (const type of typesOf(next)) {
        const needed = neededBy(next, type);
        const asked = [...new Set([...(from?.asked ?? []), ...(needed ? [needed] : [])])].sort();
        const key = `${parent}.${next.name} ${type.name} ${asked.join()}`;
        if (seen.has(key)) continue;
        seen.add(key);
        const step = { coordinate: `${parent}.${next.name}`, field: next, type };
        queue.push({ operation, steps: [...(from?.steps ?? []), step], asked });
      }
    };
    go(null, operation, field);
    for (let path = queue.shift(); path; path = queue.shift()) {
      yield path;
      const { type } = path.steps.at(-1) as Step;
      for (const next of fieldsOf(type)) go(path, type.name, next);
    }
  }
}

const every = [...paths()];
const lastOf = ({ steps }: Path) => steps.at(-1) as Step;
const written = ({ steps }: Path) => steps.map(({ coordinate, type }) => `${coordinate}:${type.name}`).join(' > ');

describe('every path of the schema', () => {
  test('is walked', () => {
    const reached = new Set(every.map((path) => lastOf(path).type.name));
    const known = Object.values(schema.getTypeMap()).filter(
      (type) => isObjectType(type) && !type.name.startsWith('__'),
    );
    expect(
      known
        .map(({ name }) => name)
        .filter((name) => !reached.has(name))
        .sort(),
    ).toEqual(['Mutation', 'Query', 'Subscription']);
  });

  test('leads to types that say with which scope they are seen', () => {
    const silent = [...new Set(every.map((path) => lastOf(path).type))].filter(
      (type) => !seenWith(type) && !leadsOn(type.name) && !partsOfOthers.has(type.name),
    );
    expect(silent.map(({ name }) => name)).toEqual([]);
  });

  test('asks for the scope of what it leads to', () => {
    const open = every.filter((path) => {
      const { type, coordinate } = lastOf(path);
      const scope = seenWith(type);
      if (ofEitherKind(path) || ofParticipants(path)) return false;
      return scope && !exceptions.has(coordinate) && !path.asked.some((granted) => covers(granted, scope));
    });
    expect(open.map(written)).toEqual([]);
  });
});

let service: TestApp;
let world: World;
/** An id of each type that is a node. */
let nodes: Record<string, string>;
let agentKey: Record<string, string>;
beforeAll(async () => {
  service = await startApp();
  world = await createWorld(service, 'walk', '+14155550177');
  const { prisma } = service.app.database;
  const { id: tenantId } = world.tenant;
  nodes = await nodesOf(service, world);
  agentKey = (await createAgentKey(world.tenant, world.agent)).headers;
  await createParticipant(world.tenant, { kind: 'AI_AGENT', relatedAgentId: world.agent, agentIds: [world.agent] });
  const id = newId();
  await prisma.conversationMember.create({
    data: {
      tenantId,
      id,
      conversationId: world.conversation,
      type: 'AGENT',
      participantId: world.agent,
      agentId: world.agent,
    },
  });
  // A candidate is shown while two of its members are there.
  const another = newId();
  await prisma.externalUser.create({ data: { tenantId, id: another, fkId: 'another' } });
  const candidate = { tenantId_id: { tenantId, id: world.candidate } };
  const memberIds = [world.externalUser, another];
  // Its history is that it was dismissed once.
  await prisma.duplicateCandidate.update({ where: candidate, data: { memberIds, dismissedAt: new Date() } });
  await prisma.duplicateCandidate.update({ where: candidate, data: { dismissedAt: null } });
  const { participant: participantId, config: integrationConfigId, address, batch: batchId } = world;
  const error = { errorCode: 'AVATAR_NOT_AVAILABLE', errorStatus: 400, errorDetail: 'No picture.' };
  await prisma.avatarAutoSync.create({
    data: { tenantId, participantId, provider: 'slack', address, attemptedAt: new Date(), ...error },
  });
  // Of the batch one contact has failed; another is being synced, and a third waits to be tried again.
  const running = await createParticipant(world.tenant);
  await prisma.avatarSyncBatchItem.create({ data: { tenantId, batchId, participantId: running } });
  await prisma.avatarSyncJob.create({
    data: {
      tenantId,
      id,
      participantId: running,
      integrationConfigId,
      address,
      kind: 'BATCH',
      state: 'RUNNING',
      workerId: id,
      leaseUntil: new Date(Date.now() + 3_600_000),
    },
  });
  const waiting = await createParticipant(world.tenant);
  await prisma.avatarSyncBatchItem.create({ data: { tenantId, batchId, participantId: waiting } });
  await prisma.avatarSyncJob.create({
    data: {
      tenantId,
      id: newId(),
      participantId: waiting,
      integrationConfigId,
      address,
      kind: 'BATCH',
      runAt: new Date(Date.now() + 3_600_000),
      ...error,
    },
  });
  // One was approved as a participant, and is matched by another channel.
  const elsewhere = await createConfig(world.tenant, 'slack');
  const now = new Date();
  const heard = { messageCount: 1, firstMessageAt: now, lastMessageAt: now };
  const approved = { status: 'APPROVED', approvedParticipantId: participantId } as const;
  await prisma.unknownSender.create({
    data: { tenantId, id: newId(), integrationConfigId: elsewhere, address, ...heard, ...approved },
  });
  await prisma.unknownSender.updateMany({ where: { tenantId }, data: { agentId: world.agent } });
});
afterAll(() => service.close());

/** The path as a document that asks for the type at its end. */
function documentOf({ steps }: Path): { document: string; variables: Record<string, unknown> } {
  const [root] = steps as [Step];
  const given = calls[root.field.name]?.[0]?.args(world, world) ?? {};
  const args = root.coordinate === 'Query.node' ? { id: nodes[root.type.name] } : given;
  const taken = root.field.args.filter(({ name }) => name in args);
  const inner = steps.reduceRight<string>((below, { field, type }, index) => {
    const given = index === 0 ? taken.map(({ name }) => `${name}: $${name}`).join(', ') : '';
    return `${field.name}${given && `(${given})`} { __typename ... on ${type.name} { ${below} } }`;
  }, '__typename');
  const variables = taken.map(({ name, type }) => `$${name}: ${type}`).join(', ');
  return { document: `query ${variables && `(${variables})`} { ${inner} }`, variables: args };
}

/** How many objects of the type at the path's end an answer has there. */
async function foundBy(path: Path, headers: Record<string, string>): Promise<number> {
  const { document, variables } = documentOf(path);
  const { data } = await world.tenant.graphql(document, variables, headers);
  let values: unknown[] = [data];
  for (const { field } of path.steps)
    values = values.flatMap((value) => (value as Record<string, unknown> | null)?.[field.name] ?? []).flat();
  return values.filter((value) => (value as { __typename: string }).__typename === lastOf(path).type.name).length;
}

const bearer = async (granted: readonly Scope[]) => ({ authorization: `Bearer ${await world.tenant.token(granted)}` });
const queries = every.filter(({ operation }) => operation === 'Query');

// Some thousand operations: a busy machine needs minutes.
describe('every path from a query', { timeout: 600_000 }, () => {
  test('ends at something when nothing is missing, for each field and type by one path at least', async () => {
    const headers = await bearer(scopes);
    const left = new Map<string, Path[]>();
    for (const path of queries) {
      const { coordinate, type } = lastOf(path);
      const end = `${coordinate}:${type.name}`;
      left.set(end, [...(left.get(end) ?? []), path]);
    }
    const nothing: string[] = [];
    for (const [end, ways] of left) {
      let found = 0;
      for (const path of ways) found ||= await foundBy(path, headers);
      if (!found) nothing.push(end);
    }
    // Only an agent's key has an agent of its own; the test below walks on from there. The queries of imports and
    // exports, identifiers that were added and syncs that were begun anew have tests of their own.
    expect(nothing).toEqual([
      'HistoryEntry.subject:AvatarSyncFailure',
      'HistoryEntry.subject:ExternalUserIdentifier',
      'Query.export:DataExport',
      'DataExport.error:DataJobError',
      'Query.import:DataImport',
      'DataImport.error:DataJobError',
      'Viewer.agent:Agent',
    ]);
  });

  test.each(scopes.filter((scope) => scope !== 'admin'))(
    'shows nothing that is seen with %s without it',
    async (missing) => {
      const headers = await bearer(scopes.filter((scope) => scope !== missing && scope !== 'admin'));
      const shown: string[] = [];
      for (const path of queries) {
        if (seenWith(lastOf(path).type) !== missing || ofParticipants(path)) continue;
        if (await foundBy(path, headers)) shown.push(written(path));
      }
      expect(shown).toEqual([]);
    },
  );

  test('shows no participant to an agent’s key', async () => {
    const shown: string[] = [];
    for (const path of queries) {
      if (seenWith(lastOf(path).type) === 'participants:read' && (await foundBy(path, agentKey)))
        shown.push(written(path));
    }
    expect(shown).toEqual(['Query.viewer:Viewer > Viewer.agent:Agent']);
  });

  test('that needs no scope shows only who asks', async () => {
    const headers = await bearer([]);
    const shown: string[] = [];
    for (const path of queries) if (await foundBy(path, headers)) shown.push(written(path));
    expect(shown.sort()).toEqual([
      'Query.node:Tenant',
      'Query.viewer:Viewer',
      'Query.viewer:Viewer > Viewer.tenant:Tenant',
      'Query.whoIs:Identity',
    ]);
  });
});
