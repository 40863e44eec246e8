import type { ConversationOrder } from '../../conversations/lists.ts';
import { Problem } from '../../errors/catalogue.ts';
import { builder } from '../builder.ts';

/** What a list of conversations is to be ordered by. */
export const ConversationOrderType = builder.inputType('ConversationOrder', {
  description: 'What conversations are ordered by.',
  fields: (t) => ({
    field: t.field({
      type: builder.enumType('ConversationOrderField', {
        description: 'What conversations can be ordered by; those of the same time by id.',
        values: {
          CREATED_AT: { description: 'When they were created.' },
          CLOSED_AT: { description: 'When they were closed. One that is open counts as closed last.' },
        } as const,
      }),
      required: true,
      description: 'What to order by.',
    }),
    direction: t.field({
      type: builder.enumType('OrderDirection', {
        description: 'The direction of an order.',
        values: {
          ASC: { description: 'The earliest first.' },
          DESC: { description: 'The latest first.' },
        } as const,
      }),
      defaultValue: 'DESC',
      description: 'The direction: the latest first unless given.',
    }),
  }),
});

type Given =
  | { field: ConversationOrder['field']; direction?: ConversationOrder['direction'] | null | undefined }
  | null
  | undefined;

/** Returns the order of the filter, or of its deprecated place beside it. Throws VALIDATION_FAILED for both. */
export function orderOf(inFilter: Given, beside: Given): ConversationOrder | null {
  if (inFilter && beside) {
    const message = 'must not be given in the filter and beside it';
    throw new Problem('VALIDATION_FAILED', `orderBy ${message}`, { errors: [{ path: ['orderBy'], message }] });
  }
  const order = inFilter ?? beside;
  return order ? { field: order.field, direction: order.direction ?? 'DESC' } : null;
}
