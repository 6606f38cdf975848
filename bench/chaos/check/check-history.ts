import { followActors } from './follow-actors.ts'
import { followDeadLetters } from './follow-dead-letters.ts'
import { followEvents } from './follow-events.ts'
import { createFindings, type Findings } from './findings.ts'
import type { History } from './chaos-history.ts'
import { readInputs } from './read-inputs.ts'
import { followRuns } from './follow-runs.ts'
import { followTables } from './follow-tables.ts'

/** What a history was found to be. */
export interface Verdict extends Findings {
  readonly sent: number
  readonly acknowledged: number
  readonly records: number
  readonly rejected: number
  readonly actors: number
  readonly tasks: Readonly<Record<string, number>>
  /** Copies of one and the same message in OUT and DEAD: allowed, since both are told at least once. */
  readonly repeated: { readonly out: number; readonly dead: number }
}

export const isClean = ({ counts }: Findings): boolean => Object.keys(counts).length === 0

/**
 * Holds what producers wrote down, the log, and all that is made of the log against each other and against a model of the chaos kind:
 * G1 to G7. Shares no code with what it checks; only schemas. The log is read once, record by record.
 */
export async function check(history: History): Promise<Verdict> {
  const { find, all } = createFindings()
  const inputs = await readInputs(history.ledger, find)
  const actors = followActors(find)
  const events = followEvents(find)
  const runs = followRuns(find)
  const dead = followDeadLetters(inputs, find)
  const tables = followTables(history.tables, find)
  let records = 0
  let rejected = 0
  let lastSeq = 0
  for await (const entry of history.log) {
    if (entry.seq <= lastSeq) find('out_of_order', `LOG ${entry.seq} was read after ${lastSeq}`)
    lastSeq = entry.seq
    records += 1
    if (entry.record.outcome === 'rejected') rejected += 1
    const { source } = entry.record.input
    const isProducers = source !== 'colloquy' && !source.startsWith('colloquy/')
    actors.take(entry, isProducers ? inputs.take(entry) : undefined)
    events.take(entry)
    runs.take(entry)
    dead.take(entry)
    await tables.take(entry)
  }
  inputs.finish()
  runs.finish(history)
  const { repeated: out } = await events.finish(history.out)
  const { repeated: letters } = await dead.finish(history.dead, history.tables.deadLetters)
  await tables.finish(actors.all, runs.tasks)
  const tasks: Record<string, number> = {}
  for (const { status } of runs.tasks.values()) tasks[status] = (tasks[status] ?? 0) + 1
  return {
    ...all(), sent: inputs.sent, acknowledged: inputs.acknowledged, records, rejected, actors: actors.all.size, tasks,
    repeated: { out, dead: letters },
  }
}
