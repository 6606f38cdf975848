import { z } from 'zod'
import { TRIGGER_LIMITS, triggerSet, triggerWatch } from '../../../schemas/trigger-events.ts'
import { alertSchema } from './alert.ts'
import { outgoingSchema } from './outbox.ts'

/** The context of a trigger. */
export const contextSchema = z.object({
  id: z.string(),
  /** `null` before the first `trigger.set` and after `trigger.removed`. */
  settings: triggerSet.nullable(),
  /** Number of changes of the settings: what the series tells about earlier ones is ignored. */
  revision: z.int().nonnegative(),
  watch: triggerWatch.nullable(),
  /** When the condition was met, and the reading at that time. */
  met: z.object({ at: z.string(), value: z.number().nullable() }).nullable(),
  alert: alertSchema.nullable(),
  alerts: z.int().nonnegative().meta({ description: 'Alerts so far' }),
  outbox: z.array(outgoingSchema).max(TRIGGER_LIMITS.waitingMax),
})
export type TriggerContext = z.infer<typeof contextSchema>
