import type { ActorRow, EventRow, History, LoggedRecord, Many, StateIntervalRow, TaskRow } from './chaos-history.ts'
import type { ReportFinding } from './findings.ts'
import type { Followed } from './follow-actors.ts'
import type { Task } from './follow-runs.ts'

/** Checks that the tables have exactly the rows that follow from LOG. */
export interface Tables {
  take(entry: LoggedRecord): Promise<void>
  /** Must be called after the last record. */
  finish(actors: ReadonlyMap<string, Followed>, tasks: ReadonlyMap<string, Task>): Promise<void>
}

export function followTables(tables: Omit<History['tables'], 'deadLetters'>, report: ReportFinding): Tables {
  const events = followEventRows(tables.events, report)
  const stateIntervals = new Map<string, string>()
  /** Actors whose label says that they are no conversations: their intervals and tasks have no rows. */
  const others = new Set<string>()
  return {
    async take({ seq, actor, record }) {
      if (record.label['conversation'] === false) others.add(actor)
      const shared = { seq, actor, n: record.n, outcome: record.outcome, state_to: record.to }
      for (const [idx, { type, id }] of [record.input, ...record.emitted].entries()) await events.take({ ...shared, idx, type, id })
      if (others.has(actor)) return
      for (const { state } of record.left ?? []) stateIntervals.set(stateIntervalKey({ left_seq: seq, state }), actor)
    },
    async finish(actors, tasks) {
      await events.finish()
      await compare('state_intervals', tables.stateIntervals, stateIntervals, stateIntervalKey, ({ actor }) => actor, report)
      // An actor whose inputs were all rejected does not exist.
      const existing = [...actors].filter(([, { status }]) => status !== 'none')
      const actorTexts = existing.map(
        ([actor, { n, seq, state, status }]) => [actor, actorText({ actor, n, last_seq: seq, state, status })] as const,
      )
      await compare('actors', tables.actors, new Map(actorTexts), ({ actor }) => actor, actorText, report)
      const ofConversations = [...tasks].filter(([, { actor }]) => !others.has(actor))
      const taskTexts = ofConversations.map(([run, { actor, name, status }]) => [run, taskText({ actor, run, name, status })] as const)
      await compare('tasks', tables.tasks, new Map(taskTexts), ({ run }) => run, taskText, report)
    },
  }
}

/** Compares the rows of `events` with the records. Both arrive in the order of LOG, so neither is in memory as a whole. */
function followEventRows(rows: Many<EventRow>, report: ReportFinding): { take(should: EventRow): Promise<void>; finish(): Promise<void> } {
  const reading = each(rows)
  let next: EventRow | undefined
  let last = ''
  const read = async (): Promise<EventRow | undefined> => {
    const { value } = await reading.next()
    return value ?? undefined
  }
  const reportExtra = (row: EventRow): void => {
    if (eventKey(row) === last) report('row_doubled', `events has ${last} twice`)
    else report('row_wrong', `events has ${eventKey(row)} (${eventText(row)}) without a record`)
  }
  return {
    async take(should) {
      for (; ; next = undefined) {
        next ??= await read()
        if (next === undefined || isBefore(should, next)) {
          return report('row_missing', `events lacks ${eventKey(should)} (${eventText(should)})`)
        }
        if (isBefore(next, should)) {
          reportExtra(next)
          continue
        }
        if (eventText(next) !== eventText(should)) {
          report('row_wrong', `events has ${eventKey(next)} as "${eventText(next)}"; expected "${eventText(should)}"`)
        }
        last = eventKey(next)
        next = undefined
        return
      }
    },
    async finish() {
      for (next ??= await read(); next !== undefined; next = await read()) reportExtra(next)
    },
  }
}

async function* each<T>(many: Many<T>): AsyncGenerator<T, undefined> {
  yield* many
}

const isBefore = (one: EventRow, other: EventRow): boolean => one.seq < other.seq || (one.seq === other.seq && one.idx < other.idx)
const eventKey = ({ seq, idx }: Pick<EventRow, 'seq' | 'idx'>): string => `${seq}/${idx}`
const eventText = ({ actor, n, outcome, type, id, state_to }: EventRow): string => `${actor} ${n} ${outcome} ${type} ${id} ${state_to}`
const stateIntervalKey = ({ left_seq, state }: Pick<StateIntervalRow, 'left_seq' | 'state'>): string => `${left_seq}/${state}`
const actorText = ({ actor, n, last_seq, state, status }: ActorRow): string => `${actor} ${n} ${last_seq} ${state} ${status}`
const taskText = ({ actor, run, name, status }: TaskRow): string => `${actor} ${run} ${name} ${status}`

/** Checks that each expected key has exactly one row with the expected text. */
async function compare<Row>(
  table: string,
  rows: Many<Row>,
  wanted: ReadonlyMap<string, string>,
  keyOf: (row: Row) => string,
  textOf: (row: Row) => string,
  report: ReportFinding,
): Promise<void> {
  const seen = new Set<string>()
  for await (const row of rows) {
    const key = keyOf(row)
    const should = wanted.get(key)
    if (seen.has(key)) report('row_doubled', `${table} has ${key} twice`)
    else if (should === undefined) report('row_wrong', `${table} has ${key} (${textOf(row)}) without a record`)
    else if (textOf(row) !== should) report('row_wrong', `${table} has ${key} as "${textOf(row)}"; expected "${should}"`)
    seen.add(key)
  }
  for (const [key, text] of wanted) if (!seen.has(key)) report('row_missing', `${table} lacks ${key} (${text})`)
}
