import type { Given } from './outcome.ts';

/** A running system of one of the three kinds. */
export type Source = {
  from: 'participants' | 'conversations' | 'users';
  url: string;
  credential: string;
  /** The tenant, or workspace, there. Users need none. */
  tenant: string;
};

/** A page of rows, and the place from which to read on. Null at the end. */
export type RemotePage = { rows: Given['fields'][]; next: string | null };

type Json = Record<string, unknown>;
const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const objects = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : []);
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const headersOf = ({ from, credential }: Source): Record<string, string> => {
  if (from === 'participants') return { authorization: `Bearer ${credential}` };
  return from === 'conversations' ? { authorization: `AccessKey ${credential}` } : { 'agent-secret-key': credential };
};

const tries = 5;

/** Reads JSON, and waits where the system says so, or is away. Throws what else it answers. */
async function read(source: Source, path: string): Promise<unknown> {
  for (let attempt = 1; ; attempt += 1) {
    const response = await fetch(`${source.url.replace(/\/+$/, '')}${path}`, { headers: headersOf(source) }).catch(
      (error: unknown) => {
        if (attempt >= tries) throw error;
        return null;
      },
    );
    if (response?.ok) return response.json();
    const isPassing = !response || response.status === 429 || response.status >= 502;
    if (response && (!isPassing || attempt >= tries))
      throw new Error(`${path} answered ${response.status}: ${(await response.text()).slice(0, 300)}`);
    const seconds = Number(response?.headers.get('retry-after')) || 2 ** attempt;
    await new Promise((resolve) => setTimeout(resolve, Math.min(60, seconds) * 1_000));
  }
}

const some = (given: Json): Json =>
  Object.fromEntries(Object.entries(given).filter(([, value]) => value != null && value !== ''));

function userRow(given: Json): Json {
  const { id, firstName, lastName, email, phoneNumber, fkId, fkUserId, context, source, metadata } = given;
  return some({ id, firstName, lastName, email, phoneNumber, fkId, fkUserId, context, source, metadata });
}

function participantRow(given: Json): Json {
  const { id, kind, displayName, email, relatedAgentId, channels, agentIds, disabledAt } = given;
  return some({ id, kind, displayName, email, relatedAgentId, channels, agentIds, disabledAt });
}

/** Who takes part, as the rules take it. Null for a kind that cannot be added. */
function memberOf({ id, type, status, contact }: Json): Json | null {
  const state = { status: textOf(status).toUpperCase() || 'ACTIVE' };
  if (type === 'contact' && isObject(contact)) return { participant: { contactByIdentifier: contact }, ...state };
  if (type === 'user' || type === 'contact' || type === 'agent' || type === 'flow')
    return { participant: { [type]: { id } }, ...state };
  return null;
}

async function conversationRow(source: Source, given: Json): Promise<Json> {
  const { id, name, description, attributes, status } = given;
  const participants: Json[] = [];
  for (let token = ''; ; ) {
    const path = `/workspaces/${source.tenant}/conversations/${textOf(id)}/participants?limit=100${token && `&pageToken=${encodeURIComponent(token)}`}`;
    const page = await read(source, path);
    participants.push(
      ...objects(isObject(page) ? page['results'] : page)
        .map(memberOf)
        .filter((member) => member !== null),
    );
    token = isObject(page) ? textOf(page['nextPageToken']) : '';
    if (!token) break;
  }
  return some({
    id,
    name,
    description,
    attributes: isObject(attributes) && Object.keys(attributes).length > 0 ? attributes : null,
    status: status === 'closed' ? 'CLOSED' : 'OPEN',
    participants,
  });
}

const pageSize = 100;

/** Reads a page of a system's rows, from the beginning or from where the page before has ended. */
export async function readPage(source: Source, from: string | null): Promise<RemotePage> {
  if (source.from === 'participants') {
    const list = await read(source, `/v1/tenants/${source.tenant}/participants`);
    return { rows: objects(isObject(list) ? list['items'] : list).map(participantRow), next: null };
  }
  if (source.from === 'users') {
    const page = Number(from ?? 1);
    const found = await read(source, `/external/agents/users?page=${page}&pageSize=${pageSize}`);
    const users = objects(
      isObject(found) ? (found['data'] ?? found['items'] ?? found['results'] ?? found['users']) : found,
    );
    return { rows: users.map(userRow), next: users.length < pageSize ? null : String(page + 1) };
  }
  const token = from === null ? '' : `&pageToken=${encodeURIComponent(from)}`;
  const page = await read(source, `/workspaces/${source.tenant}/conversations?limit=${pageSize}${token}`);
  const rows: Json[] = [];
  for (const each of objects(isObject(page) ? page['results'] : page)) rows.push(await conversationRow(source, each));
  return { rows, next: (isObject(page) && textOf(page['nextPageToken'])) || null };
}
