import { notImplemented, type Operation } from '../operation.ts';

const messages = '/conversations/{conversationId}/messages';
const rules = '/conversation-allowblock-rules';
const noMessages = 'Messages are neither kept here nor sent from here.';
const noSettings = 'Workspaces have no settings here.';

/** What the system has besides participants and conversations, and Rollcall has not. */
export const unserved: readonly Operation[] = (
  [
    ['listMessages', 'GET', messages, 'List messages', noMessages],
    ['createMessage', 'POST', messages, 'Send a message', noMessages],
    ['getMessage', 'GET', `${messages}/{messageId}`, 'Read a message', noMessages],
    ['updateMessage', 'PATCH', `${messages}/{messageId}`, 'Change a message', noMessages],
    ['deleteMessage', 'DELETE', `${messages}/{messageId}`, 'Delete a message', noMessages],
    ['createUpload', 'POST', '/conversations/{conversationId}/presigned-upload', 'Upload for a message', noMessages],
    ['getChannel', 'GET', '/channels/{channelId}/conversational', 'Read a channel’s setting', noSettings],
    ['updateChannel', 'PATCH', '/channels/{channelId}/conversational', 'Change a channel’s setting', noSettings],
    ['getAntispam', 'GET', '/conversations-antispam-settings', 'Read the setting against spam', noSettings],
    ['updateAntispam', 'PATCH', '/conversations-antispam-settings', 'Change the setting against spam', noSettings],
    ['listRules', 'GET', rules, 'List who may write', noSettings],
    ['createRule', 'POST', rules, 'Say who may write', noSettings],
    ['getRule', 'GET', `${rules}/{allowBlockRuleId}`, 'Read who may write', noSettings],
    ['updateRule', 'PATCH', `${rules}/{allowBlockRuleId}`, 'Change who may write', noSettings],
    ['deleteRule', 'DELETE', `${rules}/{allowBlockRuleId}`, 'Delete a rule of who may write', noSettings],
  ] as const
).map(([id, method, path, summary, reason]) =>
  notImplemented(
    {
      id,
      method,
      path: `/workspaces/{workspaceId}${path}`,
      tag: 'Not served',
      summary,
      scope: method === 'GET' ? 'conversations:read' : 'conversations:write',
    },
    reason,
  ),
);
