import { createActor, initialTransition, transition, type AnyMachineSnapshot, type Snapshot } from 'xstate'
import { z } from 'zod'
import { createSupport } from '../../../actors/kinds/support/kind.ts'
import { loadArticles } from '../../../actors/kinds/support/knowledge.ts'

/** The stored state of a conversation. */
export interface Conversation {
  /** Turns so far. */
  readonly n: number
  readonly snapshot: unknown
}

export interface Turn {
  readonly conversation: Conversation
  /** The events that the machine emitted: the reply. */
  readonly emitted: readonly unknown[]
}

const inputSchema = z.object({ type: z.literal('message.received'), id: z.string().min(1), source: z.string(), data: z.unknown() })
const emitSchema = z.object({ event: z.looseObject({ type: z.string() }) })

/**
 * A peer's work for one input, with the machine that Colloquy's host runs: validate, decide with XState's `transition()`, return the new
 * state and the reply. No timer, no record of the change, no rows.
 */
export function createJob(): (address: string, before: Conversation | undefined, payload: unknown) => Turn {
  const { machine, events } = createSupport({ articles: loadArticles() })
  const dataSchema = z.record(z.string(), z.unknown()).pipe(events['message.received'])
  return (address, before, payload) => {
    const { type, id, source, data } = inputSchema.parse(payload)
    const at = new Date().toISOString()
    const event = { type, id, time: at, arrivedAt: at, at, source, data: dataSchema.parse(data) }
    const [next, actions] = transition(machine, snapshotOf(address, before), event as never)
    // XState's types do not list the emit action.
    const emitted = actions.flatMap(({ type, params }: { type: string; params: unknown }) =>
      type === 'xstate.emit' ? [emitSchema.parse(params).event] : [],
    )
    return { conversation: { n: (before?.n ?? 0) + 1, snapshot: machine.getPersistedSnapshot(next) }, emitted }
  }

  function snapshotOf(address: string, before: Conversation | undefined): AnyMachineSnapshot {
    if (before === undefined) return initialTransition(machine, { tenant: 'bench', kind: 'support', id: address } as never)[0]
    return createActor(machine, { snapshot: before.snapshot as Snapshot<unknown> }).getSnapshot()
  }
}
