import { expect, test } from 'vitest';
import { newId } from '../../src/database/ids.ts';
import { useApp } from '../use-app.ts';

const service = useApp();

test.each(['direction', 'kind', 'format', 'state', 'onConflict'])(
  'the database refuses a job with an unknown %s',
  async (column) => {
    const tenant = await service.createTenant();
    const { dataJob } = service.app.database.prisma;
    const known = { direction: 'EXPORT', kind: 'PARTICIPANTS', format: 'CSV', state: 'DONE', onConflict: 'SKIP' };
    const job = { tenantId: tenant.id, id: newId(), begunBy: 'USER nobody', ...known };
    await expect(dataJob.create({ data: { ...job, [column]: 'UNKNOWN' } })).rejects.toThrow(/data_job_/);
    await dataJob.create({ data: job });
  },
);
