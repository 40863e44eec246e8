import type { Given } from './outcome.ts';
import { isObject, type Json, objectsIn, RemoteError, read, type Source, textOf } from './remote-http.ts';

/** What a source has: the network first, which the other rows name. */
export type RemoteKind = 'AGENTS' | 'CONFIGS' | 'PARTICIPANTS' | 'EXTERNAL_USERS' | 'CONVERSATIONS';

/**
 * Some rows of a source, with when they were made there as `createdAt`, if it tells that. `next` is where to read on:
 * the same as before within a page, and null at the end.
 */
export type RemotePage = {
  kind: RemoteKind;
  rows: Given['fields'][];
  next: string | null;
  /** How many rows of the kind there are; null where the source does not say. */
  total: number | null;
};

const part = encodeURIComponent;

const some = (given: Json): Json =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value != null && value !== ''));

// What is less is in seconds: in milliseconds it would be in 1973 or before.
const minMs = 100_000_000_000;

/** A time as a face tells it, in milliseconds, seconds or in ISO's form. Undefined for one that has not been yet. */
export function timeOf(given: unknown): Date | undefined {
  const isNumber = typeof given === 'number';
  if (!isNumber && typeof given !== 'string') return undefined;
  const time = new Date(isNumber && given < minMs ? given * 1_000 : given);
  return time.getTime() > 0 && time.getTime() <= Date.now() ? time : undefined;
}

/** What a system answers, or nothing where it does not have that. */
const orNothing = (error: unknown): null => {
  if (error instanceof RemoteError && [404, 405, 501].includes(error.status)) return null;
  throw error;
};

function participantRow(given: Json): Json {
  const { id, kind, displayName, email, relatedAgentId, channels, agentIds, disabledAt, createdAt } = given;
  const ofChannels = objectsIn(channels).map(({ integrationConfigId, address, priority, label, disabled }) =>
    some({ integrationConfigId, address, priority, label, disabled }),
  );
  const plain = some({
    id,
    kind,
    displayName,
    email,
    relatedAgentId,
    disabledAt: timeOf(disabledAt)?.toISOString() ?? disabledAt,
  });
  return { ...plain, channels: ofChannels, agentIds, createdAt };
}

/** The agents: those of the network's graph, and whichever the participants name besides. */
async function agentsOf(source: Source, participants: readonly Json[]): Promise<Json[]> {
  const graph = await read(source, `/v1/tenants/${part(source.tenant)}/network/graph`).catch(orNothing);
  const names = new Map<string, string>();
  for (const { agentIds, relatedAgentId } of participants)
    for (const id of [...(Array.isArray(agentIds) ? agentIds : []), relatedAgentId])
      if (typeof id === 'string' && id !== '') names.set(id, id);
  for (const { kind, agentId, label } of objectsIn(isObject(graph) ? graph['nodes'] : null))
    if (kind === 'AGENT' && textOf(agentId) !== '') names.set(textOf(agentId), textOf(label) || textOf(agentId));
  return [...names].map(([id, name]) => ({ id, name }));
}

/** The integration configs of every provider that is asked for, or that the source names. */
async function configsOf(source: Source, participants: readonly Json[]): Promise<Json[]> {
  const base = `/v1/tenants/${part(source.tenant)}`;
  const requests = objectsIn(await read(source, `${base}/participantAccessRequests`).catch(orNothing));
  const named = participants.flatMap(({ channelActivations, avatarAutoSync, channels }) => [
    ...objectsIn(channelActivations),
    ...objectsIn(channels),
    ...(isObject(avatarAutoSync) ? [avatarAutoSync] : []),
  ]);
  const providers = new Set(source.providers);
  for (const { provider } of [...requests, ...named])
    if (textOf(provider)) providers.add(textOf(provider).toLowerCase());
  const configs: Json[] = [];
  for (const provider of providers) {
    const found = await read(source, `${base}/integrations/${part(provider)}/configs`).catch(orNothing);
    for (const { id, displayName, parameters } of objectsIn(isObject(found) ? found['items'] : found)) {
      const defaultRegion = isObject(parameters) ? parameters['defaultRegion'] : null;
      configs.push(some({ id, provider, name: textOf(displayName) || provider, defaultRegion }));
    }
  }
  return configs;
}

async function* network(source: Source): AsyncGenerator<RemotePage> {
  const list = await read(source, `/v1/tenants/${part(source.tenant)}/participants`);
  const participants = objectsIn(isObject(list) ? list['items'] : list);
  const agents = await agentsOf(source, participants);
  yield { kind: 'AGENTS', rows: agents, next: '', total: agents.length };
  const configs = await configsOf(source, participants);
  yield { kind: 'CONFIGS', rows: configs, next: '', total: configs.length };
  const rows = participants.map(participantRow);
  yield { kind: 'PARTICIPANTS', rows, next: null, total: rows.length };
}

