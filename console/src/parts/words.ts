import type {
  ConversationParticipantStatus,
  ParticipantKind,
  UnknownSenderStatus,
  UnreachableReason,
} from '../graph/generated/graphql.ts';

/** The graph's names in an operator's words. */

export const reasonWords: Readonly<Record<UnreachableReason, string>> = {
  DISABLED: 'Disabled',
  NO_CHANNEL: 'No channel',
  CHANNEL_DISABLED: 'Channel disabled',
  INVALID_FORMAT: 'Invalid address',
  NOT_CONNECTED: 'Not connected',
  KEY_REVOKED: 'Key revoked',
};

/** What the reason means, and what helps. */
export const reasonHelp: Readonly<Record<UnreachableReason, string>> = {
  DISABLED: 'Somebody has disabled this participant. Enable them to reach them again.',
  NO_CHANNEL: 'No channel is known. Add one by which they can be reached.',
  CHANNEL_DISABLED: 'The channel is switched off. Switch it on, or add another.',
  INVALID_FORMAT: 'The address does not fit its provider. Correct it.',
  NOT_CONNECTED: 'The provider’s workspace is not connected. Connect it under Integrations.',
  KEY_REVOKED: 'The webhook’s key was revoked. Make a new webhook URL under Integrations.',
};

export const kindWords: Readonly<Record<ParticipantKind, string>> = {
  PERSON: 'Person',
  GROUP: 'Group',
  AI_AGENT: 'AI agent',
};

export const statusWords: Readonly<Record<ConversationParticipantStatus, string>> = {
  ACTIVE: 'Active',
  INVITED: 'Invited',
  PENDING: 'Awaits approval',
};

export const senderWords: Readonly<Record<UnknownSenderStatus, string>> = {
  PENDING: 'Waits',
  APPROVED: 'Approved',
  REJECTED: 'Rejected',
  BLOCKED: 'Blocked',
};

const providers: Readonly<Record<string, string>> = {
  sms: 'SMS',
  whatsapp: 'WhatsApp',
  email: 'E-mail',
  teams: 'Teams',
};

export const providerWord = (provider: string): string =>
  providers[provider] ?? provider.charAt(0).toUpperCase() + provider.slice(1);

/** Made when it is first needed: a format takes a browser long. */
let relative: Intl.RelativeTimeFormat | undefined;
const steps = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['week', 604_800],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const;

/** Returns the browser’s own words, like “Thu Nov 26 2026 06:36”. A format for them would take longer than all rows. */
export const exactTime = (instant: string): string => new Date(instant).toString().slice(0, 21);

export function timeAgo(instant: string): string {
  const seconds = (new Date(instant).getTime() - Date.now()) / 1_000;
  const [unit, size] = steps.find(([, each]) => Math.abs(seconds) >= each) ?? ['second', 1];
  if (Math.abs(seconds) < 60) return 'seconds ago';
  relative ??= new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
  return relative.format(Math.round(seconds / size), unit);
}

export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
