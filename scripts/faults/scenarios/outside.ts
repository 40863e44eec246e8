/** Faults of what stands beside the databases: providers, the storage, the key set, and names. */
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { freePort } from '../../../test/faults/postgres-server.ts';
import { startProxy } from '../../../test/faults/proxy.ts';
import { demand, type Scenario, type Stage, third } from '../scenario.ts';
import { type Replica, sign, sleep } from '../world.ts';

/** Uploads a picture of a participant; returns the code of the answer. */
async function upload({ world, ledger }: Stage, replica: Replica, participantId: string): Promise<string> {
  const query =
    'mutation ($input: UploadParticipantAvatarInput!) { uploadParticipantAvatar(input: $input) { participant { avatarFileId } } }';
  const form = new FormData();
  form.set('operations', JSON.stringify({ query, variables: { input: { participantId, file: null } } }));
  form.set('map', '{"0":["variables.input.file"]}');
  form.set('0', new File([new Uint8Array(ledger.image)], 'a.png', { type: 'image/png' }));
  const response = await fetch(`${replica.url}/graphql`, {
    method: 'POST',
    headers: { authorization: `Bearer ${world.token}` },
    body: form,
    signal: AbortSignal.timeout(27_000),
  });
  const { errors } = (await response.json()) as { errors?: { extensions: { code: string } }[] };
  return errors?.[0]?.extensions.code ?? 'ok';
}

/** Waits until a question is answered with a code; returns the last code when it is not within the time. */
async function codeWithin(ms: number, wanted: string, ask: () => Promise<string>): Promise<string> {
  const until = performance.now() + ms;
  let code = await ask();
  while (code !== wanted && performance.now() < until) {
    await sleep(200);
    code = await ask();
  }
  return code;
}

/** How the key set's server answers: with these keys, or not. */
type KeySet = { keys: { kid: string; key: KeyObject }[]; trouble: 'none' | 'reset' | 'hang' | 'error' | 'nonsense' };

const answerKeySet =
  (set: KeySet): RequestListener =>
  (request, response) => {
    if (set.trouble === 'reset') request.socket.resetAndDestroy();
    else if (set.trouble === 'error') response.writeHead(500).end();
    else if (set.trouble === 'nonsense') response.end('<!doctype html><title>Sign in</title>');
    else if (set.trouble === 'none')
      response.setHeader('content-type', 'application/json').end(
        JSON.stringify({
          keys: set.keys.map(({ kid, key }) => ({ kid, alg: 'ES256', use: 'sig', ...key.export({ format: 'jwk' }) })),
        }),
      );
  };

