import { createHmac } from 'node:crypto';
import { Agent, request } from 'node:http';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { createCpuClock, used } from './cpu.ts';
import { type DataSet, idOf, tenants, withClient } from './data-set.ts';
import { type Draw, operationNamed, seeded } from './operations.ts';
import { type Launcher, type Server, slackSigningSecret } from './servers.ts';

/** What came of delivering so many messages a second while contact lists were read. Latencies are in milliseconds. */
export type DeliveryResult = {
  rate: number;
  seconds: number;
  channels: number;
  /** Messages that there were, and that the service acknowledged, once or more. */
  messages: number;
  acknowledged: number;
  /** Requests made for them: some messages are sent twice, and what fails is sent again. */
  requests: number;
  failed: number;
  /** What the database says afterwards. */
  counted: number;
  deliveries: Latencies;
  readsBefore: Latencies;
  readsDuring: Latencies;
  /** How late this program itself was, at the 99th percentile. */
  generatorDelay: number;
  /** How many cores each had meanwhile; null where it cannot be read. */
  cores: { server: number | null; database: number | null; generator: number | null; others: number | null };
};

export type Latencies = { requests: number; failed: number; p50: number; p99: number; max: number };

const channelsATenant = 50;
const readsPerSecond = 20;
const quietSeconds = 10;
/** One message in so many is sent twice, as providers do. */
const twice = 100;
const tries = 5;
const maxConnections = 1_000;

/**
 * Runs something so many times a second, however long each takes; a latency counts from when it was due. It goes on for
 * so many seconds, or until it is told that all is done.
 */
export async function atRate(
  rate: number,
  until: number | (() => boolean),
  act: (index: number) => Promise<boolean>,
): Promise<Latencies> {
  const taken: number[] = [];
  const running = new Set<Promise<void>>();
  let failed = 0;
  const begun = performance.now();
  const total = typeof until === 'number' ? rate * until : Number.POSITIVE_INFINITY;
  for (let index = 0; index < total && !(typeof until === 'function' && until()); ) {
    const due = Math.min(total, Math.floor(((performance.now() - begun) * rate) / 1_000) + 1);
    for (; index < due; index++) {
      const since = begun + (index * 1_000) / rate;
      const one = act(index)
        .catch(() => false)
        .then((good) => {
          if (!good) failed += 1;
          taken.push(performance.now() - since);
          running.delete(one);
        });
      running.add(one);
    }
    await sleep(2);
  }
  await Promise.all(running);
  taken.sort((a, b) => a - b);
  const at = (share: number) => taken[Math.min(taken.length - 1, Math.floor(taken.length * share))] ?? 0;
  return { requests: taken.length, failed, p50: at(0.5), p99: at(0.99), max: at(1) };
}

export type Message = { url: string; body: string };

/** Sends one request over connections that stay open; gives its status. */
export function post({ url, body }: Message, headers: Record<string, string>, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const sent = request(url, {
      method: 'POST',
      agent,
      headers: { ...headers, 'content-length': Buffer.byteLength(body) },
      timeout: 30_000,
    });
    sent.on('response', (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode ?? 0));
      response.on('error', reject);
    });
    sent.on('timeout', () => sent.destroy(new Error('too late')));
    sent.on('error', reject);
    sent.end(body);
  });
}

function signed(body: string): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1_000));
  const signature = createHmac('sha256', slackSigningSecret).update(`v0:${timestamp}:${body}`).digest('hex');
  return {
    'content-type': 'application/json',
    'x-slack-request-timestamp': timestamp,
    'x-slack-signature': `v0=${signature}`,
  };
}

/** What a message through Slack's Events API looks like. */
const messageFrom = (user: string, eventId: string) =>
  JSON.stringify({
    token: 'ZZZZZZWSxiZZZ2yIvs3peJ',
    team_id: 'T123ABC456',
    api_app_id: 'A123ABC456',
    event: {
      type: 'message',
      channel: 'D123ABC456',
      user,
      text: 'What is the hour of the pearl, exactly?',
      ts: `${Math.floor(Date.now() / 1_000)}.000200`,
      channel_type: 'im',
    },
    type: 'event_callback',
    authed_teams: ['T123ABC456'],
    event_id: eventId,
    event_time: Math.floor(Date.now() / 1_000),
  });

/** Takes out all that deliveries leave behind. */
const forget = ({ databaseUrl }: DataSet) =>
  withClient(databaseUrl, async (client) => {
    await client.query('truncate webhook_delivery, unknown_sender, webhook_key');
    await client.query('update channel set message_count = 0, last_message_at = null where message_count > 0');
  });

/** A webhook for each tenant's Slack, and the addresses of some of its channels. */
async function webhooks(server: Server, data: DataSet): Promise<{ url: string; addresses: string[] }[]> {
  const made: { url: string; addresses: string[] }[] = [];
  for (let tenant = 0; tenant < tenants; tenant++) {
    const { id, addresses } = await withClient(data.databaseUrl, async (client) => {
      const { rows } = await client.query<{ config: string; address: string }>(
        `select i.id as config, c.address from integration_config i join channel c on c.tenant_id = i.tenant_id and c.integration_config_id = i.id
         where i.tenant_id = $1 and i.provider = 'slack' order by c.id limit $2`,
        [idOf('tenant', tenant), channelsATenant],
      );
      return { id: rows[0]?.config as string, addresses: rows.map(({ address }) => address) };
    });
    const query = `mutation { generateWebhookUrl(input: { integrationConfigId: "${id}" }) { webhookUrl } }`;
    const answer = await fetch(server.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: server.authorization(tenant) as string },
      body: JSON.stringify({ query }),
    });
    const { data: given, errors } = (await answer.json()) as {
      data?: { generateWebhookUrl: { webhookUrl: string } | null };
      errors?: unknown;
    };
    const url = given?.generateWebhookUrl?.webhookUrl;
    if (!url) throw new Error(`A webhook could not be made: ${JSON.stringify(errors)}`);
    made.push({ url, addresses });
  }
  return made;
}

