/** Remembers what the service acknowledged, and compares it with what is stored. */
import { createHmac } from 'node:crypto';
import type { OwnServer } from '../../test/faults/postgres-server.ts';
import { type Replica, type Reply, sleep, type World } from './world.ts';

const expected = new Set(['ok', 'UNAVAILABLE']);

/** What one fault brought: answers by their code, the slowest, and what may not be. */
export type Tally = { codes: Record<string, number>; slowestMs: number; wrong: string[] };

type Person = { id: string; emails: Set<string>; acknowledged: string };

/** Writes of all kinds through replicas, and what became of each. */
export class Ledger {
  readonly people: Person[] = [];
  readonly names = new Set<string>();
  readonly flows = new Set<string>();
  readonly contacts = new Set<string>();
  readonly users = new Set<string>();
  readonly activated = new Set<string>();
  readonly delivered = new Map<string, { acknowledged: number; sent: number }>();
  readonly pictured = new Set<string>();
  tally: Tally = { codes: {}, slowestMs: 0, wrong: [] };
  /** Whether connections may be closed on a client: its replica is being ended. */
  mayClose = false;
  conversationId = '';
  #serial = 0;
  #slackConfig = '';
  #webhook: { url: string; secret: string; config: string } | null = null;

  readonly world: World;
  readonly image: Uint8Array;
  constructor(world: World, image: Uint8Array) {
    this.world = world;
    this.image = image;
  }

