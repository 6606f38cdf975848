import type { Followed } from './actors.ts'
import type { Find } from './findings.ts'
import type { ActorRow, EventRow, History, LoggedRecord, StayRow, TaskRow } from './history.ts'
import type { Task } from './runs.ts'

/** The rows that the log makes, by the contract of the tables. */
export interface Tables {
  take(entry: LoggedRecord): void
  /** After the last record. */
  finish(tables: Omit<History['tables'], 'deadLetters'>, actors: ReadonlyMap<string, Followed>, tasks: ReadonlyMap<string, Task>): Promise<void>
}

export function followTables(find: Find): Tables {
  const events = new Map<string, string>()
  const stays = new Map<string, string>()
  return {
    take({ seq, actor, record }) {
      const shared = { seq, actor, n: record.n, outcome: record.outcome, state_to: record.to }
      events.set(eventKey({ seq, idx: 0 }), eventText({ ...shared, idx: 0, type: record.input.type, id: record.input.id }))
      for (const [index, { type, id }] of record.emitted.entries()) {
        events.set(eventKey({ seq, idx: index + 1 }), eventText({ ...shared, idx: index + 1, type, id }))
      }
      for (const { state } of record.left ?? []) stays.set(stayKey({ left_seq: seq, state }), actor)
    },
    async finish(tables, actors, tasks) {
      await compare('events', tables.events, events, eventKey, eventText, find)
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
