import { z } from 'zod'
import {
  agentOffline,
  agentOnline,
  cannedRemoved,
  cannedSet,
  caseAccepted,
  caseAsked,
  caseDeclined,
  caseEnded,
  caseOffered,
  caseOverdue,
  caseRefused,
  caseReplied,
  caseReturned,
  caseTransferred,
  caseWaiting,
  DESK_KIND,
  deskAssigned,
  deskReleased,
  offerEnded,
  teamSet,
} from '../../../schemas/desk-events.ts'
import { defineKind } from '../../definition/define-kind.ts'
import type { Migration } from '../../definition/earlier-versions.ts'
import { HELD, storedDesk, unpacked } from './desk-state.ts'
import { findTask } from './places.ts'
import { joinProblem } from './team.ts'

export const DESK_EMITS = {
  'case.offered': caseOffered.describe('An agent is asked to take a case'),
  'offer.ended': offerEnded.describe('An agent did not take what was offered to him'),
  'case.assigned': deskAssigned.describe('An agent has a case'),
  'case.released': deskReleased.describe('An agent has a case no longer'),
  'case.refused': caseRefused.describe('An agent cannot do with a case what he wanted'),
  'case.overdue': caseOverdue.describe('A promise of time was missed'),
}
/** An event that a desk emits. */
export type DeskEmit = {
  [Type in keyof typeof DESK_EMITS]: { type: Type; data: z.input<(typeof DESK_EMITS)[Type]> }
}[keyof typeof DESK_EMITS]

const contextSchema = storedDesk.extend({
  /** Name of the team: the id of the actor. */
  id: z.string(),
  /** When time alone next changes something, and when the timer fires; milliseconds since 1970. */
  dueAt: z.number().nullable(),
  armedFor: z.number().nullable(),
})

/** Version 1 knew of no more than eight cases without a place. */
const withRoom: Migration<z.output<typeof contextSchema>> = ({ value, context }) => ({
  value: { time: value, room: 'known' },
  context: contextSchema.parse(context),
  renamed: { quiet: 'time.quiet', waiting: 'time.waiting' },
  unknown: ['turnedAway'],
})

/** The kind without its machine. */
export const defineDesk = (name: string = DESK_KIND) =>
  defineKind({
    name,
    version: 2,
    migrate: { 1: withRoom },
    context: contextSchema,
    events: {
      'team.set': teamSet.describe('Hours, promises and patience of the team; replaces what was set before'),
      'agent.online': agentOnline.describe('An agent is there; repeated each minute or so'),
      'agent.offline': agentOffline.describe('An agent goes'),
      'case.waiting': caseWaiting.describe('From a case: it asks for a person'),
      'case.asked': caseAsked.describe('From a case: the customer has written'),
      'case.replied': caseReplied.describe('From a case: a person has written to the customer'),
      'case.ended': caseEnded.describe('From a case: it is closed'),
      'case.accepted': caseAccepted.describe('An agent takes a case, offered or waiting'),
      'case.declined': caseDeclined.describe('An agent does not take what was offered'),
      'case.returned': caseReturned.describe('An agent gives a case back to the machine'),
      'case.transferred': caseTransferred.describe('An agent hands a case on to another agent or team'),
      'canned.set': cannedSet.describe('A text that agents send often; replaces what had its name. The inbox reads it from the tables'),
      'canned.removed': cannedRemoved.describe('Agents send it no longer'),
    },
    // A case may be of any kind.
    sentBy: { 'case.waiting': '*', 'case.asked': '*', 'case.replied': '*', 'case.ended': '*' },
    emits: DESK_EMITS,
    tasks: { find: findTask },
    label: ({ cases, agents }) => ({
      cases: cases.length,
      assigned: cases.filter((one) => HELD[one[6]] === 'assigned').length,
      online: agents.filter((one) => one[4] === 1).length,
    }),
    refuse: (context, input) => (input.type === 'agent.online' ? joinProblem(unpacked(context), input.data) : undefined),
  })
