import { type AutoSync, autoSyncByParticipant, selectAutoSyncs } from '../../avatars/failures.ts';
import type { TenantDatabase } from '../../database/database.ts';
import type { Participant } from '../../database/generated/client.ts';
import { oneByUuid } from '../../database/loaders.ts';
import { following } from '../../database/redirects.ts';
import { columns, rows } from '../../database/sql/columns.ts';
import { anyKey, sql, tenant } from '../../database/sql/fragment.ts';
import { batchedRead } from '../../database/sql/statement.ts';
import { json, nullable, uuid } from '../../database/sql/types.ts';
import { parseTimestamps } from '../../database/statement.ts';
import { agentIdsByParticipant } from '../../directory/bindings/bindings.ts';
import {
  type ChannelFacts,
  channelFactsByParticipant,
  selectChannelFacts,
} from '../../directory/participants/channel-facts.ts';
import type { ListedParticipant, ParticipantParts } from '../../directory/participants/queries.ts';
import { listing, listingOfAgent, listParticipants } from '../../directory/participants/whole-list.ts';
import {
  activationsByParticipant,
  type ChannelActivation,
  selectActivations,
} from '../../integrations/webhooks/activations.ts';

/** A participant with all that the face shows of it. */
export type WholeParticipant = {
  participant: ListedParticipant;
  agentIds: readonly string[];
  channels: readonly ChannelFacts[];
  activations: readonly ChannelActivation[];
  autoSync: AutoSync | null;
};

// One statement reads at most so many of each. A participant with more leaves all of them to their loaders.
const maxBatchSize = 50;
const some = sql`limit ${maxBatchSize + 1}`;

const own = columns('Participant', 'p');
const row = {
  ...rows(
    {
      agentIds: json<string[]>(),
      channels: json<ChannelFacts[]>(),
      activations: json<ChannelActivation[]>(),
      autoSync: nullable(json<AutoSync>()),
    },
    own,
  ),
  ...sql`${own}, (select coalesce(json_agg(o.agent_id), '[]') from (
        select o.agent_id from binding o where o.tenant_id = p.tenant_id and o.participant_id = p.id order by o.agent_id ${some}) o) as "agentIds",
      (select coalesce(json_agg(f), '[]') from (${selectChannelFacts}
        where c.tenant_id = p.tenant_id and c.participant_id = p.id order by c.priority, c.id ${some}) f) as channels,
      (select coalesce(json_agg(v), '[]') from (${selectActivations}
        where b.tenant_id = p.tenant_id and b.participant_id = p.id order by b.agent_id, c.priority, c.id ${some}) v) as activations,
      (select row_to_json(s) from (${selectAutoSyncs} where a.tenant_id = p.tenant_id and a.participant_id = p.id) s) as "autoSync"`,
};
type WholeRow = Participant & Omit<WholeParticipant, 'participant'>;

const oneById = following<WholeRow>(
  'PARTICIPANT',
  oneByUuid(
    batchedRead(row)`select ${row} from participant p where p.tenant_id = ${tenant} and p.id = ${anyKey(uuid)}`,
    'id',
  ),
);

/** A participant with all that is shown of it, in one statement unless it has much; null for nobody. */
export async function wholeParticipantById(db: TenantDatabase, id: string): Promise<WholeParticipant | null> {
  const [found] = await oneById.load(db, [id]);
  return (found && (await completed(db, [found]))[0]) ?? null;
}

// The parts of at most so many participants are read with them. In a longer list they are read by their loaders.
const maxListed = 500;
const listed = listing(row, maxListed);
const listedOfAgent = listingOfAgent(row, maxListed);
const parts: ParticipantParts = { own: null, channels: null, agentIds: true };

/**
 * Every participant of the tenant or of one agent, whole: of a short list in one statement, of a long one in one for
 * each kind of part. Throws RESULT_TOO_LARGE.
 */
export async function wholeParticipants(db: TenantDatabase, agentId: string | null): Promise<WholeParticipant[]> {
  const found = agentId === null ? await db.query(listed) : await db.query(listedOfAgent, { agentId });
  return found.length <= maxListed ? completed(db, found) : surrounded(db, await listParticipants(db, agentId, parts));
}

/** Rows as participants. Of those with more than one statement reads, all parts are read by their loaders. */
async function completed(db: TenantDatabase, found: readonly WholeRow[]): Promise<WholeParticipant[]> {
  const whole = found.map(({ agentIds, channels, activations, autoSync, ...participant }): WholeParticipant => {
    for (const list of [channels, activations, autoSync ? [autoSync] : []]) parseTimestamps(list);
    return { participant, agentIds, channels, activations, autoSync };
  });
  const isCut = ({ agentIds, channels, activations }: WholeParticipant) =>
    [agentIds, channels, activations].some((list) => list.length > maxBatchSize);
  const cut = whole.filter(isCut).map(({ participant }) => participant);
  if (cut.length === 0) return whole;
  const completions = new Map((await surrounded(db, cut)).map((one) => [one.participant.id, one]));
  return whole.map((one) => completions.get(one.participant.id) ?? one);
}

async function surrounded(db: TenantDatabase, participants: readonly ListedParticipant[]): Promise<WholeParticipant[]> {
  if (participants.length === 0) return [];
  const ids = participants.map(({ id }) => id);
  const apart = participants.filter(({ agentIds }) => !agentIds).map(({ id }) => id);
  const [channels, activations, autoSyncs, agents] = await Promise.all([
    channelFactsByParticipant.load(db, ids),
    activationsByParticipant.load(db, ids),
    autoSyncByParticipant.load(db, ids),
    apart.length > 0 ? agentIdsByParticipant.load(db, apart) : [],
  ]);
  return participants.map((participant, index) => ({
    participant,
    agentIds: participant.agentIds ?? agents[apart.indexOf(participant.id)]?.map(({ agentId }) => agentId) ?? [],
    channels: channels[index] ?? [],
    activations: activations[index] ?? [],
    autoSync: autoSyncs[index] ?? null,
  }));
}
