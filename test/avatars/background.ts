import { dataOf, type TestApp, type TestTenant } from '../app.ts';
import { until } from '../events/trigger.ts';

/** An app whose background work doesn't let a test wait; it needs a database of its own. */
export const eager = { AVATAR_WORKERS: '4', JOB_LEASE_MS: '600', SECRET_KEY: 'the same for all replicas of a test' };

export type Job = {
  id: string;
  participantId: string;
  state: string;
  attempts: number;
  address: string;
  errorCode: string | null;
  workerId: string | null;
};

/** The tenant's jobs, the oldest first. */
export const jobsOf = ({ app }: Pick<TestApp, 'app'>, tenant: Pick<TestTenant, 'id'>): Promise<Job[]> =>
  app.database.prisma.avatarSyncJob.findMany({ where: { tenantId: tenant.id }, orderBy: { id: 'asc' } });

/** Waits until nothing of the tenant's is queued or running; returns the jobs. */
export async function settled(service: Pick<TestApp, 'app'>, tenant: Pick<TestTenant, 'id'>): Promise<Job[]> {
  let jobs: Job[] = [];
  await until(async () => {
    jobs = await jobsOf(service, tenant);
    return jobs.every(({ state }) => state === 'DONE' || state === 'FAILED');
  });
  return jobs;
}

const shown = `id avatarFileId avatarSource avatarSourceConfigId avatarSourceAddress avatarUrl(size: 512)
  avatarAutoSync { synced provider address attemptedAt error { code status detail } }`;

/** What the graph says about a participant's avatar. */
export const avatarOf = async (tenant: TestTenant, id: string) =>
  dataOf(await tenant.graphql(`query ($id: ID!) { participant(id: $id) { ${shown} } }`, { id })).participant;

export const updateChannels = async (
  tenant: TestTenant,
  participantId: string,
  channels: object[],
  more: object = {},
) =>
  dataOf(
    await tenant.graphql(
      `mutation ($input: UpdateParticipantInput!) { updateParticipant(input: $input) { participant { ${shown} } } }`,
      { input: { participantId, channels, ...more } },
    ),
  ).updateParticipant.participant;

export const batchFields = `id agentId agent { id } state total done synced skipped failed failures { code count }
  running { id } startedAt finishedAt estimatedCompletionAt`;

export const syncAgent = (tenant: TestTenant, agentId: string, headers?: Record<string, string>) =>
  tenant.graphql(
    `mutation ($agentId: ID!) { syncAgentAvatars(input: { agentId: $agentId }) { batch { ${batchFields} } } }`,
    { agentId },
    headers,
  );

export const batchOf = async (tenant: TestTenant, id: string) =>
  dataOf(await tenant.graphql(`query ($id: ID!) { avatarSyncBatch(id: $id) { ${batchFields} } }`, { id }))
    .avatarSyncBatch;

export const progress = `subscription ($id: ID!) { avatarSyncBatchProgress(batchId: $id) { ${batchFields} } }`;
