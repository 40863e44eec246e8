import { z } from 'zod';
import { autoSyncByParticipant } from '../../avatars/failures.ts';
import type { TenantDatabase } from '../../database/database.ts';
import { asUuid } from '../../database/ids.ts';
import { agentIdsByParticipant, bindParticipant, unbindParticipant } from '../../directory/bindings/bindings.ts';
import { channelFactsByParticipant } from '../../directory/participants/channel-facts.ts';
import { participantNotFound } from '../../directory/participants/lock.ts';
import {
  createParticipant,
  deleteParticipant,
  setDisabled,
  updateParticipant,
} from '../../directory/participants/participants.ts';
import {
  type ListedParticipant,
  listParticipants,
  type ParticipantParts,
  participantWith,
} from '../../directory/participants/queries.ts';
import { activationsByParticipant } from '../../integrations/webhooks/activations.ts';
import { type Operation, operation, unserved } from '../operation.ts';
import type { RestServices } from '../services.ts';
import { AvatarSync, NewParticipant, ParticipantChanges } from './bodies.ts';
import { BindingShape, bindingOf, Participant, participantOf } from './shapes.ts';

const tag = 'Participants';
const many = '/v1/tenants/{tenant}/participants';
const one = `${many}/{participant}` as const;
const binding = `${one}/bindings/{binding}` as const;

const parts: ParticipantParts = { own: null, channels: null, agentIds: true };

/** Participants as they are shown, their surroundings in one statement for each kind. */
async function shown(db: TenantDatabase, participants: readonly ListedParticipant[], services: RestServices) {
  if (participants.length === 0) return [];
  const ids = participants.map(({ id }) => id);
  const apart = participants.filter(({ agentIds }) => !agentIds).map(({ id }) => id);
  const [channels, activations, autoSyncs, agents] = await Promise.all([
    channelFactsByParticipant.load(db, ids),
    activationsByParticipant.load(db, ids),
    autoSyncByParticipant.load(db, ids),
    apart.length > 0 ? agentIdsByParticipant.load(db, apart) : [],
  ]);
  return participants.map((participant, index) => {
    const agentIds = participant.agentIds ?? agents[apart.indexOf(participant.id)]?.map(({ agentId }) => agentId) ?? [];
    const around = {
      agentIds,
      channels: channels[index] ?? [],
      activations: activations[index] ?? [],
      autoSync: autoSyncs[index] ?? null,
    };
    return participantOf(participant, around, services);
  });
}

async function shownById(db: TenantDatabase, given: string, services: RestServices) {
  const id = asUuid(given);
  if (!id) throw participantNotFound(given);
  // All at once: what is read around nobody is nothing.
  const [[participant], [channels = []], [activations = []], [autoSync = null]] = await Promise.all([
    participantWith(parts).load(db, [id]),
    channelFactsByParticipant.load(db, [id]),
    activationsByParticipant.load(db, [id]),
    autoSyncByParticipant.load(db, [id]),
  ]);
  if (!participant) throw participantNotFound(id);
  const agentIds =
    participant.agentIds ?? (await agentIdsByParticipant.load(db, [id]))[0]?.map(({ agentId }) => agentId) ?? [];
  return participantOf(participant, { agentIds, channels, activations, autoSync }, services);
}

/** Null is as good as absent. */
const given = <Value>(value: Value): NonNullable<Value> | undefined => value ?? undefined;

const written = ['AGENT_NOT_FOUND', 'INTEGRATION_CONFIG_NOT_FOUND', 'NOT_IMPLEMENTED'] as const;

