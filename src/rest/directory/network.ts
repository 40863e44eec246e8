import { z } from 'zod';
import { participantAlone } from '../../directory/participants/queries.ts';
import { listParticipants } from '../../directory/participants/whole-list.ts';
import { notImplemented, type Operation, operation } from '../operation.ts';
import { Graph, Roster } from './shapes.ts';
import { wholeNetwork } from './whole-network.ts';

const tag = 'Network';
const tenant = '/v1/tenants/{tenant}';

const nothing = { triggerId: null, slotName: null, metadata: {} };

/**
 * The table of the directory face, as far as it is about the whole network, and what of the system has nothing here.
 */
export const network: readonly Operation[] = [
  operation({
    id: 'getNetworkGraph',
    method: 'GET',
    path: `${tenant}/network/graph`,
    tag,
    summary: 'Read the network of agents and participants',
    description: 'The agents, the participants and the bindings between them. Of one agent where `agentId` is given.',
    scope: 'participants:read',
    query: z.object({ agentId: z.string().optional().meta({ description: 'Only this agent and its participants.' }) }),
    answers: { 200: ['The graph.', Graph] },
    errors: [],
    async run({ db, query: { agentId } }) {
      const { agents, participants, bindings } = await wholeNetwork(db, agentId || null);
      return {
        status: 200,
        body: {
          nodes: [
            ...agents.map(({ id, name }) => ({
              id: `agent:${id}`,
              kind: 'AGENT',
              label: name,
              agentId: id,
              participantId: null,
              avatarFileId: null,
              ...nothing,
            })),
            ...participants.map(({ id, displayName, avatarFileId }) => ({
              id: `participant:${id}`,
              kind: 'PARTICIPANT',
              label: displayName,
              agentId: null,
              participantId: id,
              avatarFileId,
              ...nothing,
            })),
          ],
          edges: bindings.map(({ id, agentId, participantId }) => ({
            id,
            kind: 'CAN_MESSAGE',
            sourceNodeId: `agent:${agentId}`,
            targetNodeId: `participant:${participantId}`,
            agentId,
            participantId,
            bindingId: id,
            ...nothing,
          })),
          truncated: false,
        },
      };
    },
  }),
  operation({
    id: 'getConsultRoster',
    method: 'GET',
    path: `${tenant}/participants/consultRoster`,
    tag,
    summary: 'Read the roster of an agent',
    description: 'The participants that are bound to the agent. Nobody has roles here, so nobody is for consulting.',
    scope: 'participants:read',
    query: z.object({ agentId: z.string('must be given').min(1, 'must be given').meta({ description: 'The agent.' }) }),
    answers: { 200: ['The roster, whole.', Roster] },
    errors: [],
    async run({ db, query: { agentId } }) {
      const items = (await listParticipants(db, agentId, participantAlone)).map(({ id, displayName, kind }) => ({
        participantId: id,
        agentId,
        displayName,
        kind,
        roles: [],
        consultAllowed: false,
        maxUrgency: 'UNSPECIFIED',
        defaultForRoles: [],
      }));
      return { status: 200, body: { items, nextPageToken: null, totalCount: items.length } };
    },
  }),
  ...(
    [
      [
        'updateRoster',
        'PATCH',
        '/participants/{participant}/bindings/{binding}/roster',
        'Change a roster',
        'Nobody has roles here.',
      ],
      ['sendMessage', 'POST', '/participants/{participant}:send', 'Send a message', 'Messages are not sent from here.'],
      ['dryRunSend', 'POST', '/participants:dryRunSend', 'Try to send a message', 'Messages are not sent from here.'],
      ['listConversations', 'GET', '/conversations', 'List conversations by address', 'Messages are not kept here.'],
      ...(
        [
          ['listTriggers', 'GET', '', 'List triggers'],
          ['createTrigger', 'POST', '', 'Create a trigger'],
          ['getTrigger', 'GET', '/{trigger}', 'Read a trigger'],
          ['updateTrigger', 'PATCH', '/{trigger}', 'Change a trigger'],
          ['deleteTrigger', 'DELETE', '/{trigger}', 'Delete a trigger'],
          ['fireTrigger', 'POST', '/{trigger}:fire', 'Fire a trigger'],
          ['listTriggerEvents', 'GET', '/{trigger}/events', 'List what fired a trigger'],
          ['bindTrigger', 'PUT', '/{trigger}/bindings/{binding}', 'Bind a trigger to an agent'],
          ['unbindTrigger', 'DELETE', '/{trigger}/bindings/{binding}', 'Unbind a trigger from an agent'],
        ] as const
      ).map(
        ([id, method, path, summary]) =>
          [id, method, `/triggers${path}`, summary, 'Nothing triggers agents here.'] as const,
      ),
    ] as const
  ).map(([id, method, path, summary, reason]) =>
    notImplemented(
      {
        id,
        method,
        path: `${tenant}${path}`,
        tag,
        summary,
        scope: method === 'GET' ? 'participants:read' : 'participants:write',
      },
      reason,
    ),
  ),
];
