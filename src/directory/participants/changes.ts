import { Repeater } from '@repeaterjs/repeater';
import type { TenantDatabase } from '../../database/database.ts';
import type { Participant } from '../../database/generated/client.ts';
import { orderByParticipant } from '../../database/names.ts';
import { columns, tenantStatement } from '../../database/statement.ts';
import type { EventBus } from '../../events/events.ts';

/** How an agent's contacts have changed since the last such. */
export type ContactChanges = {
  agentId: string;
  /** Contacts that are not as they were, as they are now; new ones too. */
  participants: Participant[];
  /** Those that were contacts, and are not any more. */
  removedIds: string[];
  /** Too many to tell: nobody is named, and the list is to be read again. */
  everything: boolean;
  occurredAt: Date;
};

/** How many are named at once. */
export const mostNamed = 100;
/** How many are remembered at once, before it is known which of them are contacts. */
const mostGathered = 10_000;
/** The least time between two looks at what has changed, in milliseconds. */
const pause = 250;

type Gathered = { changed: Set<string>; unbound: Set<string>; configs: Set<string>; tooMany: boolean };
const nothing = (): Gathered => ({ changed: new Set(), unbound: new Set(), configs: new Set(), tooMany: false });

/**
 * The changes among an agent's contacts from now on: the first as it happens, and then at most one every 250 ms with all that
 * has happened meanwhile. What is slow to be taken waits as ids, each once. `beforeRead` is called before anything is read anew.
 */
export function contactChanges(db: TenantDatabase, events: EventBus, agentId: string, beforeRead: () => void) {
  return new Repeater<ContactChanges>(async (push, stop) => {
    let gathered = nothing();
    let stopped = false;
    let heard = () => {};
    let left = () => {};
    const hearing = hear(events, db.tenantId, agentId, (add) => {
      add(gathered);
      if (gathered.changed.size + gathered.unbound.size > mostGathered) gathered = { ...nothing(), tooMany: true };
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
      const changes = await read(db, agentId, taken);
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

/** Hears what may have changed a contact of the agent; returns what ends that. */
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

const contactsAmong = tenantStatement<Participant>(
  `select ${columns('Participant', 'p')} from binding b join participant p on p.tenant_id = b.tenant_id and p.id = b.participant_id
   where b.tenant_id = $1 and b.agent_id = $2 and b.participant_id in (
     select unnest($3::uuid[]) union all
     select c.participant_id from channel c where c.tenant_id = $1 and c.integration_config_id = any($4::uuid[]))
   order by ${orderByParticipant('p')}, p.id limit ${mostNamed + 1}`,
);

/** What has become of the contacts among those; null when none of them is or was one. */
async function read(db: TenantDatabase, agentId: string, gathered: Gathered): Promise<ContactChanges | null> {
  const { changed, unbound, configs, tooMany } = gathered;
  const of = { agentId, occurredAt: db.now() };
  const everything = { ...of, participants: [], removedIds: [], everything: true };
  if (tooMany) return everything;
  const participants = await db.query(contactsAmong, agentId, [...new Set([...changed, ...unbound])], [...configs]);
  // Who has been bound again is not gone.
  for (const { id } of participants) unbound.delete(id);
  const count = participants.length + unbound.size;
  if (count === 0) return null;
  return count > mostNamed ? everything : { ...of, participants, removedIds: [...unbound], everything: false };
}
