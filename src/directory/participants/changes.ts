import { Repeater } from '@repeaterjs/repeater';
import type { TenantDatabase } from '../../database/database.ts';
import type { Participant } from '../../database/generated/client.ts';
import { orderByParticipant } from '../../database/names.ts';
import { columns } from '../../database/sql/columns.ts';
import { parameter, tenant } from '../../database/sql/fragment.ts';
import { statement } from '../../database/sql/statement.ts';
import { array, text, uuid } from '../../database/sql/types.ts';
import type { EventBus } from '../../events/events.ts';

/** The changes of an agent's contacts since the previous event. */
export type ContactChanges = {
  agentId: string;
  /** Contacts that have changed or are new, as they are now. */
  participants: Participant[];
  /** Ids of participants that are no longer contacts. */
  removedIds: string[];
  /** Too many changes to list: no contact is named, and the client should read the list again. */
  everything: boolean;
  occurredAt: Date;
};

/** How many contacts one event names. */
export const maxNamed = 100;
/** How many ids are kept before it is known which of them are contacts. */
const maxGathered = 10_000;
/** The least time between two reads of changes. */
const pause = 250;

type Gathered = { changed: Set<string>; unbound: Set<string>; configs: Set<string>; tooMany: boolean };
const nothing = (): Gathered => ({ changed: new Set(), unbound: new Set(), configs: new Set(), tooMany: false });

/**
 * Streams the changes of an agent's contacts: the first at once, then at most one event every 250 ms with all changes
 * since. For a slow consumer it keeps ids, each once. `beforeRead` is called before each read.
 */
export function contactChanges(db: TenantDatabase, events: EventBus, agentId: string, beforeRead: () => void) {
  return new Repeater<ContactChanges>(async (push, stop) => {
    let gathered = nothing();
    let stopped = false;
    let heard = () => {};
    let left = () => {};
    const hearing = hear(events, db.tenantId, agentId, (add) => {
      add(gathered);
      if (gathered.changed.size + gathered.unbound.size > maxGathered) gathered = { ...nothing(), tooMany: true };
      heard();
    });
    const ended = stop.then(() => {
      stopped = true;
      for (const end of hearing) end();
      left();
    });

    while (!stopped) {
      await new Promise<void>((resolve) => {
        heard = left = resolve;
        if (stopped || somethingIn(gathered)) resolve();
      });
      if (stopped) break;
      const taken = gathered;
      gathered = nothing();
      beforeRead();
      const changes = await read(db, events, agentId, taken);
      if (changes) await push(changes);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pause);
        heard = () => {};
        left = () => {
          clearTimeout(timer);
          resolve();
        };
        if (stopped) left();
      });
    }
    await ended;
  });
}

const somethingIn = ({ changed, unbound, configs, tooMany }: Gathered) =>
  tooMany || changed.size + unbound.size + configs.size > 0;

/** Listens for events that may change a contact of the agent. Returns a function that ends it. */
function hear(
  events: EventBus,
  tenantId: string,
  agentId: string,
  gather: (add: (gathered: Gathered) => void) => void,
) {
  return [
    events.hear(tenantId, 'participantChanged', ({ participantIds, unbound, integrationConfigId }) =>
      gather(({ changed, unbound: gone, configs }) => {
        for (const id of participantIds) changed.add(id);
        for (const { participantId, agentId: from } of unbound) if (from === agentId) gone.add(participantId);
        if (integrationConfigId !== null) configs.add(integrationConfigId);
      }),
    ),
    events.hear(tenantId, 'avatarSynced', ({ participantId, error }) => {
      if (!error) gather(({ changed }) => changed.add(participantId));
    }),
    events.hear(tenantId, 'messagesReceived', ({ participantIds }) =>
      gather(({ changed }) => {
        for (const id of participantIds) changed.add(id);
      }),
    ),
  ];
}

const whole = columns('Participant', 'p');
const contactsAmong = statement(whole)`
  select ${whole} from binding b join participant p on p.tenant_id = b.tenant_id and p.id = b.participant_id
  where b.tenant_id = ${tenant} and b.agent_id = ${parameter('agentId', text)} and b.participant_id in (
    select unnest(${parameter('participantIds', array(uuid))}) union all
    select c.participant_id from channel c
    where c.tenant_id = ${tenant} and c.integration_config_id = any(${parameter('configIds', array(uuid))}))
  order by ${orderByParticipant('p')}, p.id limit ${maxNamed + 1}`;

type Asked = { agentId: string; participantIds: string[]; configIds: string[] };
/** The reads of each server that begin with the next turn of the event loop. */
const planned = new WeakMap<EventBus, Map<string, Promise<Participant[]>>>();

/**
 * Returns the contacts among these participants. Thousands of streams ask for the same after one event: those that ask
 * in one turn of the event loop share a statement, which runs after the last has asked.
 */
async function contactsOf(db: TenantDatabase, events: EventBus, asked: Asked): Promise<Participant[]> {
  const reads = planned.get(events) ?? new Map<string, Promise<Participant[]>>();
  planned.set(events, reads);
  const key = JSON.stringify([db.tenantId, asked]);
  let reading = reads.get(key);
  if (!reading) {
    reading = new Promise<void>((resolve) => setImmediate(resolve)).then(() => {
      reads.delete(key);
      return db.query(contactsAmong, asked);
    });
    reads.set(key, reading);
  }
  // Each stream has rows of its own.
  return (await reading).map((row) => ({ ...row }));
}

/** Returns the changes among these contacts, or null when none of them is or was one. */
async function read(
  db: TenantDatabase,
  events: EventBus,
  agentId: string,
  gathered: Gathered,
): Promise<ContactChanges | null> {
  const { changed, unbound, configs, tooMany } = gathered;
  const of = { agentId, occurredAt: db.now() };
  const everything = { ...of, participants: [], removedIds: [], everything: true };
  if (tooMany) return everything;
  const participants = await contactsOf(db, events, {
    agentId,
    participantIds: [...new Set([...changed, ...unbound])],
    configIds: [...configs],
  });
  // A participant that was bound again is not removed.
  for (const { id } of participants) unbound.delete(id);
  const count = participants.length + unbound.size;
  if (count === 0) return null;
  return count > maxNamed ? everything : { ...of, participants, removedIds: [...unbound], everything: false };
}
