import { isObjectType } from 'graphql';
import { beforeAll, describe, expect, test } from 'vitest';
import { type Scope, scopes } from '../../src/auth/scopes.ts';
import { useApp } from '../use-app.ts';
import { shownAlong } from './found-along.ts';
import { lastOf, type Path, paths, schema, seenWith, written } from './paths.ts';
import { createWalked, type Walked } from './walked-world.ts';

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

describe('every path of the schema', () => {
  test('is walked', () => {
    const reached = new Set(paths.map((path) => lastOf(path).type.name));
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
    const silent = [...new Set(paths.map((path) => lastOf(path).type))].filter(
      (type) => !seenWith(type) && !leadsOn(type.name) && !partsOfOthers.has(type.name),
    );
    expect(silent.map(({ name }) => name)).toEqual([]);
  });

  test('asks for the scope of what it leads to', () => {
    const open = paths.filter((path) => {
      const { type, coordinate } = lastOf(path);
      const scope = seenWith(type);
      if (ofEitherKind(path) || ofParticipants(path)) return false;
      return scope && !exceptions.has(coordinate) && !path.asked.some((granted) => covers(granted, scope));
    });
    expect(open.map(written)).toEqual([]);
  });
});

const service = useApp();
let walked: Walked;
beforeAll(async () => {
  walked = await createWalked(service);
});

const bearer = async (granted: readonly Scope[]) => ({
  authorization: `Bearer ${await walked.world.tenant.token(granted)}`,
});
const queries = paths.filter(({ operation }) => operation === 'Query');

// Thousands of operations: a busy machine needs minutes.
describe('every path from a query', { timeout: 600_000 }, () => {
  const seenBy = (scope: Scope) => (path: Path) => seenWith(lastOf(path).type) === scope;
  const shownTo = async (headers: Record<string, string>, asks: (path: Path) => boolean) => {
    const shown = await shownAlong(queries.filter(asks), walked, headers);
    return shown.map(written).sort();
  };

  test('ends at something when nothing is missing, for each field and type by one path at least', async () => {
    const headers = await bearer(scopes);
    const left = new Map<string, Path[]>();
    for (const path of queries) {
      const end = `${lastOf(path).coordinate}:${lastOf(path).type.name}`;
      left.set(end, [...(left.get(end) ?? []), path]);
    }
    const nothing: string[] = [];
    for (const [end, ways] of left) {
      let found = 0;
      for (const path of ways) found ||= (await shownAlong([path], walked, headers)).length;
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
      expect(await shownTo(headers, (path) => seenBy(missing)(path) && !ofParticipants(path))).toEqual([]);
    },
  );

  test('shows no participant to an agent’s key', async () => {
    expect(await shownTo(walked.agentKey, seenBy('participants:read'))).toEqual([
      'Query.viewer:Viewer > Viewer.agent:Agent',
    ]);
  });

  test('that needs no scope shows only who asks', async () => {
    expect(await shownTo(await bearer([]), () => true)).toEqual([
      'Query.node:Tenant',
      'Query.viewer:Viewer',
      'Query.viewer:Viewer > Viewer.tenant:Tenant',
      'Query.whoIs:Identity',
    ]);
  });
});