  /** Makes what the writes need. */
  async prepare(replica: Replica): Promise<void> {
    const asked = async (query: string, variables?: object) => {
      const { code, data } = await replica.graphql(query, variables);
      // biome-ignore lint/suspicious/noExplicitAny: answers of untyped documents
      if (code === 'ok') return data as any;
      throw new Error(`${code}: ${query}`);
    };
    const create =
      'mutation ($input: CreateIntegrationConfigInput!) { createIntegrationConfig(input: $input) { integrationConfig { id } } }';
    const config = async (provider: string) =>
      (await asked(create, { input: { provider, name: provider } })).createIntegrationConfig.integrationConfig.id;
    this.#slackConfig = await config('slack');
    await asked(
      'mutation ($input: ConnectIntegrationInput!) { connectIntegration(input: $input) { integrationConfig { id } } }',
      {
        input: { id: this.#slackConfig, token: 'xoxb-good' },
      },
    );
    const heard = await config('discord');
    const { webhookUrl, signingSecret } = (
      await asked(
        'mutation ($input: GenerateWebhookUrlInput!) { generateWebhookUrl(input: $input) { webhookUrl signingSecret } }',
        {
          input: { integrationConfigId: heard },
        },
      )
    ).generateWebhookUrl;
    this.#webhook = { url: new URL(webhookUrl).pathname, secret: signingSecret, config: heard };
    const conversation = await asked(
      'mutation { createConversation(input: { name: "faults" }) { conversation { id } } }',
    );
    this.conversationId = conversation.createConversation.conversation.id;
  }

  note({ code, tookMs }: Reply, what: string): boolean {
    const { codes } = this.tally;
    codes[code] = (codes[code] ?? 0) + 1;
    this.tally.slowestMs = Math.max(this.tally.slowestMs, tookMs);
    if (!expected.has(code) && !(code === 'transport' && this.mayClose)) this.wrong(`${what}: ${code}`);
    return code === 'ok';
  }
  wrong(what: string): void {
    if (this.tally.wrong.length < 20) this.tally.wrong.push(what);
  }

  /** Does one thing, a different one each time. */
  async once(replica: Replica, other: Replica): Promise<void> {
    const serial = this.#serial++;
    const kinds = [
      () => this.#create(replica, other, `person ${serial}`),
      () => this.#ensure(replica, `flow ${serial}`),
      () => this.#update(replica, serial),
      () => this.#contact(replica, `contact${serial}@example.com`),
      () => this.#user(replica, `user${serial}@example.com`),
      () => this.#patch(replica, `patched ${serial}`),
      () => this.#deliver(replica, serial),
      () => this.#read(replica, '{ participantsConnection(first: 5) { nodes { id displayName channels { id } } } }'),
      () => (serial % 5 === 0 ? this.#picture(replica, `U${serial}`) : this.#ensure(replica, `flow ${serial}`)),
    ];
    await kinds[serial % kinds.length]?.();
  }

  async #create(replica: Replica, other: Replica, name: string) {
    const reply = await replica.graphql(
      `mutation { createParticipant(input: { kind: PERSON, displayName: "${name}" }) { participant { id } } }`,
    );
    if (!this.note(reply, 'create')) return;
    this.names.add(name);
    // biome-ignore lint/suspicious/noExplicitAny: answers of untyped documents
    const { id } = (reply.data as any).createParticipant.participant;
    this.people.push({ id, emails: new Set(), acknowledged: '' });
    const found = await other.graphql(`{ participant(id: "${id}") { id } }`);
    if (this.note(found, 'read after write') && found.data?.['participant'] === null)
      this.wrong(`${name} was created and is not found`);
  }
  async #update(replica: Replica, serial: number) {
    const person = this.people[Math.floor(Math.random() * this.people.length)];
    if (!person) return;
    const email = `mail${serial}@example.com`;
    person.emails.add(email);
    const reply = await replica.graphql(
      `mutation { updateParticipant(input: { participantId: "${person.id}", email: "${email}" }) { participant { id } } }`,
    );
    if (this.note(reply, 'update')) person.acknowledged = email;
  }
  #ensuring = (participant: string, more = '') =>
    `mutation { ensureConversationParticipant(input: { conversationId: "${this.conversationId}", participant: { ${participant} } ${more} }) { created participant { id } } }`;
  async #ensure(replica: Replica, name: string) {
    if (this.note(await replica.graphql(this.#ensuring(`flow: { id: "${name}" }`)), 'ensure')) this.flows.add(name);
  }
  async #contact(replica: Replica, email: string) {
    const by = `contactByIdentifier: { identifierKey: emailaddress, identifierValue: "${email}" }`;
    if (this.note(await replica.graphql(this.#ensuring(by)), 'ensure a contact')) this.contacts.add(email);
  }
  async #user(replica: Replica, email: string) {
    const reply = await replica.graphql(
      `mutation { createExternalUser(input: { firstName: "A", lastName: "B", email: "${email}" }) { user { id } } }`,
    );
    if (this.note(reply, 'create a user')) this.users.add(email);
  }
  async #patch(replica: Replica, name: string) {
    if (!this.note(await replica.graphql(this.#ensuring(`flow: { id: "${name}" }`, 'status: PENDING')), 'ensure'))
      return;
    this.flows.add(name);
    const reply = await replica.graphql(
      `mutation { patchConversationParticipant(input: { conversationId: "${this.conversationId}", participantId: "${name}", status: ACTIVE }) { participant { status } } }`,
    );
    if (this.note(reply, 'patch')) this.activated.add(name);
  }
  async #read(replica: Replica, query: string) {
    this.note(await replica.graphql(query), 'read');
  }
  async #deliver(replica: Replica, serial: number) {
    const webhook = this.#webhook;
    if (!webhook) return;
    const from = String(100_000_000_000_000_000n + BigInt(serial % 900));
    const body = JSON.stringify({ from });
    const [id, at] = [`message-${serial}`, String(Math.floor(Date.now() / 1_000))];
    const signature = createHmac('sha256', Buffer.from(webhook.secret.slice(6), 'base64'))
      .update(`${id}.${at}.${body}`)
      .digest('base64');
    const seen = this.delivered.get(from) ?? { acknowledged: 0, sent: 0 };
    this.delivered.set(from, seen);
    seen.sent++;
    const began = performance.now();
    const code = await fetch(`${replica.url}${webhook.url}`, {
      method: 'POST',
      body,
      headers: {
        'content-type': 'application/json',
        'webhook-id': id,
        'webhook-timestamp': at,
        'webhook-signature': `v1,${signature}`,
      },
      signal: AbortSignal.timeout(27_000),
    }).then(
      async (response) => (response.ok ? 'ok' : ((await response.json()) as { code: string }).code),
      (error: Error) => (error.name === 'TimeoutError' ? 'hang' : 'transport'),
    );
    if (this.note({ code, data: null, status: 0, tookMs: performance.now() - began }, 'deliver')) seen.acknowledged++;
  }
  async #picture(replica: Replica, address: string) {
    this.world.slack.users.set(address, { image: this.image });
    const reply = await replica.graphql(
      `mutation { createParticipant(input: { kind: PERSON, displayName: "${address}", channels: [{ integrationConfigId: "${this.#slackConfig}", address: "${address}" }] }) { participant { id } } }`,
    );
    if (!this.note(reply, 'create with a picture')) return;
    this.names.add(address);
    this.pictured.add(address);
  }

  /** What is not stored as it was acknowledged, or more than once. */
  async verify(postgres: OwnServer): Promise<string[]> {
    const wrong: string[] = [];
    const stored = async (sql: string) => new Map((await postgres.sql(sql)).map((row) => [row['name'] as string, row]));
    const once = async (what: string, sql: string, acknowledged: Iterable<string>) => {
      const rows = await stored(sql);
      for (const [name, { times }] of rows) if (times !== 1) wrong.push(`${what} ${name} is there ${times} times`);
      for (const name of acknowledged) if (!rows.has(name)) wrong.push(`${what} ${name} is lost`);
      return rows;
    };
    await once(
      'participant',
      'select display_name as name, count(*)::int as times from participant group by 1',
      this.names,
    );
    const members = await once(
      'member',
      `select participant_id as name, count(*)::int as times, min(status::text) as status from conversation_member where type = 'FLOW' group by 1`,
      this.flows,
    );
    for (const name of this.activated)
      if (members.get(name)?.['status'] !== 'ACTIVE') wrong.push(`${name} was activated`);
    await once('user', 'select email as name, count(*)::int as times from external_user group by 1', [
      ...this.contacts,
      ...this.users,
    ]);
    const halves = await postgres.sql(
      `select u.email from external_user u where u.first_name is null and not exists (select from conversation_member m where m.participant_id = u.id::text)`,
    );
    for (const { email } of halves) wrong.push(`${email} is a user without the membership that it was made with`);
    const emails = await stored('select id::text as name, email from participant');
    for (const { id, emails: tried, acknowledged } of this.people) {
      const is = (emails.get(id)?.['email'] as string | null | undefined) ?? '';
      if (is !== acknowledged && !tried.has(is)) wrong.push(`${id} has the e-mail ${is} instead of ${acknowledged}`);
      if (acknowledged !== '' && is === '') wrong.push(`${id} has lost its e-mail`);
    }
    const senders = await stored('select address as name, message_count as count from unknown_sender');
    for (const [from, { acknowledged, sent }] of this.delivered) {
      const count = Number(senders.get(from)?.['count'] ?? 0);
      if (count < acknowledged || count > sent)
        wrong.push(`${from} has ${count} messages of ${acknowledged} acknowledged and ${sent} sent`);
    }
    return wrong.slice(0, 20);
  }

  /** Waits until every picture that was promised is there; how many are not. */
  async missingPictures(postgres: OwnServer, waitMs: number): Promise<number> {
    const until = performance.now() + waitMs;
    for (;;) {
      const rows = await postgres.sql(
        `select display_name as name from participant where avatar_synced_at is not null`,
      );
      const there = new Set(rows.map(({ name }) => name as string));
      const missing = [...this.pictured].filter((name) => !there.has(name)).length;
      if (missing === 0 || performance.now() > until) return missing;
      await sleep(500);
    }
  }
}
