import { findDuplicates } from '../../src/duplicates/follow.ts';
import { dataOf, type TestApp, type TestTenant, type Untyped } from '../app.ts';
import { until } from '../events/trigger.ts';
import { call } from '../merging/histories.ts';
import { prepared } from '../prepared.ts';

export const emails = 'SAME_EMAIL_IGNORING_CASE_AND_DOTS';

/** Creates an external user; returns its id. */
export const user = async (of: TestTenant, input: object): Promise<string> => {
  const named = { firstName: 'Ada', lastName: 'Lovelace', ...input };
  return dataOf(await call(of, 'createExternalUser', named, 'externalUser { id }')).createExternalUser.externalUser.id;
};

/** Runs a mutation that must succeed. */
export const change = async (of: TestTenant, name: string, input: object): Promise<Untyped> =>
  dataOf(await call(of, name, input, '__typename'));

/** The candidates that the search has found so far. */
export const listed = async (of: TestTenant, filter: object = {}): Promise<Untyped[]> =>
  dataOf(
    await of.graphql(
      `query ($filter: DuplicateCandidateFilter) { duplicateCandidatesConnection(filter: $filter, first: 100) { totalCount nodes {
        id kind users { id } participants { id } reasons confidence dismissedAt } } }`,
      { filter },
    ),
  ).duplicateCandidatesConnection.nodes;

/** Each candidate as its members and its reasons. */
export const members = (found: Untyped[]) =>
  found.map(({ users, participants, reasons }) => [
    (users.length > 0 ? users : participants).map(({ id }: Untyped) => id),
    reasons,
  ]);

/** Lets a test fail where the search of a tenant has failed. */
export const throwing = (error: unknown): void => {
  throw error;
};

/** The search of a service that does no background work. */
export function searchOf(service: TestApp) {
  /** Lets the search follow everything that has happened. */
  async function search(of: TestTenant): Promise<void> {
    const known = `select 1 from duplicate_progress p where p.tenant_id = $1::uuid and p.stage = 'CHANGES'
      and not exists (select from history_entry h where h.tenant_id = $1::uuid and h.id > p.followed_id)`;
    await until(async () => {
      await findDuplicates(service.app.database, throwing);
      return (await service.app.database.connection.query(prepared(known), [of.id])).length > 0;
    });
  }
  return {
    search,
    /** What the search finds when it has followed everything. */
    async candidates(of: TestTenant, filter: object = {}): Promise<Untyped[]> {
      await search(of);
      return listed(of, filter);
    },
  };
}