/** The table of the directory face, as far as it is about participants. */
export const participants: readonly Operation[] = [
  operation({
    id: 'listParticipants',
    method: 'GET',
    path: many,
    tag,
    summary: 'List participants',
    description:
      'Every participant of the tenant, or of one agent, in the order of their names. Unpaged: over 10,000 it is a 413.',
    scope: 'participants:read',
    query: z.object({
      agentId: z.string().optional().meta({ description: 'Only those that are bound to this agent.' }),
    }),
    answers: { 200: ['The participants.', z.array(Participant)] },
    errors: [],
    async run({ db, services, query: { agentId } }) {
      const found = await listParticipants(db, agentId || null, parts);
      return { status: 200, body: await shown(db, found, services) };
    },
  }),
  operation({
    id: 'createParticipant',
    method: 'POST',
    path: many,
    tag,
    summary: 'Create a participant',
    description: 'With its channels and bindings, all or nothing.',
    scope: 'participants:write',
    body: NewParticipant,
    answers: { 201: ['The new participant.', Participant] },
    errors: written,
    async run({ db, services, body: { kind, avatarFileId, ...body } }) {
      if (avatarFileId) throw unserved('avatarFileId');
      const known = kind == null || kind === 'UNSPECIFIED' ? 'PERSON' : kind;
      const id = await createParticipant(db, { ...body, kind: known }, services.participantHooks);
      return { status: 201, body: await shownById(db, id, services) };
    },
  }),
  operation({
    id: 'getParticipant',
    method: 'GET',
    path: one,
    tag,
    summary: 'Read a participant',
    scope: 'participants:read',
    answers: { 200: ['The participant.', Participant] },
    errors: ['PARTICIPANT_NOT_FOUND'],
    run: async ({ db, services, path: { participant } }) => ({
      status: 200,
      body: await shownById(db, participant, services),
    }),
  }),
  operation({
    id: 'updateParticipant',
    method: 'PATCH',
    path: one,
    tag,
    summary: 'Change a participant',
    description: 'What is absent or null stays as it is. All or nothing, but for `avatarFileId`, which comes last.',
    scope: 'participants:write',
    body: ParticipantChanges,
    answers: { 200: ['The participant as it is now.', Participant] },
    errors: ['PARTICIPANT_NOT_FOUND', ...written],
    async run({ db, services, path: { participant: participantId }, body: { avatarFileId, email, ...body } }) {
      if (avatarFileId) throw unserved('avatarFileId');
      const changes = {
        participantId,
        displayName: given(body.displayName),
        relatedAgentId: given(body.relatedAgentId),
        channels: given(body.channels),
        agentIds: given(body.agentIds),
        ...(email != null && { email: email === '' ? null : email }),
      };
      const id = await updateParticipant(db, changes, services.participantHooks);
      if (avatarFileId === '') await services.avatars.remove(db, { participantId: id });
      return { status: 200, body: await shownById(db, id, services) };
    },
  }),
  operation({
    id: 'deleteParticipant',
    method: 'DELETE',
    path: one,
    tag,
    summary: 'Delete a participant',
    description: 'With its channels, bindings and memberships in conversations. A second time is a 404.',
    scope: 'participants:write',
    answers: { 204: ['It is gone.', null] },
    errors: ['PARTICIPANT_NOT_FOUND'],
    async run({ db, services, path: { participant: participantId } }) {
      await deleteParticipant(db, { participantId }, services.participantHooks);
      return { status: 204 };
    },
  }),
  ...(
    [
      ['disable', true, 'Disable a participant', 'To do so again changes nothing and keeps the first `disabledAt`.'],
      ['enable', false, 'Enable a participant', 'To do so again changes nothing.'],
    ] as const
  ).map(([verb, disabled, summary, description]) =>
    operation({
      id: `${verb}Participant`,
      method: 'POST',
      path: `${one}:${verb}`,
      tag,
      summary,
      description,
      scope: 'participants:write',
      answers: { 200: ['The participant as it is now.', Participant] },
      errors: ['PARTICIPANT_NOT_FOUND'],
      async run({ db, services, path: { participant: participantId } }) {
        await setDisabled(db, { participantId }, disabled);
        return { status: 200, body: await shownById(db, participantId, services) };
      },
    }),
  ),
  operation({
    id: 'syncAvatarFromChannel',
    method: 'POST',
    path: `${one}/avatar:syncFromChannel`,
    tag,
    summary: 'Take the avatar from a channel',
    description: 'In place of any before it. When it fails nothing changes.',
    scope: 'participants:write',
    body: AvatarSync,
    answers: { 200: ['The participant with its avatar.', Participant] },
    errors: [
      'CHANNEL_NOT_ON_PARTICIPANT',
      'AVATAR_SOURCE_NOT_REGISTERED',
      'INTEGRATION_NOT_CONNECTED',
      'AVATAR_NOT_AVAILABLE',
      'PARTICIPANT_NOT_FOUND',
      'AVATAR_INVALID',
      'PROVIDER_RATE_LIMITED',
      'PROVIDER_UNAVAILABLE',
    ],
    async run({ db, services, path: { participant: participantId }, body }) {
      await services.avatars.sync(db, { participantId, ...body });
      return { status: 200, body: await shownById(db, participantId, services) };
    },
  }),
  operation({
    id: 'bindParticipant',
    method: 'PUT',
    path: binding,
    tag: 'Bindings',
    summary: 'Bind a participant to an agent',
    description: 'Where they are bound already, the binding is answered as it is.',
    scope: 'participants:write',
    answers: { 200: ['The binding.', BindingShape] },
    errors: ['PARTICIPANT_NOT_FOUND', 'AGENT_NOT_FOUND'],
    async run({ db, services, path: { participant: participantId, binding: agentId } }) {
      const { binding } = await bindParticipant(db, { participantId, agentId });
      const [activations = []] = await activationsByParticipant.load(db, [binding.participantId]);
      return { status: 200, body: bindingOf(binding, activations, services) };
    },
  }),
  operation({
    id: 'unbindParticipant',
    method: 'DELETE',
    path: binding,
    tag: 'Bindings',
    summary: 'Unbind a participant from an agent',
    description: 'Where there is no binding, it is a 204 all the same. An unknown participant is a 404.',
    scope: 'participants:write',
    answers: { 204: ['There is no binding.', null] },
    errors: ['PARTICIPANT_NOT_FOUND'],
    async run({ db, path: { participant: participantId, binding: agentId } }) {
      await unbindParticipant(db, { participantId, agentId });
      return { status: 204 };
    },
  }),
];
