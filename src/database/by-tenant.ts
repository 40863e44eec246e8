import { grouped } from './grouped.ts';

/** Returns the rows of each tenant. Tenants, and the rows of each, keep their order. */
export const byTenant = <Row extends { readonly tenantId: string }>(rows: readonly Row[]): Map<string, Row[]> =>
  grouped(rows, ({ tenantId }) => tenantId);

/**
 * Does the work of each tenant, one after the other, also where that of another fails. Throws at the end what has
 * failed. It asks `stopped` before each and ends early.
 */
export async function inTurn<OfTenant>(
  all: Iterable<OfTenant>,
  work: (of: OfTenant) => Promise<unknown>,
  stopped: () => boolean = () => false,
): Promise<void> {
  const errors: unknown[] = [];
  for (const of of all) {
    if (stopped()) break;
    await work(of).catch((error: unknown) => errors.push(error));
  }
  throwAny(errors);
}

/** Throws the error, or all of them as one. */
export function throwAny(errors: readonly unknown[]): void {
  if (errors.length > 1) throw new AggregateError(errors, `the work of tenants failed ${errors.length} times`);
  if (errors.length === 1) throw errors[0];
}

/**
 * Sweeps what a read finds in all tenants, tenant by tenant. `find` reads at most `atOnce` rows and locks none, so
 * `take` has to check them again. It returns the number of rows that it took. Rows of which none can be taken belong to
 * another replica: the sweep ends there. A tenant whose `take` fails keeps none of the others waiting: the error is
 * thrown at the end. It asks `stopped` before each tenant and ends early.
 */
export async function sweepByTenant<Row extends { readonly tenantId: string }>(
  atOnce: number,
  find: () => Promise<Row[]>,
  take: (tenantId: string, found: readonly Row[]) => Promise<number>,
  stopped: () => boolean = () => false,
): Promise<void> {
  const errors: unknown[] = [];
  for (;;) {
    const found = await find();
    let taken = 0;
    const takeRows = async ([tenantId, rows]: [string, readonly Row[]]) => {
      taken += await take(tenantId, rows);
    };
    await inTurn(byTenant(found), takeRows, stopped).catch((error: unknown) => errors.push(error));
    if (stopped() || found.length < atOnce || taken === 0) break;
  }
  throwAny(errors);
}
