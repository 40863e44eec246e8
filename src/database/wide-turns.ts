import { createFairAdmission } from './admission.ts';

/**
 * The turns of operations with many fields. They wait outside, tenant by tenant, so that the flood of one tenant fills
 * neither the event loop nor the database's connections before another's operation comes.
 */
export interface WideTurns {
  /** Notes that a tenant asks for something. */
  note(tenantId: string): void;
  /** Runs the work when it is the tenant's turn. Throws UNAVAILABLE when too much waits, or after waiting too long. */
  run<Result>(tenantId: string, work: () => Result | Promise<Result>): Promise<Result>;
}

/** How many run at once: of all tenants, and of one while others ask for something. */
const running = 32;
const runningBesideOthers = 4;
/** For so long another tenant's last operation counts. */
const besideMs = 1_000;

/** Creates the turns of a process. `now` is a clock in milliseconds. */
export function createWideTurns(now: () => number = () => performance.now()): WideTurns {
  let lastTenant: string | null = null;
  let changedAt = Number.NEGATIVE_INFINITY;
  const turns = createFairAdmission({
    running,
    runningOfKey: () => (now() - changedAt < besideMs ? runningBesideOthers : running),
    waiting: 2_000,
    waitingOfKey: 1_000,
    maxWaitMs: 10_000,
    refusal: 'Too many operations with many fields are asked for at once: ask again later.',
  });
  return {
    note(tenantId) {
      if (tenantId === lastTenant) return;
      if (lastTenant !== null) changedAt = now();
      lastTenant = tenantId;
    },
    run: (tenantId, work) => turns.run(tenantId, async () => work()),
  };
}
