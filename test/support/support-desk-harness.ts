import { type Context, contextSchema } from '../../actors/kinds/support/context.ts'
import type { Sent } from '../../schemas/record.ts'
import { supportHarnessWith } from './support-harness.ts'

/** One case that asks the desk of the team `support`, under the pure core. */
export function createDeskHarness() {
  const harness = supportHarnessWith({ desk: {} })
  return Object.assign(harness, {
    /** An event from a desk. */
    desk: (type: string, data: object, team = 'support') => harness.event(type, data, { source: `colloquy/acme/desk/${team}` }, 'actor'),
    /** What the last record sends. */
    sent: (): readonly Sent[] => harness.last.sent ?? [],
    context: (): Context => contextSchema.parse(harness.actor.state?.context),
    hasTask: (): boolean => Object.keys(harness.actor.state?.tasks ?? {}).length > 0,
  })
}
