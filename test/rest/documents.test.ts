import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import createClient from 'openapi-fetch';
import { beforeAll, expect, test } from 'vitest';
import { documentOf } from '../../scripts/openapi-document.ts';
import { faces } from '../../src/rest/faces.ts';
import { documentFile } from '../../src/rest/pages.ts';
import { useApp } from '../use-app.ts';
import type { paths as ConversationPaths } from './generated/conversations.ts';
import type { paths as DirectoryPaths } from './generated/directory.ts';
import type { paths as UserPaths } from './generated/users.ts';
import { createRestWorld, type RestWorld } from './world.ts';

const service = useApp();
let world: RestWorld;
let options: { baseUrl: string; fetch(request: Request): Promise<Response>; headers: { authorization: string } };
beforeAll(async () => {
  world = await createRestWorld(service);
  options = {
    baseUrl: 'http://localhost',
    fetch: (request) => service.app.fetch(request),
    headers: { authorization: world.authorization },
  };
});

test.each(faces)('the document of $name is what the table makes', (face) => {
  expect(JSON.parse(readFileSync(documentFile(face.name), 'utf8'))).toEqual(
    JSON.parse(JSON.stringify(documentOf(face))),
  );
});

test('the documents pass the recommended rules without a warning', async () => {
  const { stderr } = await promisify(execFile)('node_modules/.bin/redocly', ['lint', 'docs/openapi/*.json'], {
    env: { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' },
  });
  expect(stderr).toContain('Your API descriptions are valid');
  expect(stderr).not.toMatch(/You have \d+ (warning|error)/);
}, 60_000);

test('a generated client of the directory', async () => {
  const client = createClient<DirectoryPaths>(options);
  const path = { tenant: world.tenant.id, participant: world.participant };
  const disabled = await client.POST('/v1/tenants/{tenant}/participants/{participant}:disable', { params: { path } });
  expect(disabled.data?.health.reason).toBe('DISABLED');
  expect(disabled.data?.disabledAt).toBeTypeOf('number');
  const enabled = await client.POST('/v1/tenants/{tenant}/participants/{participant}:enable', { params: { path } });
  expect(enabled.data).toMatchObject({ disabledAt: null, agentIds: [world.agent] });
  const synced = await client.POST('/v1/tenants/{tenant}/participants/{participant}/avatar:syncFromChannel', {
    params: { path },
    body: { integrationConfigId: world.config, address: 'U0NOBODY' },
  });
  expect(synced.error?.code).toBe('CHANNEL_NOT_ON_PARTICIPANT');
  const list = await client.GET('/v1/tenants/{tenant}/participants', {
    params: { path: { tenant: world.tenant.id }, query: { agentId: world.agent } },
  });
  expect(list.data?.map(({ id }) => id)).toEqual([world.participant]);
  const graph = await client.GET('/v1/tenants/{tenant}/network/graph', {
    params: { path: { tenant: world.tenant.id } },
  });
  expect(graph.data?.edges).toMatchObject([
    { sourceNodeId: `agent:${world.agent}`, targetNodeId: `participant:${world.participant}` },
  ]);
});

test('a generated client of the conversations', async () => {
  const client = createClient<ConversationPaths>(options);
  const path = { workspaceId: world.tenant.id, conversationId: world.conversation };
  const participants = '/workspaces/{workspaceId}/conversations/{conversationId}/participants';
  const added = await client.POST(participants, {
    params: { path },
    body: { type: 'contact', contact: { identifierKey: 'phonenumber', identifierValue: '+14155550199' } },
  });
  expect([added.response.status, added.data?.displayName]).toEqual([201, '+14155550199']);
  const named = { identifierKey: 'phonenumber', identifierValue: '+14155550199' };
  const found = await client.GET(`${participants}/{identifierKey}/{identifierValue}`, {
    params: { path: { ...path, ...named } },
  });
  expect(found.data).toEqual(added.data);
  const page = await client.GET(participants, { params: { path, query: { limit: 1 } } });
  expect(page.data?.results).toHaveLength(1);
  expect(page.data?.nextPageToken).toBeTypeOf('string');
});

test('a generated client of the users', async () => {
  const client = createClient<UserPaths>(options);
  const created = await client.POST('/external/users', {
    body: { firstName: 'Ada', lastName: 'Lovelace', fkId: 'ada-1', customData: { plan: 'gold' } },
  });
  expect(created.data?.metadata).toEqual({ customData: { plan: 'gold' } });
  const found = await client.GET('/external/users/search', { params: { query: { fkId: 'ada-1' } } });
  expect(found.data).toEqual({ user: created.data, conversationIds: [] });
  const missing = await client.GET('/external/users/{id}', { params: { path: { id: 'nobody' } } });
  expect(missing.error?.message).toBe('ENTITY_NOT_FOUND');
});
