import { followApplications } from './applications/follow-applications.ts'
import type { History } from './chaos-history.ts'
import { createFindings, type Findings } from './findings.ts'
import { followActors } from './follow-actors.ts'
import { followDeadLetters } from './follow-dead-letters.ts'
import { followEvents } from './follow-events.ts'
import { followIndex } from './follow-index.ts'
import { followRuns } from './follow-runs.ts'
import { followTables } from './follow-tables.ts'
import { readInputs } from './read-inputs.ts'

/** The findings in a history, and its size. */
export interface Verdict extends Findings {
  readonly sent: number
  readonly acknowledged: number
  readonly records: number
  /** Messages in LOG that are no records. */
  readonly unreadable: number
  readonly rejected: number
  readonly actors: number
  readonly tasks: Readonly<Record<string, number>>
  /** Duplicates of a message in OUT and DEAD. Both streams are at least once, so duplicates are allowed. */
  readonly repeated: { readonly out: number; readonly dead: number }
}

export const isClean = ({ counts }: Findings): boolean => Object.keys(counts).length === 0

/**
 * Checks G1 to G7, G9 and G10: compares the producers' ledger, LOG, the other streams and the tables with each other and with a model of
 * the chaos kind, and what the actors of applications say with what they were told. The checker
 * and the checked code have only the schemas in common. The checker reads LOG once, record by record.
 */
export async function check(history: History): Promise<Verdict> {
  const { report, all } = createFindings()
  const inputs = await readInputs(history.ledger, report)
  const actors = followActors(report)
  const events = followEvents(report)
  const runs = followRuns(report)
  const dead = followDeadLetters(inputs, report)
  const tables = followTables(history.tables, report)
  const index = followIndex(report)
  const applications = followApplications(report)
  let records = 0
  let rejected = 0
  let lastSeq = 0
  let unreadable = 0
  for await (const entry of history.log) {
    if (entry.seq <= lastSeq) report('out_of_order', `LOG ${entry.seq} was read after ${lastSeq}`)
    lastSeq = entry.seq
    if ('isInjected' in entry) {
      if (entry.isInjected) dead.takeUnreadable(entry)
      else report('foreign', `LOG ${entry.seq} is no record`)
      unreadable += 1
      continue
    }
    records += 1
    if (entry.record.outcome === 'rejected') rejected += 1
    const { source } = entry.record.input
    const isFromProducer = source !== 'colloquy' && !source.startsWith('colloquy/')
    actors.take(entry, isFromProducer ? inputs.take(entry) : undefined)
    events.take(entry)
    runs.take(entry)
    dead.take(entry)
    index.take(entry)
    applications.take(entry)
    await tables.take(entry)
  }
  inputs.finish()
  runs.finish(history)
  applications.finish(history.readAtMs)
  const { repeated: out } = await events.finish(history.out)
  const { repeated: deadLetters } = await dead.finish(history.dead, history.tables.deadLetters)
  await tables.finish(actors.all, runs.tasks)
  await index.finish(history.indexed)
  const tasks: Record<string, number> = {}
  for (const { status } of runs.tasks.values()) tasks[status] = (tasks[status] ?? 0) + 1
  return {
    ...all(),
    sent: inputs.sent,
    acknowledged: inputs.acknowledged,
    records,
    unreadable,
    rejected,
    actors: actors.all.size,
    tasks,
    repeated: { out, dead: deadLetters },
  }
}
