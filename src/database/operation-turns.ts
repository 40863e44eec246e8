import { Problem } from '../errors/catalogue.ts';
import { createFairTurns, type Turn } from './fair-turns.ts';

/**
 * The turns of operations. They wait outside, tenant by tenant, so that the flood of one tenant fills neither the event
 * loop nor the database's connections before another's operation comes.
 */
export interface OperationTurns {
  /**
   * Runs an operation when it is the tenant's turn, at once where possible. Rejects with UNAVAILABLE when too much
   * waits, or after waiting too long.
   */
  run<Result>(tenantId: string, isWide: boolean, work: () => Result | Promise<Result>): Result | Promise<Result>;
}

/** How much an operation with many fields weighs. Others weigh one. */
const wide = 4;
/** What runs at once: of all tenants, and of one that others need not wait for. */
const running = 128;
const runningBesideOthers = 4;
/** For so long another tenant's last operation counts. */
const besideMs = 1_000;
/** After so long an operation is thought to wait for a lock or a provider. Others need not wait for it. */
const longMs = 250;
const maxWaitMs = 10_000;
/**
 * After a wide operation of a tenant that asks for more than it may have beside others, its next one waits for as long
 * as that took, and for so long at the most: half of the time is left to the others.
 */
const maxRestMs = 50;

const busy = () =>
  new Problem('UNAVAILABLE', 'Too many operations are asked for at once: ask again later.', { retryAfter: 1 });

/** Creates the turns of a process. `now` is a clock in milliseconds. */
export function createOperationTurns(now: () => number = () => performance.now()): OperationTurns {
  let lastTenant: string | null = null;
  let changedAt = Number.NEGATIVE_INFINITY;
  let waiting = 0;
  let watch: NodeJS.Timeout | null = null;
  /** Whether several tenants have asked for operations within the last second. */
  const areShared = () => now() - changedAt < besideMs;
  const turns = createFairTurns({
    running,
    // As much as all others ask for, so that tenants with as much to do as each other hold nobody back.
    runningOfKey: (demandOfOthers) => (areShared() ? Math.max(runningBesideOthers, demandOfOthers) : running),
    waiting: 10_000,
    waitingOfKey: 5_000,
    now,
  });

  function note(tenantId: string): void {
    if (tenantId === lastTenant) return;
    if (lastTenant !== null) changedAt = now();
    lastTenant = tenantId;
  }

  /** Looks for operations that take long while others wait. */
  function watchLongOnes(): void {
    waiting++;
    watch ??= setInterval(() => turns.giveBefore(now() - longMs), longMs / 2);
  }
  function noLongerWaiting(): void {
    if (--waiting > 0 || !watch) return;
    clearInterval(watch);
    watch = null;
  }

  const admitted = (tenantId: string, weight: number) =>
    new Promise<Turn>((resolve, reject) => {
      const takeBack = turns.wait(
        tenantId,
        (turn) => {
          clearTimeout(timer);
          noLongerWaiting();
          resolve(turn);
        },
        weight,
      );
      if (!takeBack) return reject(busy());
      watchLongOnes();
      const timer = setTimeout(() => {
        if (!takeBack()) return;
        noLongerWaiting();
        reject(busy());
      }, maxWaitMs);
    });

  /** Gives a turn back, after a wide operation of a tenant that asks for too much when it has rested. */
  function end(turn: Turn): void {
    const rests = turn.weight >= wide && turns.giveToOthers(turn);
    if (rests) setTimeout(() => turns.give(turn), Math.min(now() - turn.since, maxRestMs));
    else turns.give(turn);
  }

  function during<Result>(turn: Turn, work: () => Result | Promise<Result>): Result | Promise<Result> {
    let result: Result | Promise<Result>;
    try {
      result = work();
    } catch (error) {
      end(turn);
      throw error;
    }
    if (!(result instanceof Promise)) {
      end(turn);
      return result;
    }
    return result.then(
      (value) => {
        end(turn);
        return value;
      },
      (error: unknown) => {
        end(turn);
        throw error;
      },
    );
  }

  return {
    run(tenantId, isWide, work) {
      note(tenantId);
      const weight = isWide ? wide : 1;
      const turn = turns.take(tenantId, weight);
      return turn ? during(turn, work) : admitted(tenantId, weight).then((turn) => during(turn, work));
    },
  };
}
