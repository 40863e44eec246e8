import { participantNotFound } from '../../directory/participants/lock.ts';
import { participantById } from '../../directory/participants/queries.ts';
import type { GraphContext } from '../context.ts';
import { still } from '../mutation.ts';
import { ParticipantType } from './participants.ts';

/** Loads the participant of a payload or an event. Throws PARTICIPANT_NOT_FOUND if it was deleted since. */
export const participantField = (id: string, context: GraphContext) =>
  still(context.load(participantById, id), () => participantNotFound(id));

/** The field of a payload that shows the participant, where the rule has returned its id. */
export const participantNow = (description = 'The participant as it is now.') => ({
  type: ParticipantType,
  description,
  resolve: (id: string, _: object, context: GraphContext) => participantField(id, context),
});
