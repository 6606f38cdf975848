import type { Followed } from './follow-actors.ts'
import type { Find } from './findings.ts'
import type { ActorRow, EventRow, History, LoggedRecord, Many, StayRow, TaskRow } from './chaos-history.ts'
import type { Task } from './follow-runs.ts'

/** The rows that the log makes, by the contract of the tables. */
export interface Tables {
  take(entry: LoggedRecord): Promise<void>
  /** After the last record. */
  finish(actors: ReadonlyMap<string, Followed>, tasks: ReadonlyMap<string, Task>): Promise<void>
}

export function followTables(tables: Omit<History['tables'], 'deadLetters'>, find: Find): Tables {
  const events = followEventRows(tables.events, find)
  const stays = new Map<string, string>()
  return {
    async take({ seq, actor, record }) {
      const shared = { seq, actor, n: record.n, outcome: record.outcome, state_to: record.to }
      for (const [idx, { type, id }] of [record.input, ...record.emitted].entries()) await events.take({ ...shared, idx, type, id })
      for (const { state } of record.left ?? []) stays.set(stayKey({ left_seq: seq, state }), actor)
    },
    async finish(actors, tasks) {
      await events.finish()
      await compare('state_intervals', tables.stays, stays, stayKey, ({ actor }) => actor, find)
      // Where everything was rejected no actor has come to be.
      const born = [...actors].filter(([, { status }]) => status !== 'none')
      await compare('actors', tables.actors, new Map(born.map(([actor, { n, seq, state, status }]) => [actor, actorText({ actor, n, last_seq: seq, state, status })])),
        ({ actor }) => actor, actorText, find)
      await compare('tasks', tables.tasks, new Map([...tasks].map(([run, { actor, name, status }]) => [run, taskText({ actor, run, name, status })])),
        ({ run }) => run, taskText, find)
    },
  }
}

/** Rows and records of the largest table side by side, both in the order of the log, so that neither is ever in memory as a whole. */
function followEventRows(rows: Many<EventRow>, find: Find): { take(should: EventRow): Promise<void>; finish(): Promise<void> } {
  const reading = each(rows)
  let next: EventRow | undefined
  let last = ''
  const read = async (): Promise<EventRow | undefined> => {
    const { value } = await reading.next()
    return value ?? undefined
  }
  const stray = (row: EventRow): void => {
    if (eventKey(row) === last) find('row_doubled', `events has ${last} twice`)
    else find('row_wrong', `events has ${eventKey(row)} (${eventText(row)}), which no record makes`)
  }
  return {
    async take(should) {
      for (;; next = undefined) {
        next ??= await read()
        if (next === undefined || isBefore(should, next)) return find('row_missing', `events lacks ${eventKey(should)} (${eventText(should)})`)
        if (isBefore(next, should)) {
          stray(next)
          continue
        }
        if (eventText(next) !== eventText(should)) find('row_wrong', `events has ${eventKey(next)} as "${eventText(next)}"; the log says "${eventText(should)}"`)
        last = eventKey(next)
        next = undefined
        return
      }
    },
    async finish() {
      for (next ??= await read(); next !== undefined; next = await read()) stray(next)
    },
  }
}

async function* each<T>(many: Many<T>): AsyncGenerator<T, undefined> {
  yield* many
}

const isBefore = (one: EventRow, other: EventRow): boolean => one.seq < other.seq || (one.seq === other.seq && one.idx < other.idx)
const eventKey = ({ seq, idx }: Pick<EventRow, 'seq' | 'idx'>): string => `${seq}/${idx}`
const eventText = ({ actor, n, outcome, type, id, state_to }: EventRow): string => `${actor} ${n} ${outcome} ${type} ${id} ${state_to}`
const stayKey = ({ left_seq, state }: Pick<StayRow, 'left_seq' | 'state'>): string => `${left_seq}/${state}`
const actorText = ({ actor, n, last_seq, state, status }: ActorRow): string => `${actor} ${n} ${last_seq} ${state} ${status}`
const taskText = ({ actor, run, name, status }: TaskRow): string => `${actor} ${run} ${name} ${status}`

/** Each key that is wanted has one row, which says what it should. */
async function compare<Row>(
  table: string, rows: Iterable<Row> | AsyncIterable<Row>, wanted: ReadonlyMap<string, string>,
  keyOf: (row: Row) => string, textOf: (row: Row) => string, find: Find,
): Promise<void> {
  const seen = new Set<string>()
  for await (const row of rows) {
    const key = keyOf(row)
    const should = wanted.get(key)
    if (seen.has(key)) find('row_doubled', `${table} has ${key} twice`)
    else if (should === undefined) find('row_wrong', `${table} has ${key} (${textOf(row)}), which no record makes`)
    else if (textOf(row) !== should) find('row_wrong', `${table} has ${key} as "${textOf(row)}"; the log says "${should}"`)
    seen.add(key)
  }
  for (const [key, text] of wanted) if (!seen.has(key)) find('row_missing', `${table} lacks ${key} (${text})`)
}
