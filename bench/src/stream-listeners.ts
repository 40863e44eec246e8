import { type Agent, type ClientRequest, request } from 'node:http';
import { type DataSet, idOf, tenants } from './data-set.ts';
import { at, items, type Json } from './json.ts';
import type { Server } from './servers.ts';

/** The subscriptions, and the mutations that they hear of. */
export const documents = {
  avatars:
    'subscription Avatars($ids: [ID!]) { participantAvatarSynced(participantIds: $ids) { outcome participant { id } } }',
  contacts:
    'subscription Contacts($id: ID!) { participantChanged(agentId: $id) { participants { id displayName } removedIds everything } }',
  rename:
    'mutation Rename($id: ID!, $name: String!) { updateParticipant(input: { participantId: $id, displayName: $name }) { participant { id } } }',
  removeAvatar:
    'mutation RemoveAvatar($id: ID!) { removeParticipantAvatar(input: { participantId: $id }) { participant { id } } }',
};

/** One mutation, and who should hear of it. */
export type Cause = {
  tenant: number;
  participantId: string;
  removesAvatar: boolean;
  listeners: readonly Listener[];
  sent: number;
  answered: number | null;
  heard: Map<Listener, number>;
};

/** What a stream is of, and what it waits for: by participant, as the same may change twice. */
export type Listener = { tenant: number; body: string; waiting: Map<string, Cause[]>; broken: boolean };

/**
 * Half of the streams to single participants that have an avatar, half to agents; each next one is another tenant's.
 */
export function listenersFor(count: number, data: DataSet) {
  const listener = (tenant: number, query: string, variables: object): Listener => ({
    tenant,
    body: JSON.stringify({ query, variables }),
    waiting: new Map(),
    broken: false,
  });
  // Every other participant of a tenant has an avatar. One is left with it, or its file would be nobody's.
  const pictured = Math.floor(data.participants / tenants / 2) - 1;
  const avatars = Array.from({ length: count >> 1 }, (_, k) => {
    const participant = (Math.floor(k / tenants) % pictured) * 2 * tenants + (k % tenants);
    return {
      participant,
      listener: listener(k % tenants, documents.avatars, { ids: [idOf('participant', participant)] }),
    };
  });
  const contacts = Array.from({ length: count - avatars.length }, (_, k) => {
    const agent = k % data.agents;
    return { agent, listener: listener(k % tenants, documents.contacts, { id: `agent-${agent}` }) };
  });
  return { avatars, contacts, pictured };
}

function grouped(pairs: readonly [number, Listener][]): ReadonlyMap<number, Listener[]> {
  const groups = new Map<number, Listener[]>();
  for (const [key, listener] of pairs) groups.set(key, [...(groups.get(key) ?? []), listener]);
  return groups;
}

/**
 * Mutations in turn: a contact of an agent gets another name; a participant loses its avatar, which that agent's stream
 * hears too.
 */
export function causesFor(
  count: number,
  { avatars, contacts, pictured }: ReturnType<typeof listenersFor>,
  data: DataSet,
): Cause[] {
  const ofAgent = grouped(contacts.map(({ agent, listener }) => [agent, listener]));
  const ofParticipant = grouped(avatars.map(({ participant, listener }) => [participant, listener]));
  const removable = Math.min(avatars.length, pictured * tenants);
  return Array.from({ length: count }, (_, i) => {
    const turn = i >> 1;
    // An avatar goes once only. Half the tenants off, so that a tenant's events do not come in pairs.
    const removesAvatar = i % 2 === 1 && turn < removable;
    const agent = contacts[turn % contacts.length]?.agent ?? 0;
    const participant = removesAvatar
      ? (avatars[(turn + tenants / 2) % removable]?.participant as number)
      : agent + data.agents * (Math.floor(turn / contacts.length) % 50);
    return {
      tenant: participant % tenants,
      participantId: idOf('participant', participant),
      removesAvatar,
      listeners: [
        ...(ofAgent.get(participant % data.agents) ?? []),
        ...(removesAvatar ? (ofParticipant.get(participant) ?? []) : []),
      ],
      sent: 0,
      answered: null,
      heard: new Map(),
    };
  });
}

/**
 * Settles what the listener was waiting for; gives false when it is not for this listener: the same may come to it
 * again.
 */
export function hear(listener: Listener, event: Json, now: number): boolean {
  const changes = at(event, 'data') as { participantAvatarSynced?: Json; participantChanged?: Json };
  const contacts = changes.participantChanged;
  const ids =
    contacts === undefined
      ? [at(event, 'data', 'participantAvatarSynced', 'participant', 'id') as string]
      : at(contacts, 'everything')
        ? [...listener.waiting.keys()]
        : [
            ...items(at(contacts, 'participants')).map(({ id }) => id as string),
            ...(at(contacts, 'removedIds') as string[]),
          ];
  const causes = ids.flatMap((id) => listener.waiting.get(id) ?? []);
  const meant = ids.some((id) => listener.waiting.has(id));
  for (const id of ids) if (listener.waiting.has(id)) listener.waiting.set(id, []);
  for (const cause of causes) cause.heard.set(listener, now);
  return meant;
}

/** Opens a stream; gives the request, which closes it, once the server has said that it is one. */
export function open(
  server: Server,
  listener: Listener,
  agent: Agent,
  heard: (event: Json) => void,
): Promise<ClientRequest> {
  return new Promise((resolve, reject) => {
    const sent = request(server.url, {
      method: 'POST',
      agent,
      headers: {
        'content-type': 'application/json',
        accept: 'text/event-stream',
        authorization: server.authorization(listener.tenant) as string,
        'content-length': Buffer.byteLength(listener.body),
      },
    });
    sent.on('error', (error) => {
      listener.broken = true;
      reject(error);
    });
    sent.on('response', (response) => {
      response.setEncoding('utf8');
      const { statusCode, headers } = response;
      let text = '';
      response.on('data', (part: string) => {
        text += part;
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) {
          // What is no event is a sign of life.
          const [, name] = /^event: ?(\w+)$/m.exec(block) ?? [];
          const [, data] = /^data: ?(\{.*\})$/m.exec(block) ?? [];
          if (name === 'next' && data) heard(JSON.parse(data) as Json);
        }
      });
      response.on('error', () => {});
      response.on('close', () => {
        listener.broken = true;
      });
      if (statusCode === 200 && headers['content-type']?.startsWith('text/event-stream')) resolve(sent);
      else
        response.on('end', () =>
          reject(new Error(`A subscription was answered with ${statusCode}: ${text.slice(0, 300)}`)),
        );
    });
    sent.end(listener.body);
  });
}
