import type { Logger } from 'pino';
import { v7 } from 'uuid';
import { tenantById } from '../auth/authenticate.ts';
import type { AvatarSync } from '../avatars/sync.ts';
import { system } from '../database/actor.ts';
import type { Database } from '../database/database.ts';
import type { Prisma } from '../database/generated/client.ts';
import { newId } from '../database/ids.ts';
import type { TokenCipher } from '../integrations/token-cipher.ts';
import { addressColumns, fitsProvider } from '../providers/address.ts';
import { UploadedFile } from '../storage/uploaded-file.ts';
import { agents, firstNames, groups, lastNames, people, subjects } from './data.ts';
import { pattern } from './pattern.ts';
import { unknownSenders } from './senders.ts';
import { demoProvider, demoSlackToken, demoTenant, examples } from './tenant.ts';

const day = 86_400_000;
const tenantId = demoTenant.id;
const pick = <Item>(items: readonly Item[], index: number): Item => items[index % items.length] as Item;

/** The rows of the demo tenant. Its history begins at `since`. */
function rows(since: number, cipher: TokenCipher) {
  const config = (provider: string, name: string, connected = false) => {
    const id = newId();
    return {
      tenantId,
      id,
      provider,
      name,
      ...(connected && { tokenCiphertext: cipher.seal(demoSlackToken, id), connectedAt: new Date(since) }),
    };
  };
  const slack = config('slack', 'Example workspace', true);
  const telegram = config('telegram', 'Example bot');
  const sms = config('sms', '+1 415 555 0100');
  const whatsapp = config('whatsapp', 'Customer care');
  const email = config('email', 'help@example.com');
  const pictures = { ...config(demoProvider, 'Drawn avatars'), id: examples.integrationConfigId };

  const channels: Prisma.ChannelCreateManyInput[] = [];
  const channel = (participantId: string, of: { id: string; provider: string }, address: string, label?: string) =>
    channels.push({
      tenantId,
      id: newId(),
      participantId,
      integrationConfigId: of.id,
      provider: of.provider,
      address,
      ...addressColumns(of.provider, address, null),
      addressValid: fitsProvider(of.provider, address),
      priority: channels.filter((other) => other.participantId === participantId).length,
      label: label ?? null,
      ...(channels.length % 3 > 0 && {
        lastMessageAt: new Date(since + ((channels.length * 7) % 31) * day),
        messageCount: 1 + ((channels.length * 5) % 24),
      }),
    });

  const participants: Prisma.ParticipantCreateManyInput[] = [];
  const bindings: Prisma.BindingCreateManyInput[] = [];
  const bind = (participantId: string, agentId: string) =>
    bindings.push({ tenantId, id: newId(), participantId, agentId });
  const externalUsers: Prisma.ExternalUserCreateManyInput[] = [];

  people.forEach((person, index) => {
    const id = [examples.participantId, examples.syncedParticipantId][index] ?? newId();
    const disabledAt = person.disabled ? new Date(since + 20 * day) : null;
    participants.push({
      tenantId,
      id,
      kind: 'PERSON',
      displayName: person.name,
      email: person.email ?? null,
      disabledAt,
    });
    if (person.slack) channel(id, slack, person.slack, 'work');
    if (person.phone) channel(id, index % 2 ? sms : whatsapp, person.phone, 'mobile');
    if (person.telegram) channel(id, telegram, person.telegram);
    if (person.email && index % 3 === 0) channel(id, email, person.email);
    if (id === examples.syncedParticipantId) channel(id, pictures, examples.address);
    const boundTo = [pick(agents, index).id, ...(index % 4 === 0 ? [pick(agents, index + 1).id] : [])];
    for (const agentId of new Set([...boundTo, ...(person.support ? ['support-bot'] : [])])) bind(id, agentId);
    if (person.user) {
      const [firstName, ...rest] = person.name.split(' ');
      // The external user has one of the two identifiers, sometimes in another spelling.
      const byPhone = person.phone !== undefined && (index % 2 === 0 || !person.email);
      externalUsers.push({
        tenantId,
        id: newId(),
        firstName: firstName ?? null,
        lastName: rest.join(' ') || null,
        email: byPhone ? null : (person.email?.toLowerCase() ?? null),
        phoneNumber: byPhone ? (person.phone ?? null) : null,
        source: 'webchat',
        context: 'Support',
      });
      // Some of them were entered twice: an operator can make them one again.
      if (person.twice)
        externalUsers.push({
          tenantId,
          id: newId(),
          firstName: firstName ?? null,
          lastName: rest.join(' ') || null,
          email: byPhone ? (person.email ?? null) : null,
          phoneNumber: byPhone ? null : (person.phone ?? null),
          source: 'import',
          metadata: { plan: 'team' },
        });
    }
  });
  for (const group of groups) {
    const id = newId();
    participants.push({ tenantId, id, kind: 'GROUP', displayName: group.name });
    channel(id, slack, group.slack);
    bind(id, 'support-bot');
  }
  for (const agent of agents) {
    participants.push({
      tenantId,
      id: newId(),
      kind: 'AI_AGENT',
      displayName: `${agent.name} assistant`,
      relatedAgentId: agent.id,
    });
  }
  for (let index = externalUsers.length; index < 60; index++) {
    const [firstName, lastName] = [pick(firstNames, index), pick(lastNames, index * 3 + (index >> 3))];
    externalUsers.push({
      tenantId,
      id: newId(),
      firstName,
      lastName,
      email: index % 3 ? `${firstName}.${lastName}.${index}@customers.example`.toLowerCase() : null,
      phoneNumber: index % 3 ? null : `+4420794602${String(index).padStart(2, '0')}`,
      fkId: index % 2 ? `crm-${1_000 + index}` : null,
      source: pick(['webchat', 'import', 'e-mail'], index),
      context: pick(['Support', 'Sales'], index),
      metadata: { plan: pick(['free', 'team', 'enterprise'], index), visits: index * 3 },
    });
  }

  const conversations: Prisma.ConversationCreateManyInput[] = [];
  const members: Prisma.ConversationMemberCreateManyInput[] = [];
  const persons = participants.filter(({ kind }) => kind === 'PERSON');
  for (let index = 0; index < 30; index++) {
    const createdAt = new Date(since + index * day);
    const id = v7({ msecs: createdAt.getTime() });
    const agent = pick(agents, index);
    conversations.push({
      tenantId,
      id,
      name: pick(subjects, index),
      agentId: agent.id,
      createdAt,
      closedAt: index % 5 === 4 ? new Date(createdAt.getTime() + day / 2) : null,
    });
    const member = { tenantId, conversationId: id, createdAt };
    const user = pick(persons, index * 5);
    const contact = pick(externalUsers, index * 7);
    members.push(
      {
        ...member,
        id: newId(),
        type: 'USER',
        participantId: user.id,
        userId: user.id,
        status: index % 7 === 6 ? 'INVITED' : 'ACTIVE',
      },
      {
        ...member,
        id: newId(),
        type: 'CONTACT',
        participantId: contact.id,
        contactId: contact.id,
        contactKey: contact.email ? 'emailaddress' : 'phonenumber',
        status: index % 6 === 5 ? 'PENDING' : 'ACTIVE',
      },
      { ...member, id: newId(), type: 'AGENT', participantId: agent.id, agentId: agent.id },
    );
    if (index % 4 === 0)
      members.push({ ...member, id: newId(), type: 'FLOW', participantId: 'triage', displayName: 'Triage flow' });
  }
  return {
    configs: [slack, telegram, sms, whatsapp, email, pictures],
    participants,
    channels,
    bindings,
    externalUsers,
    conversations,
    members,
    senders: unknownSenders(since + 31 * day, { sms, whatsapp, telegram }),
  };
}

