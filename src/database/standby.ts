import { Problem } from '../errors/catalogue.ts';
import { isOfStatement, sqlState } from './failures.ts';
import type { Position } from './position.ts';

/** What other replicas tell of writes, as the events' bus has it. */
export type Changes = {
  /** Tells the other replicas that the tenant's data has changed. Settles when they can have heard it. */
  tellChange(tenantId: string): Promise<void>;
  /** Calls the handler with the tenant of each change, and with null when changes may have been missed. */
  onChange(handle: (tenantId: string | null) => void): void;
  /** Whether this replica hears of the others' changes. */
  hears(): boolean;
  /** Whether there may be other replicas to hear of. */
  readonly isShared: boolean;
};

/** Chooses between the primary and a standby for reads that may lag. */
export interface StandbyReads {
  /**
   * Runs a read on the standby where that has replayed everything that was written in the tenant, else, or where it
   * fails there, on the primary.
   */
  read<Found>(tenantId: string, onStandby: () => Promise<Found>, onPrimary: () => Promise<Found>): Promise<Found>;
  /** Notes that the tenant's data may have changed. Settles when other replicas can have heard it. */
  wrote(tenantId: string): Promise<void>;
  /** Throws with the reason when the standby is left out. */
  check(): Promise<void>;
  /** How many reads each server answered. */
  readonly counts: { readonly standby: number; readonly primary: number };
  /** For how long the standby has not replayed what the primary had, in milliseconds. 0 when it has. */
  readonly lagMs: number;
  close(): void;
}

type Asked = (timeoutMs: number) => Promise<Position>;
type Told = (state: { reason: string | null; lagMs: number }) => void;

/** How often the standby is asked while it still has to replay something, and while it has not. */
const soonMs = 50;
const idleMs = 1_000;
const answerTimeoutMs = 1_500;
/**
 * How long a standby that answers questions and fails reads is left out: at first, and at most. It doubles where that
 * happens again within the latter.
 */
const pauseMs = { first: 1_000, max: 30_000 };

/**
 * Follows a standby. What a tenant has written is noted with the number of the round in which it was. A round asks the
 * primary for its position, and then the standby until that has replayed it: all that was written before the round
 * began is on the standby then. So a write costs no question, and its tenant is read from the primary for some
 * hundredths of a second.
 */