export const outsideFaults: Scenario[] = [
  {
    name: 'I: a provider is away for 40 s, in five ways',
    async run({ world, ledger }) {
      const before = ledger.pictured.size;
      try {
        for (const trouble of ['server-error', 'hang', 'cut-short', 'nonsense', 'html'] as const) {
          world.slack.apiTrouble = trouble;
          await sleep(8_000);
        }
      } finally {
        world.slack.apiTrouble = null;
      }
      demand(ledger.pictured.size > before, 'no picture was asked for meanwhile');
      const missing = await ledger.missingPictures(world.postgres, 240_000);
      demand(missing === 0, `${missing} pictures did not come after the outage`);
    },
  },
  {
    name: 'I: a provider hangs for 10 s',
    random: true,
    async run({ world }) {
      world.slack.apiTrouble = 'hang';
      await sleep(10_000);
      world.slack.apiTrouble = null;
    },
  },
  {
    name: 'K: the storage is no folder any more',
    random: true,
    async run({ world }) {
      if (existsSync(world.storage)) renameSync(world.storage, `${world.storage}-away`);
      writeFileSync(world.storage, '');
      await sleep(5_000);
      rmSync(world.storage);
      if (existsSync(`${world.storage}-away`)) renameSync(`${world.storage}-away`, world.storage);
      else mkdirSync(world.storage);
    },
  },
  {
    name: 'K: the disk of the storage is full',
    // Only root may mount a disk.
    lacks: process.getuid?.() === 0 ? null : 'root',
    async run(stage) {
      const folder = mkdtempSync(join(tmpdir(), 'rollcall-full-'));
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', folder]);
      try {
        await third(
          stage,
          async (replica) => {
            const { data } = await replica.graphql(
              'mutation { createParticipant(input: { kind: PERSON, displayName: "K full" }) { participant { id } } }',
            );
            // biome-ignore lint/suspicious/noExplicitAny: answers of untyped documents
            const { id } = (data as any).createParticipant.participant;
            const pictureOf = async () =>
              (await replica.graphql(`{ participant(id: "${id}") { avatarFileId } }`)).data?.['participant'];
            try {
              writeFileSync(join(folder, 'ballast'), Buffer.alloc(1_000_000));
            } catch {
              // Until nothing more fits.
            }
            const code = await upload(stage, replica, id);
            demand(code === 'UNAVAILABLE', `an upload on a full disk answers ${code}`);
            demand(
              JSON.stringify(await pictureOf()) === '{"avatarFileId":null}',
              'a picture that was not stored is shown',
            );
            demand((await replica.ready()).status === 200, 'not ready for what needs no storage');
            rmSync(join(folder, 'ballast'));
            const after = await upload(stage, replica, id);
            demand(after === 'ok', `an upload answers ${after} although there is room`);
            await stage.world.postgres.sql(`delete from participant where display_name = 'K full'`);
          },
          { STORAGE_URL: `file:${folder}` },
        );
      } finally {
        execFileSync('umount', ['-l', folder]);
        rmSync(folder, { recursive: true });
      }
    },
  },
  {
    name: 'M: the key set is away in four ways, and has a new key afterwards',
    async run(stage) {
      const { world } = stage;
      const make = (kid: string) => ({ kid, ...generateKeyPairSync('ec', { namedCurve: 'P-256' }) });
      const [known, next] = [make('known'), make('next')];
      const set: KeySet = { keys: [{ kid: known.kid, key: known.publicKey }], trouble: 'none' };
      const server = createServer(answerKeySet(set));
      const port = await freePort();
      await new Promise<void>((listening) => server.listen(port, '127.0.0.1', listening));
      const ask = async (replica: Replica, { kid, privateKey }: ReturnType<typeof make>) => {
        const token = await sign(privateKey, world.tenantId, kid);
        return (await replica.graphql('{ viewer { kind } }', undefined, token)).code;
      };
      try {
        await third(
          stage,
          async (replica) => {
            demand((await ask(replica, known)) === 'ok', 'a known key is refused');
            for (const trouble of ['reset', 'hang', 'error', 'nonsense'] as const) {
              set.trouble = trouble;
              const codes = await Promise.all(Array.from({ length: 20 }, () => ask(replica, known)));
              demand(
                codes.every((code) => code === 'ok'),
                `${trouble}: a known key answers ${codes}`,
              );
              const unknown = await ask(replica, next);
              demand(
                ['UNAVAILABLE', 'UNAUTHENTICATED'].includes(unknown),
                `${trouble}: an unknown key answers ${unknown}`,
              );
              await sleep(1_000);
            }
            set.trouble = 'none';
            set.keys.push({ kid: next.kid, key: next.publicKey });
            const code = await codeWithin(60_000, 'ok', () => ask(replica, next));
            demand(code === 'ok', `the new key answers ${code} after the outage`);
          },
          { JWT_PUBLIC_KEY: '', JWT_JWKS_URL: `http://127.0.0.1:${port}/keys` },
        );
      } finally {
        server.closeAllConnections();
        server.close();
      }
    },
  },
  ...(['refuse', 'silent', 'pass'] as const).map(
    (mode): Scenario => ({
      name: `J: the database's name leads elsewhere, and nowhere in between; its old address: ${mode}`,
      async run(stage) {
        const { world } = stage;
        const folder = mkdtempSync(join(tmpdir(), 'rollcall-names-'));
        const file = join(folder, 'names.json');
        const name = 'database.faults.example';
        const lead = (address: string | null) => writeFileSync(file, JSON.stringify({ [name]: address }));
        const target = { host: '127.0.0.1', port: world.postgres.port };
        const old = await startProxy({ target });
        const moved = await startProxy({ target, port: old.port, host: '127.0.0.2' });
        lead('127.0.0.1');
        try {
          await third(
            stage,
            async (replica) => {
              const read = async () => (await replica.graphql('{ agents { id } }')).code;
              demand((await read()) === 'ok', 'it does not read');
              lead(null);
              await old.mode(mode === 'pass' ? 'cut' : mode);
              const codes = await Promise.all(Array.from({ length: 10 }, read));
              demand(
                codes.every((code) => code === 'ok' || code === 'UNAVAILABLE'),
                `codes: ${codes}`,
              );
              await sleep(3_000);
              lead('127.0.0.2');
              const code = await codeWithin(20_000, 'ok', read);
              demand(code === 'ok', `it answers ${code} after its name leads to another address`);
              demand(await replica.readyWithin(10_000), 'it is not ready');
              demand(moved.connections.length > 0, 'it has no connection to the new address');
            },
            { FAULT_NAMES: file },
            {
              databaseUrl: `postgresql://postgres@${name}:${old.port}/postgres`,
              through: ['env', `NODE_OPTIONS=--require=${resolve('scripts/faults/names.cjs')}`],
            },
          );
        } finally {
          await Promise.all([old.close(), moved.close()]);
          rmSync(folder, { recursive: true });
        }
      },
    }),
  ),
];
