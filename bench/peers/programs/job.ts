import { createActor, initialTransition, transition, type AnyMachineSnapshot, type Snapshot } from 'xstate'
import { z } from 'zod'
import { createSupport } from '../../../actors/kinds/support/kind.ts'
import { loadArticles } from '../../../actors/kinds/support/knowledge.ts'

/** A conversation between two turns, as it is stored. */
export interface Conversation {
  /** Turns so far. */
  readonly n: number
  readonly snapshot: unknown
}

export interface Turn {
  readonly conversation: Conversation
  /** What the machine emitted: the reply. */
  readonly emitted: readonly unknown[]
}

const inputSchema = z.object({ type: z.literal('message.received'), id: z.string().min(1), source: z.string(), data: z.unknown() })
const emitSchema = z.object({ event: z.looseObject({ type: z.string() }) })

/**
 * What a peer does for one input: what Colloquy's host does with the same machine, by XState's own means. Checked, decided, the state
 * after it and the reply; no timer is kept, no record of the change, nothing for tables.
 */
export function createJob(): (address: string, before: Conversation | undefined, payload: unknown) => Turn {
  const { machine, events } = createSupport({ articles: loadArticles() })
  const said = z.record(z.string(), z.unknown()).pipe(events['message.received'])
  return (address, before, payload) => {
    const { type, id, source, data } = inputSchema.parse(payload)
    const at = new Date().toISOString()
    const [next, actions] = transition(machine, snapshotOf(address, before), { type, id, time: at, at, source, data: said.parse(data) } as never)
    // Its types know of fewer actions than it returns.
    const emitted = actions.flatMap(({ type, params }: { type: string; params: unknown }) => (type === 'xstate.emit' ? [emitSchema.parse(params).event] : []))
    return { conversation: { n: (before?.n ?? 0) + 1, snapshot: machine.getPersistedSnapshot(next) }, emitted }
  }

  function snapshotOf(address: string, before: Conversation | undefined): AnyMachineSnapshot {
    if (before === undefined) return initialTransition(machine, { tenant: 'bench', kind: 'support', id: address } as never)[0]
    return createActor(machine, { snapshot: before.snapshot as Snapshot<unknown> }).getSnapshot()
  }
}
