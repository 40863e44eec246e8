import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll } from 'vitest';
import type { TestApp, Untyped } from '../app.ts';
import { useApp } from '../use-app.ts';

export const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

/** Documents of these tests, by their id. */
export const documents = {
  viewer: 'query Viewer { viewer { kind } }',
  agents: 'query Agents { agents { id } }',
  participant: 'query Participant($id: ID!) { participant(id: $id) { id displayName } }',
  person: 'mutation Person { createParticipant(input: { kind: PERSON, displayName: "Ada" }) { participant { id } } }',
  create: 'mutation Create($id: ID!) { createAgent(input: { id: $id, name: "Made" }) { agent { id } } }',
  changes: 'subscription Changes { participantAvatarSynced { outcome participant { id } } }',
  upload:
    'mutation Upload($id: ID!, $file: File!) { uploadParticipantAvatar(input: { participantId: $id, file: $file }) { participant { id } } }',
};

const file = join(tmpdir(), `rollcall-trusted-${process.pid}.json`);
const map = JSON.parse(readFileSync('examples/trusted-documents.json', 'utf8')) as Record<string, string>;
writeFileSync(file, JSON.stringify({ ...documents, ...map, [`sha256:${sha256(documents.viewer)}`]: documents.viewer }));

/** A service that knows trusted documents, and one that runs nothing else and answers at `url` as well. */
export function useTrusted() {
  const open = useApp({ TRUSTED_DOCUMENTS: file });
  const strict = useApp({ TRUSTED_DOCUMENTS: file, TRUSTED_DOCUMENTS_ONLY: 'on', PORT: '0', GRAPHIQL: 'on' });
  let url = '';
  beforeAll(async () => {
    ({ url } = await strict.app.listen());
  });
  return { open, strict, url: () => url };
}

/** The header of an administrator. */
export const bearer = async (service: TestApp) => ({ authorization: `Bearer ${await service.tenant.token()}` });

/** Sends a request to /graphql as an administrator; what is answered is parsed where it is JSON. */
export async function send(service: TestApp, init: RequestInit, query = '') {
  const headers = { ...(await bearer(service)), ...(init.headers as Record<string, string>) };
  const response = await service.app.fetch(new Request(`http://localhost/graphql${query}`, { ...init, headers }));
  const text = await response.text();
  const body = text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text;
  return { status: response.status, headers: response.headers, body: body as Untyped };
}

export const post = (service: TestApp, body: unknown, headers: Record<string, string> = {}) =>
  send(service, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });

export const get = (service: TestApp, parameters: Record<string, string>) =>
  send(service, { method: 'GET' }, `?${new URLSearchParams(parameters)}`);

/** Creates a participant; returns its id. */
export const createPerson = async (service: TestApp): Promise<string> =>
  (await post(service, { documentId: 'person' })).body.data.createParticipant.participant.id;

export const codesOf = (body: Untyped): string[] => (body.errors ?? []).map((error: Untyped) => error.extensions.code);

/** The extensions that ask for a document by its hash. */
export const persisted = (sha256Hash: string) => ({ persistedQuery: { version: 1, sha256Hash } });