export function createStandbyReads(
  servers: { primary: Asked; standby: Asked },
  changes: Changes,
  { maxLagMs, told }: { maxLagMs: number; told: Told },
): StandbyReads {
  const counts = { standby: 0, primary: 0 };
  const written = new Map<string, number>();
  let round = 0;
  /** Until the standby has replayed what was there before this round, no tenant is read from it. */
  let allWritten = 0;
  let reason: string | null = 'was not asked yet';
  let isTold = false;
  /** When the newest position was asked for that the standby has replayed. */
  let replayedAt = Number.NEGATIVE_INFINITY;
  let target: { round: number; at: bigint; askedAt: number } | null = null;
  let timer: NodeJS.Timeout | undefined;
  let running = false;
  let closed = false;
  let turn: Promise<void> | null = null;
  let pause = { ms: 0, until: Number.NEGATIVE_INFINITY };

  function leaveOut(why: string): true {
    // What was written meanwhile need not be kept by tenant: all of it is replayed before the standby is used again.
    written.clear();
    allWritten = round;
    if (reason === why && isTold) return true;
    reason = why;
    isTold = true;
    told({ reason, lagMs: lagMs() });
    return true;
  }
  function takeIn(): void {
    if (reason === null || performance.now() < pause.until) return;
    reason = null;
    isTold = true;
    told({ reason, lagMs: lagMs() });
  }
  const lagMs = () => (target ? Math.round(performance.now() - target.askedAt) : 0);

  /** Asks both once. Returns whether the standby has replayed all that was asked for. */
  async function ask(): Promise<boolean> {
    if (!target) {
      const [upTo, askedAt] = [round, performance.now()];
      round += 1;
      const primary = await servers.primary(answerTimeoutMs);
      if (primary.at === null || primary.inRecovery) throw new Error('the primary has no position');
      const standby = await servers.standby(answerTimeoutMs);
      const fault = faultOf(primary, standby);
      if (fault) return leaveOut(fault);
      target = { round: upTo, at: primary.at, askedAt };
      return passed(standby);
    }
    const standby = await servers.standby(answerTimeoutMs);
    if (standby.inRecovery) return passed(standby);
    target = null;
    return leaveOut('is not a standby any more');
  }

  function passed(standby: Position): boolean {
    if (!target) return false;
    if (standby.at !== null && standby.at >= target.at) {
      const { round: upTo, askedAt } = target;
      target = null;
      replayedAt = askedAt;
      for (const [tenantId, at] of written) if (at <= upTo) written.delete(tenantId);
      if (allWritten <= upTo) allWritten = -1;
      // One that is always late passes what was asked for long ago.
      if (performance.now() - askedAt <= maxLagMs) takeIn();
      return true;
    }
    if (lagMs() > maxLagMs) leaveOut('lags');
    return false;
  }

  async function look(): Promise<void> {
    if (running || closed) return;
    running = true;
    let isOver = true;
    try {
      isOver = await ask();
    } catch {
      target = null;
      leaveOut('cannot be used');
    } finally {
      running = false;
      const soon = reason === null && (!isOver || written.size > 0 || allWritten >= 0);
      again(soon ? soonMs : reason === null ? idleMs : Math.min(idleMs, 4 * soonMs));
    }
  }
  function again(inMs: number): void {
    clearTimeout(timer);
    if (!closed) timer = setTimeout(look, inMs).unref();
  }

  function mark(tenantId: string | null): void {
    if (tenantId === null) allWritten = round;
    else if (reason === null) {
      // The first write since all was replayed need not wait for the next idle look.
      if (written.size === 0 && !running) again(soonMs);
      written.set(tenantId, round);
    } else allWritten = round;
  }
  changes.onChange(mark);
  again(0);

  /** Whether the tenant may be read from the standby now. */
  const mayLag = (tenantId: string): boolean =>
    reason === null &&
    allWritten < 0 &&
    !written.has(tenantId) &&
    performance.now() - replayedAt <= maxLagMs + idleMs + answerTimeoutMs &&
    changes.hears();

  return {
    counts,
    get lagMs() {
      return lagMs();
    },
    async read(tenantId, onStandby, onPrimary) {
      if (changes.isShared && mayLag(tenantId)) {
        // Another replica's message may have come in the same turn of the event loop as the request that follows it.
        turn ??= new Promise<void>((resolve) =>
          setImmediate(() => {
            turn = null;
            resolve();
          }),
        );
        await turn;
      }
      if (mayLag(tenantId)) {
        try {
          const found = await onStandby();
          counts.standby += 1;
          return found;
        } catch (error) {
          // A read that took all of its time would take it again.
          if (error instanceof Problem || sqlState(error) === '57014') throw error;
          // Without a connection the next reads need not try. The next look does. A statement may fail there alone: in
          // conflict with what is replayed, or because a migration has not come yet.
          if (!isOfStatement(error) && sqlState(error) !== '25006' && reason === null) {
            const now = performance.now();
            const ms = now > pause.until + pauseMs.max ? pauseMs.first : Math.min(2 * pause.ms, pauseMs.max);
            pause = { ms, until: now + ms };
            leaveOut('cannot be used');
          }
        }
      }
      counts.primary += 1;
      return onPrimary();
    },
    wrote(tenantId) {
      mark(tenantId);
      return changes.isShared ? changes.tellChange(tenantId) : Promise.resolve();
    },
    async check() {
      if (reason !== null) throw new Error(`the standby ${reason}`);
    },
    close() {
      closed = true;
      clearTimeout(timer);
    },
  };
}

function faultOf(primary: Position, standby: Position): string | null {
  if (!standby.inRecovery) return 'is not a standby any more';
  if (standby.system !== primary.system) return 'is of another cluster';
  // It may have replayed what the primary of today never had.
  if (standby.timeline !== primary.timeline) return 'follows another primary';
  return null;
}
