import { z } from 'zod'
import { type Address, OWN_TENANT } from './subjects.ts'

/** The kind whose one actor in the cluster takes an input each minute: whether its event reaches OUT says whether the system works. */
export const CANARY_KIND = 'canary'
export const CANARY_ADDRESS: Address = { tenant: OWN_TENANT, kind: CANARY_KIND, id: 'cluster' }

const minute = z.iso.datetime().meta({ description: 'Start of the minute that it stands for' })

export const canarySent = z.object({
  minute,
  sentAt: z.iso.datetime().meta({ description: 'When it was sent' }),
  before: z
    .object({
      minute,
      reachedMs: z
        .number()
        .nonnegative()
        .nullable()
        .meta({ description: 'From its sending to its event in OUT; null: not within a minute' }),
    })
    .optional()
    .meta({ description: 'What happened to the canary before; absent if there was none, or if nobody knows' }),
})
export type CanarySent = z.output<typeof canarySent>

export const canaryReached = z.object({ minute, sentAt: z.iso.datetime() })
