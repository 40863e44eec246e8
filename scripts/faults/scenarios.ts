/** The faults, each by a name: what is broken, and mended again. */
import { failoverFaults } from './failover.ts';
import type { Scenario } from './scenario.ts';
import { databaseFaults } from './scenarios/database.ts';
import { outsideFaults } from './scenarios/outside.ts';
import { poolerFaults } from './scenarios/pooler.ts';
import { processFaults } from './scenarios/process.ts';
import { redisFaults } from './scenarios/redis.ts';
import { startFaults } from './scenarios/start.ts';

export const scenarios: readonly Scenario[] = [
  ...databaseFaults,
  ...redisFaults,
  ...processFaults,
  ...startFaults,
  ...poolerFaults,
  ...outsideFaults,
  ...failoverFaults,
];
