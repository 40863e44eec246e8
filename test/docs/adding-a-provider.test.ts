import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import type { AvatarSource, SourceOptions } from '../../src/avatars/sources/source.ts';
import { dataOf, problemOf, startApp, type TestApp } from '../app.ts';
import { createConfig, createParticipant } from '../factories.ts';
import { type ProviderFake, startProviderFake } from '../fakes/http.ts';
import { png } from '../fakes/images.ts';

// Registers what is added where app.ts registers the other sources.
const added = vi.hoisted(() => [] as AvatarSource[]);
vi.mock('../../src/avatars/sources/registry.ts', async (original) => {
  const { createAvatarSources } = await original<typeof import('../../src/avatars/sources/registry.ts')>();
  return { createAvatarSources: (known: AvatarSource[]) => createAvatarSources([...known, ...added]) };
});

const page = readFileSync('docs/adding-a-provider.md', 'utf8');
const folder = mkdtempSync(join(tmpdir(), 'rollcall-provider-'));
const file = join(folder, 'intranet.ts');

let intranet: ProviderFake;
let service: TestApp;
beforeAll(async () => {
  const [, code = ''] = /```ts\n(.*?)```/s.exec(page) ?? [];
  // As if the file stood where the page puts it.
  const sources = resolve('src/avatars/sources');
  writeFileSync(
    file,
    code.replace(/from '(\.[^']+)'/g, (_, path: string) => `from '${resolve(sources, path)}'`),
  );
  intranet = await startProviderFake(
    (fake, { path }) => {
      const image = fake.pictures.get(path.replace('/pictures/', ''));
      return image ? { part: 'api', image } : { part: 'api', status: 404, json: null };
    },
    (origin) => ({ INTRANET_API_URL: origin }),
  );
  const { intranetAvatarSource } = (await import(/* @vite-ignore */ file)) as {
    intranetAvatarSource(options: SourceOptions): AvatarSource;
  };
  const source = intranetAvatarSource({
    apiUrl: intranet.env['INTRANET_API_URL'] as string,
    timeoutMs: 10_000,
    largestImage: 5 * 2 ** 20,
  });
  added.push(source);
  service = await startApp();
});
afterAll(async () => {
  await service?.close();
  await intranet?.close();
  rmSync(folder, { recursive: true, force: true });
});

const sync = (participantId: string, integrationConfigId: string, address: string) =>
  service.tenant.graphql(
    `mutation ($input: SyncParticipantAvatarFromChannelInput!) { syncParticipantAvatarFromChannel(input: $input) {
      participant { avatarSource avatarUrl avatarSourceAddress } } }`,
    { input: { participantId, integrationConfigId, address } },
  );

test('the source of the page gives a participant an avatar, through the whole service', async () => {
  intranet.pictures.set('4711', await png());
  const integrationConfigId = await createConfig(service.tenant, 'intranet');
  const channels = ['4711', '4712', '../secrets'].map((address) => ({ integrationConfigId, address }));
  const id = await createParticipant(service.tenant, { channels });

  const { participant } = dataOf(await sync(id, integrationConfigId, '4711')).syncParticipantAvatarFromChannel;
  expect(participant).toMatchObject({ avatarSource: 'CHANNEL', avatarSourceAddress: '4711' });
  const picture = await service.app.fetch(new Request(participant.avatarUrl));
  expect(picture.headers.get('content-type')).toBe('image/webp');

  for (const address of ['4712', '../secrets'])
    expect(problemOf(await sync(id, integrationConfigId, address)).code).toBe('AVATAR_NOT_AVAILABLE');
  intranet.apiTrouble = 'server-error';
  expect(problemOf(await sync(id, integrationConfigId, '4711')).code).toBe('PROVIDER_UNAVAILABLE');
  expect(intranet.requests.map(({ path }) => path)).not.toContain('/secrets');
});

test('the source of the page has the types of the code', () => {
  const { config } = ts.readConfigFile('tsconfig.json', ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, process.cwd());
  const program = ts.createProgram([file], {
    ...options,
    noEmit: true,
    incremental: false,
    // The file stands elsewhere, and so imports by absolute paths and outside of a package.
    verbatimModuleSyntax: false,
    rewriteRelativeImportExtensions: false,
    allowImportingTsExtensions: true,
    typeRoots: [resolve('node_modules/@types')],
  });
  const found = ts.getPreEmitDiagnostics(program, program.getSourceFile(file));
  expect(found.map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'))).toEqual([]);
});

test('every file that the page names is there', () => {
  const named = [...page.matchAll(/`((?:src|test)\/[\w./-]+)`/g)].map(([, path]) => path as string);
  expect(named.length).toBeGreaterThan(8);
  expect(named.filter((path) => !ts.sys.fileExists(path) && !ts.sys.directoryExists(path))).toEqual([]);
});
