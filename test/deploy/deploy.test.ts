import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { importedPackages, served, writeModules } from '../../scripts/image-modules.ts';
import { createHttpServer } from '../../src/http/starting.ts';

const read = (file: string) => readFileSync(`deploy/${file}`, 'utf8');
const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map(([, found]) => found as string);

/** Every variable that the service reads, without those that the image sets. */
const variables = all(readFileSync('src/config.ts', 'utf8'), /^ {2}([A-Z][A-Z_]+): /gm);
const setByImage = ['NODE_ENV', 'HOST', 'PORT', 'DATA_DIR', 'DEMO'];
const isSecret = (name: string) => /^(DATABASE|DATABASE_READ|REDIS)_URL$|_SECRET$|^SECRET_KEY$/.test(name);

describe('the chart', () => {
  const values = parse(read('chart/values.yaml'));
  const schema = JSON.parse(read('chart/values.schema.json'));
  const check = new Ajv({ allErrors: true, strict: false }).compile(schema);
  const whole = {
    ...values,
    config: {
      ...values.config,
      PUBLIC_URL: 'https://rollcall.example.com',
      JWT_ISSUER: 'https://login.example.com/',
      JWT_AUDIENCE: 'rollcall',
      JWT_JWKS_URL: 'https://login.example.com/jwks.json',
    },
  };
  const faults = (given: unknown) => {
    check(given);
    return (check.errors ?? []).map(({ instancePath, keyword }) => `${instancePath} ${keyword}`);
  };

  test('takes the values that the comments ask for, and says what is missing without them', () => {
    expect(faults(whole)).toEqual([]);
    expect(faults(values)).toContain('/config required');
  });

  test('takes every variable that is no secret, and no other', () => {
    expect(new Set(schema.properties.config.propertyNames.enum)).toEqual(
      new Set(variables.filter((name) => !isSecret(name) && !setByImage.includes(name))),
    );
    expect(faults({ ...whole, config: { ...whole.config, SECRET_KEY: 's'.repeat(32) } })).not.toEqual([]);
    expect(faults({ ...whole, config: { ...whole.config, RATE_LIMITS: 5 } })).not.toEqual([]);
    // What YAML 1.1 makes of `on`.
    expect(faults({ ...whole, config: { ...whole.config, GRAPHIQL: true, RATE_LIMIT: 5 } })).toEqual([]);
    expect(faults({ ...whole, config: { ...whole.config, JWT_PUBLIC_KEY: 'x' } })).toContain('/config oneOf');
  });

  test('reads only values that there are, and each of them', () => {
    const templates = readdirSync('deploy/chart/templates').map((file) => read(`chart/templates/${file}`));
    const used = new Set(all(templates.join('\n'), /\.Values\.([A-Za-z_.]*[A-Za-z])/g));
    const at = (path: string) =>
      path
        .split('.')
        .reduce((found, name) => (found as Record<string, unknown> | undefined)?.[name], values as unknown);
    // The operator gives it.
    const given = ['config.PUBLIC_URL'];
    expect([...used].filter((path) => at(path) === undefined && !given.includes(path))).toEqual([]);
    const unused = Object.keys(values).filter((name) => ![...used].some((path) => path.split('.')[0] === name));
    expect(unused).toEqual([]);
  });
});

test('compose gives the service only variables that it reads, and all that production needs', () => {
  const { services } = parse(read('compose.yaml'), { merge: true });
  const given = Object.keys(services['rollcall-1'].environment);
  expect(given.filter((name) => !variables.includes(name))).toEqual([]);
  expect(given).toEqual(
    expect.arrayContaining(['DATABASE_URL', 'REDIS_URL', 'SECRET_KEY', 'PUBLIC_URL', 'JWT_ISSUER', 'JWT_AUDIENCE']),
  );
  expect(services['rollcall-2']).toEqual(services['rollcall-1']);

  const asked = new Set(all(read('compose.yaml'), /\$\{([A-Z_]+)/g));
  expect(asked).toEqual(new Set(all(read('env.example'), /^([A-Z_]+)=/gm)));
});

test('the image starts the service as `npm run start:built` does', () => {
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
  const [command = '[]'] = all(read('Dockerfile'), /^CMD (.+)$/gm);
  const [variable] = all(read('Dockerfile'), /(MALLOC_\S+)/g);
  expect(`exec env ${variable} ${JSON.parse(command).join(' ')}`).toBe(scripts['start:built']);
  expect(scripts.start).toBe(scripts['start:built'].replace('dist/main.js', 'scripts/start.mjs'));
});

// An installation builds.
test.skipIf(!existsSync('dist/imports.json'))(
  'the image has every package that what was built imports, or that a page is served from',
  () => {
    const asked = all(
      readdirSync('src', { recursive: true, encoding: 'utf8' })
        .filter((file) => file.endsWith('.ts'))
        .map((file) => readFileSync(`src/${file}`, 'utf8'))
        .join('\n'),
      /require\.resolve\([`'"]((?:@[^/]+\/)?[^/]+)\//g,
    );
    expect(asked).toEqual(served);

    const folder = mkdtempSync(join(tmpdir(), 'rollcall-image-'));
    try {
      writeModules(folder);
      // Loaded as the built files load them. One of them has a binary, which it finds as a package of its own.
      const names = importedPackages();
      expect(names).toContain('sharp');
      const script = names.map((name) => `await import('${name}')`).join('; ');
      execFileSync(process.execPath, ['--input-type=module', '--eval', script], { cwd: folder, stdio: 'pipe' });
      expect(readdirSync(join(folder, 'node_modules'))).not.toContain('typescript');
      expect(readFileSync(join(folder, 'licences.txt'), 'utf8')).toMatch(/^=== graphql \d.*MIT/m);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);

test('the image is nobody special, and its health is what /healthz says', async () => {
  const [, last = ''] = read('Dockerfile').split(/^FROM debian/m);
  expect(last).toMatch(/^USER 10001:10001$/m);
  const [command = '[]'] = all(last, /^HEALTHCHECK [^[]+ CMD (.+)$/gm);
  const [program, ...parameters]: string[] = JSON.parse(command);
  expect(program).toBe('node');

  let status = 200;
  const asked: (string | undefined)[] = [];
  const server = createServer(({ url }, response) => {
    asked.push(url);
    response.writeHead(status).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const run = promisify(execFile);
  const check = () => run(process.execPath, parameters, { env: { PORT: String(port) } });
  await check();
  status = 503;
  await expect(check()).rejects.toMatchObject({ code: 1 });
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await expect(check()).rejects.toMatchObject({ code: 1 });
  expect(asked).toEqual(['/healthz', '/healthz']);
}, 30_000);

test('the image has every file that the service reads at run time', () => {
  const copied = all(read('Dockerfile'), /^COPY --from=build (?:--chown=\S+ )?\/app\/(\S+)/gm);
  const outsideOfSrc = readdirSync('src', { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts'))
    .flatMap((file) => all(readFileSync(`src/${file}`, 'utf8'), /new URL\([`'](?:\.\.\/){2,}([^`'$]+)/g));
  expect(outsideOfSrc).toContain('prisma/migrations/');
  for (const path of outsideOfSrc)
    expect(
      copied.some((folder) => path.startsWith(folder)),
      path,
    ).toBe(true);
});

test('the proxy gives up idle connections before the service does', () => {
  const [seconds] = all(read('Caddyfile'), /keepalive (\d+)s/g);
  expect(Number(seconds) * 1_000).toBeLessThan(createHttpServer().keepAliveTimeout);
});
