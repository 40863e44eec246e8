import { unreachableReasons } from '../../directory/participants/health.ts';
import { builder } from '../builder.ts';

const descriptions = {
  DISABLED: 'The participant is disabled.',
  NO_CHANNEL: 'The participant has no channel.',
  CHANNEL_DISABLED: 'The channel is disabled.',
  INVALID_FORMAT: 'The address does not fit the provider.',
  NOT_CONNECTED: 'The integration config is not connected to the provider.',
  KEY_REVOKED: 'The channel had webhook keys, and all of them have been revoked.',
};

/** Why somebody cannot be reached; lists are narrowed by it too. */
export const ReasonType = builder.enumType('UnreachableReason', {
  description: `Why somebody cannot be reached. From the most general to the least: ${unreachableReasons.join(', ')}.`,
  values: Object.fromEntries(
    unreachableReasons.map((reason) => [reason, { description: descriptions[reason] }]),
  ) as Record<(typeof unreachableReasons)[number], { description: string }>,
});
