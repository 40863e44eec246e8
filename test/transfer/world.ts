import { dataOf, type TestApp, type TestTenant, type Untyped } from '../app.ts';
import { importFile } from '../uploads.ts';

const fields =
  'id state totalRows doneRows created updated unchanged rejected estimatedSecondsLeft rejectedRowsUrl error { code detail } finishedAt';

/** What tests do with the imports and exports of a service, for its tenant unless another is given. */
export function transfers(service: TestApp) {
  /** Waits until an import or an export is over. */
  async function over(
    kind: 'import' | 'export',
    id: string,
    of = fields,
    tenant: TestTenant = service.tenant,
  ): Promise<Untyped> {
    for (;;) {
      const answer = await tenant.graphql(`query ($id: ID!) { ${kind}(id: $id) { ${of} } }`, { id });
      const job = dataOf(answer)[kind];
      if (!['QUEUED', 'RUNNING'].includes(job.state)) return job;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async function imported(
    content: string | Uint8Array,
    more: object = {},
    tenant: TestTenant = service.tenant,
  ): Promise<Untyped> {
    const input = { kind: 'EXTERNAL_USERS', format: 'CSV', ...more };
    const { startImport } = dataOf(await importFile(service, tenant, content, input));
    return over('import', startImport.import.id, fields, tenant);
  }

  /** Imports rows as NDJSON. */
  const importedRows = (kind: string, rows: readonly unknown[], more: object = {}, tenant?: TestTenant) =>
    imported(
      rows.map((row) => `${typeof row === 'string' ? row : JSON.stringify(row)}\n`).join(''),
      { kind, format: 'NDJSON', ...more },
      tenant,
    );

  const rejectedOf = async ({ rejectedRowsUrl }: Untyped): Promise<string[]> =>
    rejectedRowsUrl === null
      ? []
      : (await (await service.app.fetch(new Request(rejectedRowsUrl))).text()).trim().split('\r\n').slice(1);

  /** Exports everything of a kind, and returns the file. */
  async function exported(
    kind: string,
    format: 'CSV' | 'NDJSON',
    tenant: TestTenant = service.tenant,
  ): Promise<string> {
    const start = 'mutation ($input: StartExportInput!) { startExport(input: $input) { export { id } } }';
    const { startExport } = dataOf(await tenant.graphql(start, { input: { kind, format } }));
    const { url } = await over('export', startExport.export.id, 'state rows url expiresAt', tenant);
    return (await service.app.fetch(new Request(url))).text();
  }

  const found = async (by: object, tenant: TestTenant = service.tenant): Promise<Untyped> =>
    dataOf(
      await tenant.graphql(
        'query ($by: ExternalUserSearchInput!) { searchExternalUser(by: $by) { user { id firstName lastName email phoneNumber fkId fkUserId context source metadata } } }',
        { by },
      ),
    ).searchExternalUser?.user ?? null;

  return { over, imported, importedRows, rejectedOf, exported, found };
}
