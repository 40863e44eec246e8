/** Faults of Redis, alone and with PostgreSQL. */
import { execFileSync, spawnSync } from 'node:child_process';
import { startRedis } from '../../../test/faults/redis-server.ts';
import { all, allRedis, demand, type Scenario, signal, third } from '../scenario.ts';
import { sleep } from '../world.ts';

export const redisFaults: Scenario[] = [
  {
    name: 'H: Redis is killed and comes back',
    random: true,
    takes: 'redis',
    async run({ world }) {
      const { port } = world.redis;
      signal(world.redis.pid, 'SIGKILL');
      await sleep(3_000);
      for (const { ready } of world.replicas) {
        const { status, degraded } = await ready();
        demand(status === 200 || status === 503, 'readiness does not answer');
        if (status === 200) demand(degraded.includes('events'), 'an outage of Redis is not said');
      }
      world.redis = await startRedis(port);
    },
  },
  {
    name: 'G: Redis hangs (SIGSTOP)',
    random: true,
    takes: 'redis',
    async run({ world }) {
      signal(world.redis.pid, 'SIGSTOP');
      await sleep(5_000);
      signal(world.redis.pid, 'SIGCONT');
    },
  },
  {
    name: 'Redis is flushed, and has no client left to give',
    async run({ world }) {
      const command = (...words: string[]) => execFileSync('redis-cli', ['-p', String(world.redis.port), ...words]);
      command('flushall');
      command('config', 'set', 'maxclients', '1');
      command('client', 'kill', 'type', 'normal');
      command('client', 'kill', 'type', 'pubsub');
      await sleep(3_000);
      // Of the one client that is let in, it cannot be said who it is.
      for (let time = 0; time < 100; time++) {
        const { stdout } = spawnSync('redis-cli', [
          '-p',
          String(world.redis.port),
          'config',
          'set',
          'maxclients',
          '10000',
        ]);
        if (String(stdout).startsWith('OK')) return;
        await sleep(50);
      }
      signal(world.redis.pid, 'SIGKILL');
      world.redis = await startRedis(world.redis.port);
    },
  },
  {
    name: 'PostgreSQL and Redis silent at the same time',
    async run(stage) {
      await Promise.all([all(stage, 'silent'), allRedis(stage, 'silent')]);
      await sleep(8_000);
      await Promise.all([all(stage, 'pass'), allRedis(stage, 'pass')]);
    },
  },
  {
    name: 'PostgreSQL and Redis refused at the same time',
    async run(stage) {
      await Promise.all([all(stage, 'refuse'), allRedis(stage, 'refuse')]);
      await sleep(5_000);
      await Promise.all([all(stage, 'pass'), allRedis(stage, 'pass')]);
    },
  },
  {
    name: 'G: RATE_LIMIT while Redis hangs',
    run: (stage) =>
      third(
        stage,
        async (replica) => {
          await replica.redis.mode('silent');
          const replies = await Promise.all(Array.from({ length: 20 }, () => replica.graphql('{ viewer { kind } }')));
          demand(
            replies.every(({ code }) => code === 'ok'),
            'requests fail',
          );
          demand(Math.max(...replies.map(({ tookMs }) => tookMs)) < 1_500, 'requests hang');
        },
        { RATE_LIMIT: '1000' },
      ),
  },
];
