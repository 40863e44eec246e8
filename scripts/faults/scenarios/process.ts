/** Faults of the replicas' own processes, and their ends. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import type { Mode } from '../../../test/faults/proxy.ts';
import { demand, raw, type Scenario, third } from '../scenario.ts';
import { type Replica, sleep } from '../world.ts';

const [faketime] = existsSync('/usr/lib')
  ? readdirSync('/usr/lib')
      .map((folder) => `/usr/lib/${folder}/faketime/libfaketime.so.1`)
      .filter((file) => existsSync(file))
  : [];

export const processFaults: Scenario[] = [
  {
    name: 'a replica stands still (SIGSTOP) for 12 s',
    // Its connections without a request have timed out when it goes on.
    ends: true,
    async run({ world }) {
      const [{ child }] = world.replicas as [Replica];
      child.kill('SIGSTOP');
      await sleep(12_000);
      child.kill('SIGCONT');
    },
  },
  {
    name: 'a replica is killed and another takes its place',
    ends: true,
    async run({ world }) {
      await world.replicas[0]?.end();
      world.replicas[0] = await world.start();
    },
  },
  {
    name: 'B: PROCESSES=2, a process is killed while PostgreSQL is away',
    run: (stage) =>
      third(
        stage,
        async (replica) => {
          await replica.database.mode('refuse');
          const pids = execFileSync('pgrep', ['-P', String(replica.child.pid)], { encoding: 'utf8' })
            .trim()
            .split('\n');
          process.kill(Number(pids[0]), 'SIGKILL');
          await sleep(8_000);
          demand(replica.child.exitCode === null, 'the first process ended');
          await replica.database.mode('pass');
          demand(await replica.readyWithin(15_000), 'it does not become ready');
          for (let time = 0; time < 10; time++)
            demand((await replica.graphql('{ viewer { kind } }')).code === 'ok', 'it does not answer');
        },
        { PROCESSES: '2' },
      ),
  },
  {
    name: 'P: a replica whose clock is an hour behind',
    lacks: faketime === undefined ? 'libfaketime' : null,
    async run(stage) {
      await third(
        stage,
        async (replica) => {
          const { data, code } = await replica.graphql(
            'mutation { createParticipant(input: { kind: PERSON, displayName: "P clock" }) { participant { id createdAt } } }',
          );
          demand(code === 'ok', `it answers ${code}`);
          // biome-ignore lint/suspicious/noExplicitAny: answers of untyped documents
          const { id, createdAt } = (data as any).createParticipant.participant;
          demand(Math.abs(Date.parse(createdAt) - Date.now()) < 5_000, `createdAt is ${createdAt}`);
          const changed = await replica.graphql(
            `mutation { disableParticipant(input: { participantId: "${id}" }) { participant { disabledAt modifiedAt } } }`,
          );
          // biome-ignore lint/suspicious/noExplicitAny: answers of untyped documents
          const { disabledAt } = (changed.data as any).disableParticipant.participant;
          demand(Math.abs(Date.parse(disabledAt) - Date.now()) < 5_000, `disabledAt is ${disabledAt}`);
        },
        {},
        { through: ['env', `LD_PRELOAD=${faketime}`, 'FAKETIME=-1h', 'DONT_FAKE_MONOTONIC=1'] },
      );
    },
  },
  ...(['refuse', 'silent', 'requests-only', 'answers-only', 'pass'] as Mode[]).map(
    (mode): Scenario => ({
      name: `N: SIGTERM with half a body, silent sockets, an open stream and work under way, network ${mode}`,
      run: (stage) =>
        third(stage, async (replica) => {
          const { token } = stage.world;
          const head = `POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nauthorization: Bearer ${token}\r\n`;
          const sockets = [
            await raw(replica, `${head}content-length: 500\r\n\r\n{"query":`),
            await raw(replica, ''),
            await raw(replica, 'GET /healthz HTTP/1.1\r\nhost'),
            await raw(
              replica,
              `GET /graphql HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: AAAAAAAAAAAAAAAAAAAAAA==\r\nsec-websocket-protocol: graphql-transport-ws\r\n\r\n`,
            ),
          ];
          const query = JSON.stringify({ query: 'subscription { participantAvatarSynced { outcome } }' });
          sockets.push(
            await raw(replica, `${head}accept: text/event-stream\r\ncontent-length: ${query.length}\r\n\r\n${query}`),
          );
          await Promise.all(Array.from({ length: 10 }, () => replica.graphql('{ participants { id } }')));
          await replica.database.mode(mode);
          for (let n = 0; n < 20; n++) {
            void replica.graphql('{ participants { id } }');
            void replica.graphql(
              `mutation { createParticipant(input: { kind: PERSON, displayName: "stopping ${Math.random()}" }) { participant { id } } }`,
            );
          }
          await sleep(200);
          setTimeout(() => {
            for (const socket of sockets) socket.destroy();
          }, 24_000).unref();
        }),
    }),
  ),
];