const pageSize = 100;

async function* users(source: Source, from: string | null): AsyncGenerator<RemotePage> {
  // Where users were deleted meanwhile, later ones have moved up: the page before is read again.
  for (let page = Math.max(1, Number(from ?? 1) - 1); ; page += 1) {
    const query = `page=${page}&pageSize=${pageSize}&orderBy=createdAt&orderDirection=ASC`;
    const found = await read(source, `/external/agents/users?${query}`);
    const list = isObject(found) ? (found['data'] ?? found['items'] ?? found['results'] ?? found['users']) : found;
    const rows = objectsIn(list).map((given) => {
      const { id, firstName, lastName, email, phoneNumber, fkId, fkUserId, context, source: origin, metadata } = given;
      return some({ id, firstName, lastName, email, phoneNumber, fkId, fkUserId, context, source: origin, metadata });
    });
    const hasNext =
      isObject(found) && typeof found['hasNextPage'] === 'boolean' ? found['hasNextPage'] : rows.length === pageSize;
    const total = isObject(found) && typeof found['totalItems'] === 'number' ? found['totalItems'] : null;
    yield { kind: 'EXTERNAL_USERS', rows, next: hasNext ? String(page + 1) : null, total };
    if (!hasNext) return;
  }
}

const otherTypes: Readonly<Record<string, string>> = {
  bot: 'BOT',
  accessKey: 'ACCESS_KEY',
  channel: 'CHANNEL',
  connector: 'CONNECTOR',
  collaborationAutomation: 'COLLABORATION_AUTOMATION',
};

/** Who takes part, as rows have it. A contact has both its id and an identifier here. */
function memberOf({ id, type, status, contact, displayName, avatarUrl }: Json): Json {
  const state = { status: textOf(status).toUpperCase() || 'ACTIVE' };
  const kind = textOf(type);
  if (kind === 'contact') {
    const { identifierKey, identifierValue } = isObject(contact) ? contact : {};
    const contactByIdentifier = identifierKey && identifierValue ? { identifierKey, identifierValue } : null;
    return { participant: some({ contact: id ? { id } : null, contactByIdentifier }), ...state };
  }
  if (kind === 'user') return { participant: { user: { id } }, ...state };
  if (kind === 'agent') return { participant: { agent: { id } }, name: textOf(displayName), ...state };
  const shown = some({ displayName, avatarUrl });
  if (kind === 'flow') return { participant: { flow: { id } }, ...state, ...shown };
  return { participant: { other: { type: otherTypes[kind] ?? kind, id } }, ...state, ...shown };
}

async function conversationRow(source: Source, given: Json): Promise<Json> {
  const { id, name, description, attributes, status, createdAt } = given;
  const participants: Json[] = [];
  for (let token = ''; ; ) {
    const path = `/workspaces/${part(source.tenant)}/conversations/${part(textOf(id))}/participants?limit=100${token && `&pageToken=${part(token)}`}`;
    const page = await read(source, path);
    participants.push(...objectsIn(isObject(page) ? page['results'] : page).map(memberOf));
    token = isObject(page) ? textOf(page['nextPageToken']) : '';
    if (!token) break;
  }
  const hasAttributes = isObject(attributes) && Object.keys(attributes).length > 0;
  const state = status === 'closed' ? 'CLOSED' : 'OPEN';
  return {
    ...some({ id, name, description }),
    ...(hasAttributes && { attributes }),
    status: state,
    participants,
    createdAt,
  };
}

const atOnce = 5;

async function* conversations(source: Source, from: string | null): AsyncGenerator<RemotePage> {
  for (let token = from; ; ) {
    const query = token === null ? '' : `&pageToken=${part(token)}`;
    const page = await read(source, `/workspaces/${part(source.tenant)}/conversations?limit=${pageSize}${query}`);
    const found = objectsIn(isObject(page) ? page['results'] : page);
    const rows: Json[] = [];
    for (let start = 0; start < found.length; start += atOnce)
      rows.push(
        ...(await Promise.all(found.slice(start, start + atOnce).map((each) => conversationRow(source, each)))),
      );
    const next = (isObject(page) && textOf(page['nextPageToken'])) || null;
    yield { kind: 'CONVERSATIONS', rows, next, total: null };
    if (next === null) return;
    token = next;
  }
}

/** Reads a system's rows page by page, from the beginning or from where another reading has ended. */
export function readSource(source: Source, from: string | null): AsyncGenerator<RemotePage> {
  if (source.from === 'participants') return network(source);
  return source.from === 'users' ? users(source, from) : conversations(source, from);
}
