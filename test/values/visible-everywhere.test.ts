import { readFileSync } from 'node:fs';
import { buildSchema, type GraphQLInputType, isEnumType, isInputObjectType, isListType, isNonNullType } from 'graphql';
import { expect, test } from 'vitest';
import type { Untyped } from '../app.ts';
import { createWorld, type World } from '../tenants/world.ts';
import { useApp } from '../use-app.ts';

const schema = buildSchema(readFileSync('schema.graphql', 'utf8'));
const service = useApp();

type Path = readonly (string | number)[];

const isId = (path: Path) => /^(id|(?!fk).*Ids?)$/.test(String(path.findLast((part) => typeof part === 'string')));

/** Every text of an input, by its path. Ids that name nothing are another matter. */
function textsOf(type: GraphQLInputType, path: Path = []): Path[] {
  if (isNonNullType(type)) return textsOf(type.ofType, path);
  if (isListType(type)) return textsOf(type.ofType, [...path, 0]);
  if (isInputObjectType(type))
    return Object.values(type.getFields()).flatMap((field) => textsOf(field.type, [...path, field.name]));
  return !isEnumType(type) && type.name === 'String' && !isId(path) ? [path] : [];
}

/** The input with that text in its place. */
function withText(input: object, path: Path, text: string): object {
  const changed = structuredClone(input);
  let at: Untyped = changed;
  for (const part of path.slice(0, -1)) {
    if (at[part] === undefined) throw new Error(`The input needs ${path.join('.')}`);
    at = at[part];
  }
  at[path.at(-1) as string] = text;
  return changed;
}

const contact = { identifierKey: 'fkid', identifierValue: 'x' };
/** An input of each mutation that takes text, with every object that texts are in. */
const inputs = (world: World): Record<string, object> => {
  const channels = [{ integrationConfigId: world.config, address: 'U0NEW', label: 'x' }];
  const conversationId = world.conversation;
  return {
    createParticipant: { kind: 'PERSON', displayName: 'Ada', channels },
    updateParticipant: { participantId: world.participant, channels },
    createAgent: { id: 'new-agent', name: 'A' },
    createIntegrationConfig: { provider: 'sms', name: 'A' },
    connectIntegration: { id: world.config },
    createConversation: {
      name: 'Talk',
      attributes: {},
      participants: [{ participant: { contactByIdentifier: contact } }],
    },
    updateConversation: { conversationId },
    addParticipantChannel: { participantId: world.participant, integrationConfigId: world.config, address: 'U0ONE' },
    updateChannel: { channelId: world.channel },
    updateAgent: { agentId: world.agent },
    updateIntegrationConfig: { integrationConfigId: world.config },
    createExternalUsers: { users: [{ firstName: 'A', lastName: 'B', fkId: 'many' }] },
    createExternalUser: { firstName: 'A', lastName: 'B', fkId: 'visible' },
    updateExternalUser: { id: world.externalUser },
    addExternalUserIdentifier: { externalUserId: world.externalUser, ...contact },
    createAccessKey: { name: 'Key', scopes: ['ADMIN'] },
    createAgentSecretKey: { agentId: world.agent },
    createParticipantFromUnknownSender: { unknownSenderId: world.unknownSender },
    addUnknownSenderToParticipant: { unknownSenderId: world.unknownSender, participantId: world.participant },
    bindParticipant: { agentId: world.agent, participantId: world.participant },
    bindParticipants: { agentId: world.agent, participantIds: [world.participant] },
    syncAgentAvatars: { agentId: world.agent },
    startExport: { kind: 'EXTERNAL_USERS', format: 'CSV' },
    approveUnknownSender: { id: world.unknownSender, mode: 'CREATE_NEW' },
    rejectUnknownSender: { id: world.unknownSender },
    blockUnknownSender: { id: world.unknownSender },
    ensureConversationParticipant: { conversationId, participant: { contactByIdentifier: contact } },
    patchConversationParticipant: { conversationId, contact, status: 'ACTIVE' },
    removeConversationParticipant: { conversationId, contact },
  };
};
// Refused before their characters are looked at: which participant it is, which channel, which person, and which file.
const byIds = new Set(['syncParticipantAvatarFromChannel', 'exportPerson', 'erasePerson', 'startImport']);

const textless = ['a\u0001b', 'a\u0085b', 'a\u009b', 'Ada \u202e', '\u2068x', 'x\u2069', '\u202ax\u2069', 'a\ud800'];
const unseen = ['\u200b', '\u2060', '\u2800', '\u3164', '\uffa0', '\u{e0041}', '\u034f', '\u200e', '\u0301', '\ufe0f'];
const isName = (path: Path) => /^(displayName|name|firstName|lastName|label)$/.test(String(path.at(-1)));

test('no text of any input has controls or lone directional marks, and every name has something to see', async () => {
  const world = await createWorld(service, 'visible', '+14155550177');
  const known = inputs(world);
  let looked = 0;
  for (const [name, { args }] of Object.entries(schema.getMutationType()?.getFields() ?? {})) {
    const [argument] = args;
    // What a filter has is looked for, and not kept.
    const paths = argument ? textsOf(argument.type).filter(([first]) => first !== 'filter') : [];
    if (!argument || paths.length === 0 || byIds.has(name)) continue;
    const input = known[name];
    if (!input) throw new Error(`${name} takes text: give it an input here`);
    const document = `mutation ($input: ${String(argument.type)}) { ${name}(input: $input) { __typename } }`;
    for (const path of paths)
      for (const text of [...textless, ...(isName(path) ? unseen : [])]) {
        const { errors } = await world.tenant.graphql(document, { input: withText(input, path, text) });
        const told = errors?.map(({ extensions }) => extensions.code);
        expect([name, path.join('.'), text, told]).toEqual([name, path.join('.'), text, ['VALIDATION_FAILED']]);
        looked += 1;
      }
  }
  expect(looked).toBeGreaterThan(200);
}, 300_000);
