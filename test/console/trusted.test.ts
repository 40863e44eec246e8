import { describe, expect, test } from 'vitest';
import { examples } from '../../src/demo/tenant.ts';
import { createConsole } from '../../src/http/console.ts';
import { readConsoleDocuments } from '../../src/http/console-files.ts';
import { startApp } from '../app.ts';
import { buildConsole } from '../setup/built.ts';
import { executablePath } from './browser.ts';
import { useOperator } from './operator.ts';

type Sent = { query?: string; extensions?: { persistedQuery?: { sha256Hash: string } } };

describe.skipIf(executablePath === undefined)('where only trusted documents run', () => {
  const operator = useOperator({ TRUSTED_DOCUMENTS_ONLY: 'on' });

  test('the console sends the hashes of its own, for reads, writes, files and what is live', async () => {
    const page = await operator.at('/agents/support-bot/contacts');
    const sent: Sent[] = [];
    page.on('request', (request) => {
      const body = request.postData() ?? '';
      const json = body.startsWith('{') ? body : /name="operations"\r\n\r\n(.*)\r\n/.exec(body)?.[1];
      if (request.url().endsWith('/graphql') && json) sent.push(JSON.parse(json));
    });
    await page.reload();
    const row = page.getByRole('row', { name: /Ada Lovelace/ });
    await row.getByText('Reachable').waitFor();
    const other = await operator.at(`/people/${examples.participantId}`);
    await other.getByRole('button', { name: 'Actions' }).click();
    await other.getByRole('menuitem', { name: 'Disable…' }).click();
    await other.getByRole('alertdialog').getByRole('button', { name: 'Disable' }).click();
    await row.getByText('Disabled').waitFor();
    await page.getByRole('link', { name: 'Import' }).click();
    await page
      .getByLabel(/Choose a file/)
      .setInputFiles({ name: 'people.csv', mimeType: 'text/csv', buffer: Buffer.from('email\nemmy@example.com') });
    await page.getByRole('button', { name: 'Try without writing' }).click();
    await page.getByRole('region', { name: 'The trial is done' }).waitFor();
    expect(sent.length).toBeGreaterThan(5);
    expect(sent.filter(({ query, extensions }) => query || !extensions?.persistedQuery?.sha256Hash)).toEqual([]);
  });

  test('a text runs from nowhere else', async () => {
    const { tenant } = operator.service();
    const { errors, status } = await tenant.graphql('query Viewer { viewer { kind } }');
    expect([status, errors?.[0]?.extensions.code]).toEqual([403, 'DOCUMENT_NOT_TRUSTED']);
  });
});

test('documents of the console are trusted as long as it is served', async () => {
  await buildConsole();
  const [id] = [...(readConsoleDocuments('dist/console')?.keys() ?? [])];
  const ask = async (environment: Record<string, string>) => {
    const service = await startApp(environment);
    const response = await service.app.fetch(
      new Request('http://localhost/graphql', {
        method: 'POST',
        headers: { authorization: `Bearer ${await service.tenant.token()}`, 'content-type': 'application/json' },
        body: JSON.stringify({ documentId: id }),
      }),
    );
    const { data, errors } = (await response.json()) as { data?: object; errors?: { extensions: { code: string } }[] };
    await service.close();
    return errors?.[0]?.extensions.code ?? Object.keys(data ?? {});
  };
  expect(await ask({ CONSOLE: 'off' })).toBe('PERSISTED_QUERY_NOT_SUPPORTED');
  expect(await ask({})).toEqual(['__typename', 'viewer']);
  // They are no page and no asset.
  const files = createConsole({
    folder: 'dist/console',
    settings: async () => ({ token: null, openId: null, largestImport: 1_000_000 }),
    pictures: null,
  });
  const request = new Request('http://localhost/trusted-documents.json', { headers: { accept: 'text/html' } });
  expect(await files?.answer(request, '/trusted-documents.json', {} as never)).toBeNull();
});
