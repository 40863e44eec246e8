/** Returns the rows of each tenant. Tenants, and the rows of each, keep their order. */
export function byTenant<Row extends { readonly tenantId: string }>(rows: readonly Row[]): Map<string, Row[]> {
  const tenants = new Map<string, Row[]>();
  for (const row of rows) {
    const same = tenants.get(row.tenantId);
    if (same) same.push(row);
    else tenants.set(row.tenantId, [row]);
  }
  return tenants;
}

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
