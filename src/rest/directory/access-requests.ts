import { notImplemented, type Operation } from '../operation.ts';

const tag = 'Access requests';
const many = '/v1/tenants/{tenant}/participantAccessRequests';
const one = `${many}/{participantAccessRequest}` as const;
const reason = 'Unknown senders have no states yet: the graph’s unknownSendersConnection has them.';

/** The table of the directory face, as far as it is about senders who ask to come in. */
export const accessRequests: readonly Operation[] = [
  notImplemented(
    { id: 'listAccessRequests', method: 'GET', path: many, tag, summary: 'List requests', scope: 'participants:read' },
    reason,
  ),
  notImplemented(
    { id: 'getAccessRequest', method: 'GET', path: one, tag, summary: 'Read a request', scope: 'participants:read' },
    reason,
  ),
  notImplemented(
    {
      id: 'approveAccessRequest',
      method: 'POST',
      path: `${one}:approve`,
      tag,
      summary: 'Approve a request',
      scope: 'participants:write',
    },
    reason,
  ),
  notImplemented(
    {
      id: 'rejectAccessRequest',
      method: 'POST',
      path: `${one}:reject`,
      tag,
      summary: 'Reject a request',
      scope: 'participants:write',
    },
    reason,
  ),
];
