import { z } from 'zod'
import { DESK_LIMITS, PRIORITIES } from './desk-events.ts'
import { TOKEN } from './subjects.ts'

/** Hexadecimal digits of the SHA-256 of `<kind>/<id>` by which a query leaves a case out. */
export const CASE_MARK_CHARS = 8

/** Asks a process with tables which cases wait for a place at a desk, on `WAITING_CASES_SUBJECT`. */
export const waitingCasesQuery = z.object({
  tenant: z.string().regex(TOKEN),
  /** The desk: its kind, and its id, which is the team. */
  kind: z.string().regex(TOKEN),
  team: z.string().regex(TOKEN),
  /** Those that have asked since then: a case without a place asks again each minute. */
  since: z.iso.datetime(),
  /** Marks of cases that are not meant. Another case with the same mark is left out, too, and asks for itself. */
  without: z.array(z.string().length(CASE_MARK_CHARS)).max(DESK_LIMITS.casesMax + DESK_LIMITS.outsideMax),
})
export type WaitingCasesQuery = z.infer<typeof waitingCasesQuery>

/** Cases that wait for a place, in the order of their turn: the higher priority, then the longer wait. Times: milliseconds since 1970. */
export const waitingCases = z
  .array(
    z.object({
      kind: z.string().regex(TOKEN),
      id: z.string().regex(TOKEN),
      priority: z.enum(PRIORITIES),
      /** When it was escalated. */
      since: z.int(),
      /** When it last asked. */
      heardAt: z.int(),
    }),
  )
  .max(DESK_LIMITS.outsideMax)
export type WaitingCases = z.infer<typeof waitingCases>
