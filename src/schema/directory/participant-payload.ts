import { participantNotFound } from '../../directory/participants/lock.ts';
import { participantById } from '../../directory/participants/queries.ts';
import type { GraphContext } from '../context.ts';
import { still } from '../mutation.ts';

/** Loads the participant of a payload or an event. Throws PARTICIPANT_NOT_FOUND if it was deleted since. */
export const participantField = (id: string, context: GraphContext) =>
  still(context.load(participantById, id), () => participantNotFound(id));
