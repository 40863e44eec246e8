import { grouped } from './grouped.ts';

/** Returns the rows of each tenant. Tenants, and the rows of each, keep their order. */
export const byTenant = <Row extends { readonly tenantId: string }>(rows: readonly Row[]): Map<string, Row[]> =>
  grouped(rows, ({ tenantId }) => tenantId);

/**
 * Sweeps what a read finds in all tenants, tenant by tenant. `find` reads at most `atOnce` rows and locks none, so
 * `take` has to check them again. It returns the number of rows that it took. Rows of which none can be taken belong to
 * another replica: the sweep ends there. It asks `stopped` before each tenant and ends early.
 */
export async function sweepByTenant<Row extends { readonly tenantId: string }>(
  atOnce: number,
  find: () => Promise<Row[]>,
  take: (tenantId: string, found: readonly Row[]) => Promise<number>,
  stopped: () => boolean = () => false,
): Promise<void> {
  for (;;) {
    const found = await find();
    let taken = 0;
    for (const [tenantId, rows] of byTenant(found)) {
      if (stopped()) return;
      taken += await take(tenantId, rows);
    }
    if (found.length < atOnce || taken === 0) return;
  }
}
