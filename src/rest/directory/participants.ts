import { z } from 'zod';
import type { TenantDatabase } from '../../database/database.ts';
import { bindParticipant, unbindParticipant } from '../../directory/bindings/bindings.ts';
import { participantNotFound } from '../../directory/participants/lock.ts';
import {
  createParticipant,
  deleteParticipant,
  setDisabled,
  updateParticipant,
} from '../../directory/participants/participants.ts';
import { activationsByParticipant } from '../../integrations/webhooks/activations.ts';
import { type Operation, operation } from '../operation.ts';
import type { RestServices } from '../services.ts';
import { AvatarSync, NewParticipant, ParticipantChanges } from './bodies.ts';
import { BindingShape, bindingOf, Participant, participantOf } from './shapes.ts';
import { wholeParticipantById, wholeParticipants } from './whole-participants.ts';

const tag = 'Participants';
const many = '/v1/tenants/{tenant}/participants';
const one = `${many}/{participant}` as const;
const binding = `${one}/bindings/{binding}` as const;

async function shown(db: TenantDatabase, id: string, services: RestServices) {
  const found = await wholeParticipantById(db, id);
  if (!found) throw participantNotFound(id);
  return participantOf(found, services);
}

/** Null is as good as absent. */
const given = <Value>(value: Value): NonNullable<Value> | undefined => value ?? undefined;

const written = ['AGENT_NOT_FOUND', 'INTEGRATION_CONFIG_NOT_FOUND', 'FILE_NOT_FOUND'] as const;

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
      const all = await wholeParticipants(db, agentId || null);
      return { status: 200, body: all.map((participant) => participantOf(participant, services)) };
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
    creates: 'createParticipant',
    errors: written,
    async run({ db, once, services, body: { kind, ...body } }) {
      const input = { ...body, kind: kind == null || kind === 'UNSPECIFIED' ? ('PERSON' as const) : kind };
      const id = await once(input, {
        create: (within, [made]) => createParticipant(within, input, services.participantHooks, made),
        again: async ([made]) => made,
      });
      return { status: 201, body: await shown(db, id, services) };
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
      body: await shown(db, participant, services),
    }),
  }),
  operation({
    id: 'updateParticipant',
    method: 'PATCH',
    path: one,
    tag,
    summary: 'Change a participant',
    description: 'What is absent or null stays as it is. All or nothing.',
    scope: 'participants:write',
    body: ParticipantChanges,
    answers: { 200: ['The participant as it is now.', Participant] },
    errors: ['PARTICIPANT_NOT_FOUND', ...written],
    async run({ db, services, path: { participant: participantId }, body: { email, ...body } }) {
      const changes = {
        participantId,
        displayName: given(body.displayName),
        relatedAgentId: given(body.relatedAgentId),
        channels: given(body.channels),
        agentIds: given(body.agentIds),
        avatarFileId: given(body.avatarFileId),
        ...(email != null && { email: email === '' ? null : email }),
      };
      const id = await updateParticipant(db, changes, services.participantHooks);
      return { status: 200, body: await shown(db, id, services) };
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
        return { status: 200, body: await shown(db, participantId, services) };
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
      return { status: 200, body: await shown(db, participantId, services) };
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