/**
 * Delivers so many signed messages a second, while contact lists are read at a low rate; then counts what the database
 * has.
 */
export async function deliver(
  launcher: Launcher,
  data: DataSet,
  { rate, seconds, poolSize }: { rate: number; seconds: number; poolSize: number },
  say: (line: string) => void,
): Promise<DeliveryResult> {
  await forget(data);
  const server = await launcher.start('rollcall', data.databaseUrl, poolSize);
  // Providers open as many connections as they need; readers do not wait behind them for one.
  const deliverers = new Agent({ keepAlive: true, maxSockets: maxConnections });
  const readers = new Agent({ keepAlive: true, maxSockets: maxConnections });
  try {
    const hooks = await webhooks(server, data);
    const draws = operationNamed('contactList').draw(2_000, data, seeded(42));
    const read = async (index: number) => {
      const draw = draws[index % draws.length] as Draw;
      const headers = {
        'content-type': 'application/json',
        authorization: server.authorization(draw.tenant) as string,
      };
      const ask = () => post({ url: server.url, body: server.body('contactList', draw) }, headers, readers);
      // A connection that the server closed as it was taken up again is no failure of a read.
      return (await ask().catch(ask)) === 200;
    };
    say('Reading contact lists, and nothing else …');
    await atRate(readsPerSecond, 3, read);
    const readsBefore = await atRate(readsPerSecond, quietSeconds, read);

    const acknowledged = new Set<number>();
    let requests = 0;
    let failed = 0;
    const send = async (index: number): Promise<boolean> => {
      const { url, addresses } = hooks[index % hooks.length] as (typeof hooks)[number];
      const address = addresses[Math.floor(index / hooks.length) % addresses.length] as string;
      const body = messageFrom(address, `Ev${index}`);
      for (let attempt = 1; attempt <= tries; attempt++) {
        requests += 1;
        const status = await post({ url, body }, signed(body), deliverers).catch(() => 0);
        if (status === 200) {
          acknowledged.add(index);
          return true;
        }
        failed += 1;
        await sleep(200 * attempt);
      }
      return false;
    };
    say(
      `${rate} deliveries a second for ${seconds} s, over ${hooks.length * channelsATenant} channels, and contact lists meanwhile …`,
    );
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const clock = await createCpuClock(data.databaseUrl);
    const own = process.cpuUsage();
    const before = await clock.read(server.pid);
    const begun = performance.now();
    const [deliveries, readsDuring] = await Promise.all([
      atRate(rate, seconds, async (index) => {
        if (index % twice === 0) void send(index);
        return send(index);
      }),
      atRate(readsPerSecond, seconds, read),
    ]);
    delay.disable();
    const cpu = used(before, await clock.read(server.pid));
    await clock.close();
    const elapsed = performance.now() - begun;
    const share = (time: number | null) => (time === null ? null : Math.max(0, time / elapsed));
    const { user, system } = process.cpuUsage(own);
    const generator = (user + system) / 1_000;
    const cores = {
      server: share(cpu.server),
      database: share(cpu.database),
      generator: share(generator),
      // The clock knows generators that are children only.
      others: share(cpu.others === null ? null : cpu.others - generator),
    };
    // The second copies of the last ones.
    await sleep(1_000);
    const counted = await withClient(data.databaseUrl, async (client) => {
      const { rows } = await client.query<{ counted: string }>(
        'select sum(message_count) as counted from channel where message_count > 0',
      );
      return Number(rows[0]?.counted ?? 0);
    });
    return {
      rate,
      seconds,
      channels: hooks.length * channelsATenant,
      messages: rate * seconds,
      acknowledged: acknowledged.size,
      requests,
      failed,
      counted,
      deliveries,
      readsBefore,
      readsDuring,
      generatorDelay: delay.percentile(99) / 1e6,
      cores,
    };
  } finally {
    deliverers.destroy();
    readers.destroy();
    await server.stop();
    await forget(data);
  }
}

/** The result as Markdown. */
export function deliveryTable(result: DeliveryResult): string {
  const { rate, seconds, channels, messages, acknowledged, requests, failed, counted, generatorDelay, cores } = result;
  const row = (name: string, { requests, failed, p50, p99, max }: Latencies) =>
    `| ${name} | ${requests} | ${failed} | ${p50.toFixed(1)} | ${p99.toFixed(1)} | ${max.toFixed(1)} |`;
  return [
    `${rate} deliveries a second for ${seconds} s over ${channels} channels; ${readsPerSecond} contact lists a second.`,
    '',
    `${messages} messages in ${requests} requests, of which ${failed} failed and were sent again: ${acknowledged} acknowledged, ${counted} counted in the database, ` +
      `**${acknowledged - counted} lost**, ${Math.max(0, counted - acknowledged)} too many.`,
    '',
    '| | requests | failed | p50, ms | p99, ms | most, ms |',
    '| --- | --- | --- | --- | --- | --- |',
    row('deliveries', result.deliveries),
    row('contact lists before', result.readsBefore),
    row('contact lists during', result.readsDuring),
    '',
    `Cores: ${Object.entries(cores)
      .map(([name, value]) => `${name} ${value === null ? 'unknown' : value.toFixed(2)}`)
      .join(', ')}.`,
    `The generator was up to ${generatorDelay.toFixed(1)} ms late (p99), which is part of every figure.`,
  ].join('\n');
}