/** Fills the demo tenant where there is none. When several replicas start at once, one of them fills it. */
export async function seedDemoTenant(
  database: Database,
  world: { avatars: AvatarSync; tokenCipher: TokenCipher; log: Logger },
): Promise<void> {
  // Prisma would keep some 40 MB in a process that may never write.
  if ((await database.query(tenantById, { id: tenantId })).length > 0) return;
  const data = rows(Date.now() - 31 * day, world.tokenCipher);
  const made = await database.prisma.$transaction(async (tx) => {
    const { count } = await tx.tenant.createMany({ data: [demoTenant], skipDuplicates: true });
    if (count === 0) return false;
    await tx.agent.createMany({ data: agents.map((agent) => ({ tenantId, ...agent })) });
    await tx.integrationConfig.createMany({ data: data.configs });
    await tx.participant.createMany({ data: data.participants });
    await tx.channel.createMany({ data: data.channels });
    await tx.binding.createMany({ data: data.bindings });
    await tx.externalUser.createMany({ data: data.externalUsers });
    await tx.conversation.createMany({ data: data.conversations });
    await tx.conversationMember.createMany({ data: data.members });
    await tx.unknownSender.createMany({ data: data.senders });
    return true;
  });
  if (!made) return;
  const pictured = data.participants.filter(({ kind }, index) => kind === 'PERSON' && index % 3 === 0);
  const db = database.forTenant(tenantId).as(system('the demo data'));
  for (const [index, { id }] of pictured.entries()) {
    const bytes = await pattern(index);
    await world.avatars.upload(db, { participantId: id, file: new UploadedFile(bytes, bytes.byteLength) });
  }
  world.log.info(
    `the demo tenant has ${data.participants.length} participants and ${data.conversations.length} conversations`,
  );
}
