import { z } from 'zod'
import { caseWaiting, DESK_LIMITS, SLA_CLOCKS } from '../../../schemas/desk-events.ts'

/** The desk of a kind's cases. */
export interface Desk {
  /** Name of its kind. */
  readonly kind: string
  /** The team that is asked first, whose name is the id of its desk. */
  readonly team: string
  /** The skill that a case of an intent needs; one without needs none. */
  readonly skills: Readonly<Record<string, string>>
}

/** What a case knows of the desk that it asks for a person. */
export const atDeskSchema = z.object({
  /** The team that has the case now. */
  team: z.string().max(64),
  /** Who has it; `null`: nobody yet. */
  agent: z.string().max(DESK_LIMITS.agentCharsMax).nullable(),
  reason: z.string().max(64),
  since: z.string(),
  /** The newest message at the hand-over, to which a word about office hours replies; `null`: none. */
  asked: z.string().nullable(),
  /** The customer was told when the office opens. */
  told: z.boolean(),
  /** Whether a person has replied, and since when the customer waits for the next reply; `null`: he waits for none. */
  replied: z.boolean().default(false),
  askedAt: z.string().nullable().default(null),
  /** Promises of which the desk said that they were missed. */
  missed: z.array(z.enum(SLA_CLOCKS)).max(SLA_CLOCKS.length).default([]),
  /** While the case asks a team to which it was transferred: by whom. */
  from: caseWaiting.shape.from,
  /** While it asks again where it came from: what is no team. */
  unknownTeam: caseWaiting.shape.unknownTeam,
})
export type AtDesk = z.infer<typeof atDeskSchema>

/** UTF-16 units of a turn. */
const TURN_CHARS_MAX = 300

/** What was agreed, as turns of the person that said it: a turn holds less. */
export function agreedTurns(agreed: string | undefined): { role: 'agent'; text: string }[] {
  const parts = Math.ceil((agreed?.length ?? 0) / TURN_CHARS_MAX)
  return Array.from({ length: parts }, (_, index) => ({
    role: 'agent',
    text: (agreed ?? '').slice(index * TURN_CHARS_MAX, (index + 1) * TURN_CHARS_MAX).toWellFormed(),
  }))
}
